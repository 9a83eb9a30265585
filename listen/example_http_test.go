package listen_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A statusWriter remembers the status of a response. Its method Unwrap lets Upgrade through to the connection.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// logging is middleware that logs what was asked for, and what came of it.
func logging(log chan<- string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sw := &statusWriter{w, http.StatusSwitchingProtocols}
			next.ServeHTTP(sw, r)
			log <- fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, sw.status)
		})
	}
}

// Middleware that wraps the response writer needs a method Unwrap, as that of chi and echo has. It sees the status of a
// refusal, but not the response that opens a connection.
func ExampleHandler_middleware() {
	log := make(chan string, 1)
	handler := listen.Handler(stream.Standard, func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		return conn.WriteText(r.Context(), "hello")
	})
	server := httptest.NewServer(logging(log)(handler))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()

	receiveAll(context.Background(), server.URL+"/chat")
	fmt.Println(<-log)

	response, err := http.Get(server.URL + "/chat")
	if err != nil {
		fmt.Println(err)
		return
	}
	response.Body.Close()
	fmt.Println(<-log)
	// Output:
	// hello
	// stream: closed by the peer: 1000 (normal closure)
	// GET /chat: 101
	// GET /chat: 426
}

// userKey is the key of the user's name in the context of a request.
type userKey struct{}

// authenticated is middleware that lets in clients whose cookie names a session.
func authenticated(sessions map[string]string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("session")
		if err != nil || sessions[cookie.Value] == "" {
			listen.Reject(w, r, http.StatusUnauthorized)
			return
		}
		ctx := context.WithValue(r.Context(), userKey{}, sessions[cookie.Value])
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Middleware finds out who it is, as for any other request. A page cannot set fields of the header, but its cookies come along.
func ExampleHandler_user() {
	handler := listen.Handler(stream.Standard, func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		return conn.WriteText(r.Context(), fmt.Sprint("hello ", r.Context().Value(userKey{})))
	})
	server := httptest.NewServer(authenticated(map[string]string{"s3cr3t": "alice"}, handler))
	defer server.Close()
	ctx := context.Background()

	receiveAll(ctx, server.URL)
	receiveAll(ctx, server.URL, dial.Header(http.Header{"Cookie": {"session=s3cr3t"}}))
	// Output:
	// dial: the server answered 401 Unauthorized: the status is not 101 Switching Protocols
	// hello alice
	// stream: closed by the peer: 1000 (normal closure)
}

// http.Server.Shutdown neither ends nor awaits the connections that it has given away. A Group does.
func ExampleGroup_Serve() {
	var group listen.Group
	ctx, interrupt := context.WithCancel(context.Background()) // real programs have signal.NotifyContext
	chat := func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		if err := conn.WriteText(r.Context(), "welcome to "+r.PathValue("room")); err != nil {
			return err
		}
		interrupt()
		_, err := conn.Receive(r.Context())
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/rooms/{room}", listen.Handler(stream.Standard, chat, listen.Join(&group)))

	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { ended <- group.Serve(ctx, server, ln, 10*time.Second) }()

	receiveAll(context.Background(), "ws://"+ln.Addr().String()+"/rooms/blue")
	fmt.Println("ended:", <-ended)
	// Output:
	// welcome to blue
	// stream: closed by the peer: 1001 (going away)
	// ended: <nil>
}

// A server that ends in a way of its own has its connections end first.
func ExampleGroup_Shutdown() {
	var group listen.Group
	interrupt := make(chan struct{})
	welcome := func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		close(interrupt)
		_, err := conn.Receive(r.Context())
		return err
	}
	server := httptest.NewServer(listen.Handler(stream.Standard, welcome, listen.Join(&group)))
	defer server.Close()
	ended := make(chan error)
	go func() {
		<-interrupt
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err := group.Shutdown(ctx)                             // no connections any more
		ended <- errors.Join(err, server.Config.Shutdown(ctx)) // no requests any more
	}()

	receiveAll(context.Background(), server.URL)
	fmt.Println("ended:", <-ended)
	// Output:
	// stream: closed by the peer: 1001 (going away)
	// ended: <nil>
}

// A server that will be back says so to those whom it sends away.
func ExampleGroup_ShutdownReason() {
	var group listen.Group
	interrupt := make(chan struct{}, 1)
	welcome := func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		if err := conn.WriteText(r.Context(), "welcome"); err != nil {
			return err
		}
		interrupt <- struct{}{}
		_, err := conn.Receive(r.Context())
		return err
	}
	server := httptest.NewServer(listen.Handler(stream.Standard, welcome, listen.Join(&group)))
	defer server.Close()
	ended := make(chan error)
	go func() {
		<-interrupt
		ended <- group.ShutdownReason(context.Background(), "back within 10 s")
	}()

	receiveAll(context.Background(), server.URL)
	fmt.Println("ended:", <-ended)
	// Output:
	// welcome
	// stream: closed by the peer: 1001 (going away): "back within 10 s"
	// ended: <nil>
}

// A Listener ends its connections, and tells them why.
func ExampleListener_ShutdownReason() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error)
	go func() { // shut down once the client is accepted
		conn, err := l.Accept(context.Background())
		if err != nil {
			ended <- err
			return
		}
		defer conn.Close()
		ended <- l.ShutdownReason(context.Background(), "back within 10 s")
	}()

	receiveAll(context.Background(), "ws://"+l.Addr().String())
	fmt.Println("ended:", <-ended)
	// Output:
	// stream: closed by the peer: 1001 (going away): "back within 10 s"
	// ended: <nil>
}

// A Listener knows its connections, and ends them itself.
func ExampleListener_Shutdown() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	interrupt := make(chan struct{}) // real programs have signal.NotifyContext
	go func() {
		for conn, err := range l.All(ctx) {
			if err != nil {
				fmt.Println(err)
				return
			}
			go func() {
				defer conn.Close()
				if err := conn.WriteText(ctx, "welcome"); err != nil {
					return
				}
				close(interrupt)
				conn.Receive(ctx)
			}()
		}
	}()
	ended := make(chan error)
	go func() {
		<-interrupt
		patience, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		ended <- l.Shutdown(patience)
	}()

	receiveAll(ctx, "ws://"+l.Addr().String())
	fmt.Println("ended:", <-ended)
	// Output:
	// welcome
	// stream: closed by the peer: 1001 (going away)
	// ended: <nil>
}

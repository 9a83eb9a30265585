package listen_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

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
	handler := listen.Handler(stream.Standard, func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
		return conn.WriteText(ctx, "hello")
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

// http.Server.Shutdown neither ends nor awaits the connections that it has given away. The context of their requests
// tells them, whereupon Handler closes them with code 1001; a WaitGroup around the handler awaits them.
func ExampleHandler_shutdown() {
	ctx := context.Background()
	base, end := context.WithCancel(ctx)
	defer end()
	interrupt := make(chan struct{}) // real programs have signal.NotifyContext
	handler := listen.Handler(stream.Standard, func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
		if err := conn.WriteText(ctx, "welcome"); err != nil {
			return err
		}
		close(interrupt)
		_, err := conn.Receive(ctx)
		return err
	})

	var open sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			open.Add(1)
			defer open.Done()
			handler.ServeHTTP(w, r)
		}),
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: 10 * time.Second,
	}
	server.RegisterOnShutdown(end)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go server.Serve(ln)
	ended := make(chan error)
	go func() {
		<-interrupt
		err := server.Shutdown(ctx)
		open.Wait() // each connection takes no longer than its stream.CloseTimeout
		ended <- err
	}()

	receiveAll(ctx, "ws://"+ln.Addr().String())
	fmt.Println("ended:", <-ended)
	// Output:
	// welcome
	// stream: closed by the peer: 1001 (going away)
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

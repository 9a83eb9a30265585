package listen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// receiveAll prints all messages, until the server says goodbye.
func receiveAll(ctx context.Context, url string, opts ...dial.Option) {
	conn, err := dial.Dial(ctx, url, stream.Standard, opts...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for msg, err := range conn.All(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(msg)
		fmt.Println(string(text))
	}
	fmt.Println(conn.Err())
}

func ExampleHandler() {
	http := httptest.NewServer(listen.Handler(stream.Standard,
		func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
			return conn.WriteText(ctx, "hello")
		}))
	defer http.Close()

	receiveAll(context.Background(), http.URL)
	// Output:
	// hello
	// stream: closed by the peer: 1000 (normal closure)
}

// A handler of one's own can look at the request first.
func ExampleUpgrade() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			listen.Reject(w, r, http.StatusUnauthorized)
			return
		}
		conn, err := listen.Upgrade(w, r, stream.Standard, listen.Origins("*.example.com"))
		if err != nil {
			return // the client was told
		}
		defer conn.Close()
		conn.WriteText(r.Context(), "hello from "+r.URL.Path)
	}))
	defer server.Close()
	ctx := context.Background()

	receiveAll(ctx, server.URL+"/chat")
	receiveAll(ctx, server.URL+"/chat", dial.Header(http.Header{
		"Authorization": {"Bearer 12345"},
		"Origin":        {"https://www.example.com"},
	}))
	// Output:
	// dial: the server answered 401 Unauthorized: the status is not 101 Switching Protocols
	// hello from /chat
	// stream: closed by the peer: 1000 (normal closure)
}

func ExampleListener() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	served := make(chan error)
	go func() {
		for conn, err := range l.All(ctx) {
			if err != nil {
				served <- err
				return
			}
			conn.WriteText(ctx, "hello") // real servers have a goroutine for each connection
			time.AfterFunc(time.Millisecond, func() { l.Shutdown(ctx) })
		}
		served <- nil
	}()

	receiveAll(ctx, "ws://"+l.Addr().String())
	fmt.Println("served:", <-served)
	// Output:
	// hello
	// stream: closed by the peer: 1001 (going away)
	// served: <nil>
}

func ExampleReject() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listen.Reject(w, r, http.StatusServiceUnavailable,
			listen.RejectHeader(http.Header{"Retry-After": {"120"}}),
			listen.RejectBody([]byte("later")))
	}))
	defer server.Close()

	_, err := dial.Dial(context.Background(), server.URL, stream.Standard)
	var answer *dial.Error
	if errors.As(err, &answer) {
		fmt.Printf("%d: %s, in %s seconds\n", answer.StatusCode, answer.Body, answer.Header.Get("Retry-After"))
	}
	// Output: 503: later, in 120 seconds
}

func ExampleIsWebSocket() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !listen.IsWebSocket(r) {
			fmt.Fprint(w, "a page that connects to this path")
			return
		}
		conn, err := listen.Upgrade(w, r, stream.Standard)
		if err != nil {
			return
		}
		conn.Close()
	}))
	defer server.Close()

	response, err := http.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(string(body))
	// Output: a page that connects to this path
}

// A server that stops lets its clients know, and waits for them.
func ExampleListener_Shutdown() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	go func() {
		for conn, err := range l.All(ctx) {
			if err != nil {
				log.Fatal(err)
			}
			go func() {
				for msg, err := range conn.All(ctx) {
					if err != nil {
						return // the Listener was shut down
					}
					io.Copy(io.Discard, msg)
				}
			}()
		}
	}()

	client, err := dial.Dial(ctx, "ws://"+l.Addr().String(), stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := client.Receive(ctx)
		ended <- err
	}()
	fmt.Println(l.Shutdown(ctx))
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// stream: closed by the peer: 1001 (going away)
}

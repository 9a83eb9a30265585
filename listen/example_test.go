package listen_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/litert/websocket/closecode"
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
	server := httptest.NewServer(listen.Handler(stream.Standard,
		func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
			return conn.WriteText(r.Context(), "hello")
		}))
	defer server.Close()

	receiveAll(context.Background(), server.URL)
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
	defer l.Close()
	ctx := context.Background()
	go func() {
		for conn, err := range l.All(ctx) { // until l is closed
			if err != nil {
				fmt.Println(err)
				return
			}
			go func() {
				defer conn.Close()
				conn.WriteText(ctx, "hello from "+conn.Handshake().Resource)
			}()
		}
	}()

	receiveAll(ctx, "ws://"+l.Addr().String()+"/chat")
	// Output:
	// hello from /chat
	// stream: closed by the peer: 1000 (normal closure)
}

// The server chooses the first of its own subprotocols that the client speaks, too.
func ExampleSubprotocols() {
	server := httptest.NewServer(listen.Handler(stream.Standard,
		func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
			switch conn.Subprotocol() {
			case "chat.v2":
				return conn.WriteText(r.Context(), `{"say": "hello"}`)
			case "chat.v1":
				return conn.WriteText(r.Context(), "SAY hello")
			}
			return conn.Shutdown(r.Context(), closecode.PolicyViolation, "speak chat.v1 or chat.v2")
		},
		listen.Subprotocols("chat.v2", "chat.v1")))
	defer server.Close()
	ctx := context.Background()

	receiveAll(ctx, server.URL, dial.Subprotocols("chat.v1", "chat.v2", "chat.v3"))
	receiveAll(ctx, server.URL, dial.Subprotocols("chat.v1"))
	receiveAll(ctx, server.URL)
	// Output:
	// {"say": "hello"}
	// stream: closed by the peer: 1000 (normal closure)
	// SAY hello
	// stream: closed by the peer: 1000 (normal closure)
	// stream: closed by the peer: 1008 (policy violation): "speak chat.v1 or chat.v2"
}

func ExampleOrigins() {
	server := httptest.NewServer(listen.Handler(stream.Standard,
		func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
			return nil
		},
		listen.Origins("example.com", "https://*.example.com", "localhost:*")))
	defer server.Close()

	for _, origin := range []string{
		server.URL, // its own pages
		"https://example.com",
		"https://chat.example.com",
		"http://chat.example.com",
		"https://example.com.evil.example",
		"http://localhost:3000",
		"null",
	} {
		conn, err := dial.Dial(context.Background(), server.URL, stream.Standard,
			dial.Header(http.Header{"Origin": {origin}}))
		if err != nil {
			fmt.Println("refused:", origin)
			continue
		}
		conn.Close()
		if origin != server.URL { // whose port differs from time to time
			fmt.Println("allowed:", origin)
		}
	}
	// Output:
	// allowed: https://example.com
	// allowed: https://chat.example.com
	// refused: http://chat.example.com
	// refused: https://example.com.evil.example
	// allowed: http://localhost:3000
	// refused: null
}

// A server for programs of the same machine, and for the pages of its own.
func ExampleHosts() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard, listen.Hosts("localhost", "127.0.0.1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	_, err = dial.Dial(context.Background(), "ws://"+l.Addr().String(), stream.Standard, dial.Header(http.Header{
		"Host":   {"attacker.example"}, // a name that resolves to 127.0.0.1 by now
		"Origin": {"http://attacker.example"},
	}))
	var answer *dial.Error
	if errors.As(err, &answer) {
		fmt.Printf("%d: %s", answer.StatusCode, answer.Body)
	}
	// Output: 421: the field Host is "attacker.example", which this server is not
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

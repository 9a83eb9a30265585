package listen_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A server that strangers can reach bounds what one of them can take.
func ExampleListen() {
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Simple,
		listen.MaxPerHost(20),
		listen.MaxPending(100),
		listen.MaxHeader(8<<10),
		listen.HandshakeTimeout(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	ctx := context.Background()
	go func() {
		conn, err := l.Accept(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
		conn.WriteText(ctx, "welcome")
	}()

	receiveAll(ctx, "ws://"+l.Addr().String())
	// Output:
	// welcome
	// stream: closed by the peer: 1000 (normal closure)
}

// Any net.Listener will do, here with TLS on top of it.
func ExampleNewListener() {
	page := httptest.NewTLSServer(http.NotFoundHandler()) // which has a certificate
	defer page.Close()
	trusting := page.Client().Transport.(*http.Transport).TLSClientConfig

	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := listen.NewListener(tcp, stream.Simple, listen.TLSConfig(page.TLS))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	ctx := context.Background()
	go func() {
		for conn, err := range l.All(ctx) {
			if err != nil {
				return
			}
			conn.WriteText(ctx, fmt.Sprint("with TLS: ", conn.TLS() != nil))
			conn.Close()
		}
	}()

	receiveAll(ctx, "wss://"+l.Addr().String(), dial.TLSConfig(trusting))
	// Output:
	// with TLS: true
	// stream: closed by the peer: 1000 (normal closure)
}

// A program that speaks whatever version of its subprotocol the client prefers, and tells its own in the response.
func ExampleOfferedSubprotocols() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range listen.OfferedSubprotocols(r) {
			if strings.HasPrefix(name, "chat.") {
				conn, err := listen.Upgrade(w, r, stream.Simple, listen.Subprotocols(name), listen.Header(http.Header{"X-Version": {"7"}}))
				if err == nil {
					conn.Close()
				}
				return
			}
		}
		listen.Reject(w, r, http.StatusBadRequest, listen.RejectBody([]byte("speak chat")))
	}))
	defer server.Close()

	for _, offered := range [][]string{{"mqtt", "chat.v7", "chat.v6"}, {"mqtt"}} {
		conn, err := dial.Dial(context.Background(), server.URL, stream.Simple, dial.Subprotocols(offered...))
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(conn.Subprotocol(), conn.Handshake().Header.Get("X-Version"))
		conn.Close()
	}
	// Output:
	// chat.v7 7
	// dial: the server answered 400 Bad Request: the status is not 101 Switching Protocols; it says "speak chat"
}

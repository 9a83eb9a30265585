package dial_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// WebSockets are streams of the connections that requests go over, too. This server speaks HTTP/2, but has not announced that
// it takes WebSockets there, and is dialled again over HTTP/1.1.
func ExampleHTTP2() {
	server := httptest.NewUnstartedServer(listen.Handler(stream.Simple, func(r *http.Request, conn *stream.Conn[stream.Message]) error {
		return conn.WriteText(r.Context(), "hello over "+r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := server.Client().Transport.(*http.Transport) // the program has one for each configuration of TLS
	ctx := context.Background()

	conn, err := dial.Dial(ctx, server.URL, stream.Simple, dial.HTTP2(transport))
	if errors.Is(err, errors.ErrUnsupported) {
		fmt.Println(err)
		conn, err = dial.Dial(ctx, server.URL, stream.Simple, dial.TLSConfig(&tls.Config{RootCAs: transport.TLSClientConfig.RootCAs}))
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	fmt.Println(msg, err)
	// Output:
	// dial: the server takes no WebSocket over HTTP/2: it has not announced that (RFC 8441, section 3)
	// hello over HTTP/1.1 <nil>
}

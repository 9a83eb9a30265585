package listen_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	_ "github.com/litert/websocket/listen/xconnect" // has HTTP/2 announce it
	"github.com/litert/websocket/stream"
)

// A server over TLS takes WebSockets over HTTP/1.1, and over HTTP/2 if package xconnect is imported. There they share a
// connection and its window: one from which nobody receives takes all of it by default, and the others stand still.
func ExampleHandler_http2() {
	server := httptest.NewUnstartedServer(listen.Handler(stream.Standard,
		func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
			return conn.WriteText(r.Context(), "hello over "+r.Proto)
		}))
	server.Config.HTTP2 = &http.HTTP2Config{
		MaxReceiveBufferPerStream:     256 << 10, // so that 64 of them take all, and not one
		MaxReceiveBufferPerConnection: 16 << 20,
		MaxReadFrameSize:              16 << 10,         // or clients of net/http hold 512 KiB for each stream
		SendPingTimeout:               30 * time.Second, // finds out that a client is gone
		WriteByteTimeout:              30 * time.Second, // ends all writes to one that takes nothing at all
	}
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	transport := server.Client().Transport.(*http.Transport)
	receiveAll(context.Background(), server.URL, dial.TLSConfig(transport.TLSClientConfig))
	receiveAll(context.Background(), server.URL, dial.HTTP2(transport))
	// Output:
	// hello over HTTP/1.1
	// stream: closed by the peer: 1000 (normal closure)
	// hello over HTTP/2.0
	// stream: closed by the peer: 1000 (normal closure)
}

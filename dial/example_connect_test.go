package dial_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A server whose certificate is of one's own making is trusted by it.
func ExampleTLSConfig() {
	server := httptest.NewTLSServer(listen.Handler(stream.Simple, func(r *http.Request, conn *stream.Conn[stream.Message]) error {
		return conn.WriteText(r.Context(), "hello")
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	ctx := context.Background()

	conn, err := dial.Dial(ctx, server.URL, stream.Simple, dial.TLSConfig(&tls.Config{RootCAs: roots}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	fmt.Println(msg, err, conn.TLS().NegotiatedProtocol)
	// Output: hello <nil> http/1.1
}

// Names are resolved by the program itself, and connecting takes no longer than a second.
func ExampleNetDial() {
	server := echo()
	defer server.Close()
	addresses := map[string]string{"chat.internal:80": server.Listener.Addr().String()}
	connect := func(ctx context.Context, network, address string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addresses[address])
	}

	conn, err := dial.Dial(context.Background(), "ws://chat.internal/rooms", stream.Standard,
		dial.NetDial(connect), dial.Proxy(nil), dial.ConnectTimeout(time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println("connected:", conn.Connected())
	// Output: connected: true
}

// The question is at the server with the request, and saves a round trip.
func ExampleEarlyData() {
	server := echo()
	defer server.Close()
	ctx := context.Background()

	conn, err := dial.Dial(ctx, server.URL, stream.Simple, dial.EarlyData(opcode.Text, []byte("what time is it?")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	fmt.Println(msg, err)
	// Output: what time is it? <nil>
}

// Between two programs in a network that both trust, nothing needs to be masked.
func ExampleMasking() {
	server := httptest.NewServer(listen.Handler(stream.Simple, func(r *http.Request, conn *stream.Conn[stream.Message]) error {
		msg, err := conn.Receive(r.Context())
		if err != nil {
			return err
		}
		return conn.Write(r.Context(), msg.Opcode, msg.Data)
	}, listen.AllowUnmasked()))
	defer server.Close()
	ctx := context.Background()

	trace := &stream.Trace{FrameSent: func(h frame.Header) { fmt.Println("masked:", h.Masked) }}
	conn, err := dial.Dial(ctx, server.URL, stream.Simple, dial.Masking(frame.NoMask), stream.WithTrace(trace))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Abort()
	if err := conn.WriteText(ctx, "hello"); err != nil {
		fmt.Println(err)
		return
	}
	msg, err := conn.Receive(ctx)
	fmt.Println(msg, err)
	// Output:
	// masked: false
	// hello <nil>
}

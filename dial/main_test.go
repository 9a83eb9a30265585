package dial_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if os.Getenv(child) == "" { // no proxy of the environment comes in between
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
			os.Unsetenv(name)
			os.Unsetenv(strings.ToLower(name))
		}
	}
	goleak.VerifyTestMain(m)
}

// hangs is how long a test waits for what must not hang.
const hangs = 20 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	t.Cleanup(cancel)
	return ctx
}

// peer returns the client's end of a transport, at whose other end serve has read the request.
func peer(t testing.TB, serve func(conn net.Conn, r *http.Request)) net.Conn {
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer server.Close()
		r, err := http.ReadRequest(bufio.NewReader(server))
		if err != nil {
			return
		}
		serve(server, r)
	}()
	t.Cleanup(func() {
		client.Close()
		<-done
	})
	return client
}

// answering is a peer that answers with the response, in which ACCEPT stands for what answers the request's key. It
// leaves the connection open until the client closes it.
func answering(t testing.TB, response string) net.Conn {
	return peer(t, func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, filledIn(response, r))
		io.Copy(io.Discard, conn)
	})
}

func filledIn(response string, r *http.Request) string {
	return strings.ReplaceAll(response, "ACCEPT", handshake.Accept(r.Header.Get("Sec-Websocket-Key")))
}

const switching = "HTTP/1.1 101 Switching Protocols\r\n" +
	"Upgrade: websocket\r\n" +
	"Connection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: ACCEPT\r\n"

// handshakeOver performs the handshake over rwc.
func handshakeOver(t testing.TB, rwc io.ReadWriteCloser, opts ...dial.Option) (*stream.Conn[*stream.Reader], error) {
	return dial.Handshake(testContext(t), rwc, "ws://example.com/", stream.Standard, opts...)
}

// netDial returns the option that lets conn be dialled, and writes down what was asked for.
func netDial(conn net.Conn, network, address *string) dial.Option {
	return dial.NetDial(func(_ context.Context, n, a string) (net.Conn, error) {
		*network, *address = n, a
		return conn, nil
	})
}

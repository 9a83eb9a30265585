package listen_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hangs is how long a test waits for what must not hang.
const hangs = 20 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok returns true.
func eventually(t *testing.T, ok func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(hangs); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// The parts of a proper request, with the key of RFC 6455, section 1.3.
const (
	requestLine = "GET /a HTTP/1.1\r\n"
	host        = "Host: example.com\r\n"
	upgrade     = "Upgrade: websocket\r\n"
	connection  = "Connection: Upgrade\r\n"
	key         = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	version     = "Sec-WebSocket-Version: 13\r\n"
	proper      = requestLine + host + upgrade + connection + key + version
)

// switching is the response to a proper request.
const switching = "HTTP/1.1 101 Switching Protocols\r\n" +
	"Upgrade: websocket\r\n" +
	"Connection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

// frames as a client sends them, with a key of zeros.
const (
	helloFrame = "\x81\x85\x00\x00\x00\x00hello"
	closeFrame = "\x88\x80\x00\x00\x00\x00"
)

// A fakeWriter is a response writer whose connection is in memory. It can be hijacked.
type fakeWriter struct {
	*httptest.ResponseRecorder
	conn     *fakeConn
	buffered string // what the HTTP server has read behind the request
}

func newFakeWriter(buffered string) *fakeWriter {
	return &fakeWriter{httptest.NewRecorder(), new(fakeConn), buffered}
}

func (w *fakeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r := bufio.NewReaderSize(strings.NewReader(w.buffered), max(16, len(w.buffered)))
	r.Peek(len(w.buffered))
	return w.conn, bufio.NewReadWriter(r, bufio.NewWriter(w.conn)), nil
}

// A fakeConn keeps what is written to it, and has nothing to read.
type fakeConn struct {
	net.Conn // nil
	bytes.Buffer
	writes int
	closed bool
}

func (c *fakeConn) Read([]byte) (int, error) { return 0, io.EOF }

func (c *fakeConn) Write(p []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(p)
}

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}

func (c *fakeConn) SetDeadline(time.Time) error      { return nil }
func (c *fakeConn) SetReadDeadline(time.Time) error  { return nil }
func (c *fakeConn) SetWriteDeadline(time.Time) error { return nil }

// A client is the raw end of a connection.
type client struct {
	net.Conn
	r *bufio.Reader
}

// connect connects to addr, and sends text.
func connect(t testing.TB, addr net.Addr, text string) *client {
	t.Helper()
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn, text)
}

func newClient(t testing.TB, conn net.Conn, text string) *client {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(hangs))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReader(conn)}
}

// response reads a response, of which it returns the body too.
func (c *client) response(t testing.TB) (*http.Response, string) {
	t.Helper()
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return response, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// opened reads the response that opens the connection.
func (c *client) opened(t testing.TB) *client {
	t.Helper()
	if response, body := c.response(t); response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status is %d: %s", response.StatusCode, body)
	}
	return c
}

// frame reads a short frame as a server sends it.
func (c *client) frame(t testing.TB) (first byte, payload string) {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		t.Fatalf("reading a frame: %v", err)
	}
	p := make([]byte, head[1])
	if _, err := io.ReadFull(c.r, p); err != nil {
		t.Fatalf("reading a frame: %v", err)
	}
	return head[0], string(p)
}

// closing reads a close frame, and returns its code.
func (c *client) closing(t testing.TB) int {
	t.Helper()
	first, payload := c.frame(t)
	if first != 0x88 || len(payload) < 2 {
		t.Fatalf("frame is %x %q, want a close frame", first, payload)
	}
	if len(payload) > 2 {
		t.Errorf("the reason is given away: %q", payload[2:])
	}
	return int(payload[0])<<8 | int(payload[1])
}

// ended reports whether the server has closed the connection.
func (c *client) ended() bool {
	_, err := c.r.ReadByte()
	timeout, ok := err.(net.Error)
	return err != nil && !(ok && timeout.Timeout())
}

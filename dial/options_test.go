package dial_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// noDial is the option that fails the test if anything is dialled.
func noDial(t *testing.T) dial.Option {
	return dial.NetDial(func(context.Context, string, string) (net.Conn, error) {
		t.Error("was dialled")
		return nil, errors.New("must not be dialled")
	})
}

func TestImpossibleOptionIsRefusedBeforeAnythingIsDialled(t *testing.T) {
	header := func(name string, values ...string) dial.Option { return dial.Header(http.Header{name: values}) }
	tests := []struct {
		fn     string
		option dial.Option
	}{
		{"dial.Header", header("Upgrade", "x")},
		{"dial.Header", header("connection", "close")},
		{"dial.Header", header("Sec-WebSocket-Key", "x")},
		{"dial.Header", header("sec-websocket-protocol", "x")},
		{"dial.Header", header("Content-Length", "1")},
		{"dial.Header", header("X Y", "x")},
		{"dial.Header", header("", "x")},
		{"dial.Header", header("X", "a\r\nY: b")},
		{"dial.Header", header("X", "a\x00b")},
		{"dial.Header", header("Host", "")},
		{"dial.Header", header("Host", "a b")},
		{"dial.Header", header("Host", "a/b")},
		{"dial.Header", header("Host", "a", "b")},
		{"dial.Subprotocols", dial.Subprotocols("")},
		{"dial.Subprotocols", dial.Subprotocols("a b")},
		{"dial.Subprotocols", dial.Subprotocols("a", "a")},
		{"dial.ConnectTimeout", dial.ConnectTimeout(-1)},
		{"dial.NetDial", dial.NetDial(nil)},
		{"dial.Redirects", dial.Redirects(-1)},
		{"dial.EarlyData", dial.EarlyData(opcode.Ping, nil)},
		{"dial.EarlyData", dial.EarlyData(opcode.Continuation, nil)},
		{"dial.EarlyData", dial.EarlyData(3, nil)},
		{"dial.EarlyData", dial.EarlyData(opcode.Text, []byte("\xff"))},
		{"MaxMessageSize", stream.MaxMessageSize(-1)},
	}
	for _, tt := range tests {
		_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, noDial(t), tt.option, dial.ConnectTimeout(time.Hour))
		var arg *stream.ArgumentError
		if !errors.As(err, &arg) || arg.Func != tt.fn {
			t.Errorf("error is %v, want an ArgumentError of %s", err, tt.fn)
		}
	}
}

func TestZeroModeIsRefusedBeforeAnythingIsDialled(t *testing.T) {
	var zero stream.Mode[*stream.Reader]
	_, err := dial.Dial(testContext(t), "ws://example.com/", zero, noDial(t))
	if arg := new(stream.ArgumentError); !errors.As(err, &arg) {
		t.Errorf("error is %v, want an ArgumentError", err)
	}
}

// written is a transport that keeps what is written to it, and has nothing to read.
type written struct {
	bytes.Buffer
	writes int
	closed bool
}

func (w *written) Write(p []byte) (int, error) {
	w.writes++
	return w.Buffer.Write(p)
}

func (w *written) Read([]byte) (int, error) { return 0, net.ErrClosed }

func (w *written) Close() error {
	w.closed = true
	return nil
}

func TestHandshakeClosesTheTransportOnEveryError(t *testing.T) {
	var zero stream.Mode[*stream.Reader]
	tests := []struct {
		name string
		url  string
		mode stream.Mode[*stream.Reader]
		opts []dial.Option
	}{
		{"option", "ws://example.com/", stream.Standard, []dial.Option{dial.ConnectTimeout(-1)}},
		{"URL", "ws:/", stream.Standard, nil},
		{"mode", "ws://example.com/", zero, nil},
		{"transport", "ws://example.com/", stream.Standard, nil},
	}
	for _, tt := range tests {
		var w written
		if _, err := dial.Handshake(testContext(t), &w, tt.url, tt.mode, tt.opts...); err == nil || !w.closed {
			t.Errorf("%s: error is %v, closed: %t", tt.name, err, w.closed)
		}
		if tt.name != "transport" && w.writes > 0 {
			t.Errorf("%s: %q was sent", tt.name, w.String())
		}
	}
	if _, err := dial.Handshake(testContext(t), nil, "ws://example.com/", stream.Standard); err == nil {
		t.Error("a nil transport is accepted")
	}
}

func TestRequestIsOneWrite(t *testing.T) { // RFC 6455, section 4.1
	var w written
	values := []string{"2", "3"}
	h := http.Header{"x-b": values, "Origin": {"http://example.com"}}
	opts := []dial.Option{dial.Header(h), dial.Subprotocols("b", "a"), dial.Subprotocols("v2.x", "v1.x")}
	values[0] = "changed"
	if _, err := dial.Handshake(testContext(t), &w, "ws://example.com:81/a?b", stream.Standard, opts...); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("error is %v", err)
	}
	request := w.String()
	key := strings.Split(strings.Split(request, "Sec-WebSocket-Key: ")[1], "\r\n")[0]
	want := "GET /a?b HTTP/1.1\r\n" +
		"Host: example.com:81\r\n" +
		"Upgrade: websocket\r\n" +
		"Connection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + key + "\r\n" +
		"Sec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Protocol: v2.x, v1.x\r\n" +
		"Origin: http://example.com\r\n" +
		"X-B: 2\r\n" +
		"X-B: 3\r\n" +
		"\r\n"
	if request != want || w.writes != 1 {
		t.Errorf("%d writes of %q, want one of %q", w.writes, request, want)
	}
}

package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

type complaint struct {
	r   *http.Request
	err error
}

// listening returns an option that tells what OnError hears.
func listening() (listen.Option, <-chan complaint) {
	told := make(chan complaint, 10)
	return listen.OnError(func(r *http.Request, err error) { told <- complaint{r, err} }), told
}

func TestARefusalIsToldWhereverItHappens(t *testing.T) {
	option, told := listening()
	handler := httptest.NewServer(listen.Handler(stream.Standard, serveNothing, option))
	defer handler.Close()
	upgraded, _ := upgrader(t, plain, option)
	for name, addr := range map[string]net.Addr{
		"Listener": listenLocally(t, option).Addr(), "Handler": handler.Listener.Addr(), "Upgrade": upgraded,
	} {
		connect(t, addr, requestLine+host+"\r\n").response(t)
		got := <-told
		var refused *listen.Error
		if !errors.As(got.err, &refused) || refused.StatusCode != 426 || got.r == nil || got.r.URL.Path != "/a" {
			t.Errorf("%s: told is %v of %v", name, got.err, got.r)
		}
	}
	if len(told) > 0 {
		t.Errorf("told is more: %v", <-told)
	}
}

func TestWhatCameToNoRequestIsTold(t *testing.T) {
	cert, _ := wstest.Certificate(t, "example.com")
	secure := listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}})
	status := func(code int) func(error) bool {
		return func(err error) bool {
			var refused *listen.Error
			return errors.As(err, &refused) && refused.StatusCode == code
		}
	}
	matching := func(target error) func(error) bool {
		return func(err error) bool { return errors.Is(err, target) }
	}
	tests := []struct {
		name, text string
		opts       []listen.Option
		leave      bool // the client closes its side
		is         func(error) bool
	}{
		{"nonsense", "nonsense\r\n\r\n", nil, false, status(400)},
		{"another version", "GET / HTTP/3.0\r\n\r\n", nil, false, status(505)},
		{"long header", proper + "X: " + strings.Repeat("x", 80<<10), nil, false, status(431)},
		{"expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", nil, false, status(417)},
		{"silent", "", nil, false, matching(os.ErrDeadlineExceeded)},
		{"slow", proper, nil, false, matching(os.ErrDeadlineExceeded)},
		{"gone", proper, nil, true, matching(io.ErrUnexpectedEOF)},
		{"slow TLS", "\x16\x03\x01", []listen.Option{secure}, false, matching(os.ErrDeadlineExceeded)},
		{"gone in TLS", "\x16\x03\x01", []listen.Option{secure}, true, matching(io.ErrUnexpectedEOF)},
		{"no TLS", "GET / HTTP/1.1\r\n\r\n", []listen.Option{secure}, false, status(400)},
		{"nonsense for TLS", "nonsense", []listen.Option{secure}, false, func(err error) bool {
			return errors.As(err, new(tls.RecordHeaderError))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.leave {
				skipUnlessSilenceIsKnown(t)
			}
			option, told := listening()
			timeout := 200 * time.Millisecond
			if tt.leave {
				timeout = within
			}
			l := listenLocally(t, append(tt.opts, option, listen.HandshakeTimeout(timeout))...)
			c := connect(t, l.Addr(), "")
			go io.WriteString(c, tt.text)
			if tt.leave {
				if !eventually(t, func() bool { return l.Pending() == [2]int{0, 1} }) {
					t.Fatal("no handshake has begun")
				}
				c.Conn.(*net.TCPConn).CloseWrite()
			}
			got := <-told
			var which *listen.ConnError
			if !errors.As(got.err, &which) || which.Addr.String() != c.LocalAddr().String() || !tt.is(got.err) || got.r != nil {
				t.Errorf("told is %v of %v", got.err, got.r)
			}
			if text := got.err.Error(); strings.Count(text, "listen: ") != 1 || !strings.Contains(text, c.LocalAddr().String()) {
				t.Errorf("error is %q", text)
			}
		})
	}
}

func TestOpenAndSilentConnectionsAreNoErrors(t *testing.T) {
	option, told := listening()
	l := listenLocally(t, option)
	connect(t, l.Addr(), "").Close()
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	conn := acceptFrom(t, l)
	connect(t, l.Addr(), requestLine) // which Close ends
	if !eventually(t, func() bool { return l.Pending() == [2]int{0, 1} }) {
		t.Fatal("no handshake has begun")
	}
	conn.Abort()
	l.Close()
	if len(told) > 0 {
		t.Errorf("told is %v", <-told)
	}
}

func TestErrorsOfAcceptingAreTold(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	option, told := listening()
	l, err := listen.NewListener(&scarceListener{Listener: ln, accepted: 1}, stream.Standard, option)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := <-told; got.r != nil || !strings.Contains(got.err.Error(), "too many open files") {
		t.Errorf("told is %v", got.err)
	}
	connect(t, l.Addr(), proper+"\r\n").opened(t)
}

func TestWhatAHandlersFunctionReturnsIsTold(t *testing.T) {
	wrong, cut := errors.New("wrong"), readCutMessage(t, t.Context())
	for _, tt := range []struct{ returned, told error }{
		{nil, nil},
		{&stream.CloseError{Code: 1000}, nil},
		{wrong, wrong},
		{cut, cut},
	} {
		option, told := listening()
		server := httptest.NewServer(listen.Handler(stream.Standard, func(*http.Request, *conn) error { return tt.returned }, option))
		c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
		c.closing(t)
		select {
		case got := <-told:
			if got.err != tt.told || got.r.URL.Path != "/a" {
				t.Errorf("%v: told is %v", tt.returned, got.err)
			}
		default:
			if tt.told != nil {
				t.Errorf("%v: nothing is told", tt.returned)
			}
		}
		c.Close()
		server.Close()
	}
}

// A program that logs what goes wrong, with the address of the client.
func ExampleOnError() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // so that the output is the same each time
			}
			return a
		},
	}))
	onError := func(r *http.Request, err error) {
		var panicked *listen.PanicError
		switch {
		case errors.As(err, &panicked):
			logger.Error("websocket", "err", err, "stack", string(panicked.Stack))
		case r != nil:
			logger.Warn("websocket", "path", r.URL.Path, "err", err)
		default:
			logger.Warn("websocket", "err", err)
		}
	}
	server := httptest.NewServer(listen.Handler(stream.Standard,
		func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
			return fmt.Errorf("no room %q", r.URL.Path)
		},
		listen.OnError(onError)))
	defer server.Close()

	receiveAll(context.Background(), server.URL+"/blue")
	// Output:
	// level=WARN msg=websocket path=/blue err="no room \"/blue\""
	// stream: closed by the peer: 1011 (internal error)
}

package listen_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

type conn = stream.Conn[*stream.Reader]

func serveNothing(*http.Request, *conn) error { return nil }

// A safeBuffer is a buffer that a logger may write to at any time.
type safeBuffer struct {
	mu sync.Mutex // guards following
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// readCutMessage returns the error of reading a message that an orderly close frame has cut short.
func readCutMessage(t *testing.T, ctx context.Context) error {
	client, server := streamtest.Pipe(stream.Standard)
	defer server.Abort()
	w, err := client.NewWriter(ctx, opcode.Binary)
	if err != nil {
		t.Error(err)
		return nil
	}
	go func() {
		io.WriteString(w, "half")
		w.Flush()
		client.Close()
	}()
	msg, err := server.Receive(ctx)
	if err != nil {
		t.Error(err)
		return nil
	}
	_, err = msg.Bytes()
	return err
}

func TestHandlerEndsTheConnectionAsServeEnded(t *testing.T) {
	base, cancel := context.WithCancel(t.Context())
	defer cancel()
	tests := []struct {
		name  string
		serve func(*http.Request, *conn) error
		code  closecode.Code
		logs  string
	}{
		{"nil", serveNothing, closecode.NormalClosure, ""},
		{"error", func(*http.Request, *conn) error { return errors.New("a secret") }, closecode.InternalError, ""},
		{"orderly end of another connection", func(*http.Request, *conn) error {
			return fmt.Errorf("relaying: %w", &stream.CloseError{Code: closecode.GoingAway})
		}, closecode.NormalClosure, ""},
		{"failure of another connection", func(*http.Request, *conn) error {
			return &stream.CloseError{Code: closecode.PolicyViolation}
		}, closecode.InternalError, ""},
		{"message of another connection that its close frame cuts", func(r *http.Request, _ *conn) error {
			return readCutMessage(t, r.Context())
		}, closecode.InternalError, ""},
		{"end of something else", func(*http.Request, *conn) error { return io.EOF }, closecode.InternalError, ""},
		{"panic", func(*http.Request, *conn) error { panic("a secret") }, closecode.InternalError, "a secret"},
		{"silent panic", func(*http.Request, *conn) error { panic(http.ErrAbortHandler) }, closecode.InternalError, ""},
		{"end of the goroutine", func(*http.Request, *conn) error {
			runtime.Goexit()
			return nil
		}, closecode.InternalError, ""},
		{"own code", func(r *http.Request, c *conn) error {
			return c.Shutdown(r.Context(), closecode.PolicyViolation, "")
		}, closecode.PolicyViolation, ""},
		{"end of the server", func(r *http.Request, c *conn) error {
			cancel()
			_, err := c.Receive(r.Context())
			return err
		}, closecode.GoingAway, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logged safeBuffer
			server := httptest.NewUnstartedServer(listen.Handler(stream.Standard, tt.serve))
			server.Config.ErrorLog = log.New(&logged, "", 0)
			server.Config.BaseContext = func(net.Listener) context.Context { return base }
			server.Start()
			defer server.Close()
			c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
			if code := c.closing(t); code != int(tt.code) {
				t.Errorf("code is %d, want %d", code, tt.code)
			}
			io.WriteString(c, closeFrame)
			if !c.ended() {
				t.Error("the connection is open")
			}
			if !eventually(t, func() bool { return strings.Contains(logged.String(), tt.logs) }) {
				t.Errorf("logged is %q, want %q", logged.String(), tt.logs)
			}
			if got := logged.String(); tt.logs == "" && got != "" {
				t.Errorf("logged is %q", got)
			}
		})
	}
}

func TestHandlerLeavesAnEndedConnectionAlone(t *testing.T) {
	server := httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		for msg, err := range c.All(r.Context()) {
			if err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, msg); err != nil {
				return err
			}
		}
		return errors.New("too late")
	}))
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n"+helloFrame+"\x88\x82\x00\x00\x00\x00\x03\xe8").opened(t)
	if code := c.closing(t); code != 1000 {
		t.Errorf("code is %d, want 1000", code)
	}
	if !c.ended() {
		t.Error("the connection is open")
	}
}

func panicking(*http.Request, *conn) error { panic("a mistake") }

func TestMiddlewareRecoversAPanicAfterTheConnectionHasEnded(t *testing.T) {
	type recovery struct {
		value any
		stack string
	}
	recovered := make(chan recovery, 1)
	handler := listen.Handler(stream.Standard, panicking)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { recovered <- recovery{recover(), string(debug.Stack())} }()
		handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	if code := c.closing(t); code != 1011 {
		t.Errorf("code is %d, want 1011", code)
	}
	select {
	case <-recovered:
		t.Error("the panic went on before the client had answered")
	default:
	}
	io.WriteString(c, closeFrame)
	if got := <-recovered; got.value != "a mistake" || !strings.Contains(got.stack, "listen_test.panicking") {
		t.Errorf("recovered is %v with the stack %s", got.value, got.stack)
	}
}

func TestServerLivesOnAfterAPanic(t *testing.T) {
	server := httptest.NewUnstartedServer(listen.Handler(stream.Standard, panicking))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()
	for range 2 {
		c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
		if code := c.closing(t); code != 1011 {
			t.Errorf("code is %d, want 1011", code)
		}
		io.WriteString(c, closeFrame)
		if !c.ended() {
			t.Error("the connection is open")
		}
	}
}

func TestHandlerDoesNotServeWhatWasRefused(t *testing.T) {
	server := httptest.NewServer(listen.Handler(stream.Standard, func(*http.Request, *conn) error {
		t.Error("was served")
		return nil
	}))
	defer server.Close()
	response, _ := connect(t, server.Listener.Addr(), requestLine+host+"\r\n").response(t)
	if response.StatusCode != 426 {
		t.Errorf("status is %d, want 426", response.StatusCode)
	}
}

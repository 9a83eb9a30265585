package dial_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// bare hides the deadlines of a transport.
type bare struct{ io.ReadWriteCloser }

func isTimeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

func TestContextEndsTheHandshake(t *testing.T) {
	cause := errors.New("no time")
	silent := func(net.Conn) {}
	tests := []struct {
		name  string
		serve func(net.Conn)
	}{
		{"before the request was read", silent},
		{"before the response", func(c net.Conn) { c.Read(make([]byte, 4096)) }},
		{"in the response", func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 101 Sw")
		}},
		{"in the body", func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, "HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nno")
		}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			defer server.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				tt.serve(server)
				time.Sleep(time.Second)
				cancel(cause)
			}()
			_, err := dial.Handshake(ctx, bare{client}, "ws://example.com/", stream.Standard)
			if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || isTimeout(err) {
				t.Errorf("%s: error is %v, want one that matches context.Canceled and the cause", tt.name, err)
			}
			if _, err := client.Write([]byte{0}); err != io.ErrClosedPipe {
				t.Errorf("%s: the transport is open", tt.name)
			}
			if answer := new(dial.Error); errors.As(err, &answer) && string(answer.Body) != "no" {
				t.Errorf("%s: the body is %q", tt.name, answer.Body)
			}
		})
	}
}

func TestConnectTimeoutIsThirtySeconds(t *testing.T) {
	for _, tt := range []struct {
		opts []dial.Option
		want time.Duration
	}{
		{nil, 30 * time.Second},
		{[]dial.Option{dial.ConnectTimeout(time.Minute)}, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, server := net.Pipe()
			var dripping sync.WaitGroup
			defer dripping.Wait()
			dripping.Go(func() { // a byte every second, for ever
				server.Read(make([]byte, 4096))
				for err := error(nil); err == nil; time.Sleep(time.Second) {
					_, err = server.Write([]byte("H"))
				}
			})
			start := time.Now()
			_, err := dial.Handshake(t.Context(), client, "ws://example.com/", stream.Standard, tt.opts...)
			if !errors.Is(err, context.DeadlineExceeded) || !isTimeout(err) || !strings.Contains(err.Error(), "connect timeout of") {
				t.Errorf("error is %v, want one that matches context.DeadlineExceeded", err)
			}
			if took := time.Since(start); took != tt.want {
				t.Errorf("it took %v, want %v", took, tt.want)
			}
		})
	}
}

func TestConnectTimeoutBoundsNetDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := dial.NetDial(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, errors.New("something else")
		})
		_, err := dial.Dial(t.Context(), "ws://example.com/", stream.Standard, never)
		if !errors.Is(err, context.DeadlineExceeded) || !isTimeout(err) {
			t.Errorf("error is %v, want one that matches context.DeadlineExceeded", err)
		}
	})
}

func TestConnectTimeoutCanBeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := peer(t, func(conn net.Conn, r *http.Request) {
			time.Sleep(time.Hour)
			for _, c := range []byte(filledIn(switching+"\r\n", r)) {
				time.Sleep(time.Second)
				conn.Write([]byte{c})
			}
		})
		conn, err := dial.Handshake(t.Context(), client, "ws://example.com/", stream.Standard, dial.ConnectTimeout(0))
		if err != nil {
			t.Fatal(err)
		}
		conn.Abort()
	})
}

func TestContextThatHasEndedDialsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dial.Dial(ctx, "ws://127.0.0.1:1/", stream.Standard); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
	var w written
	if _, err := dial.Handshake(ctx, &w, "ws://example.com/", stream.Standard); !errors.Is(err, context.Canceled) || w.writes > 0 || !w.closed {
		t.Errorf("error is %v after %d writes, want context.Canceled after none", err, w.writes)
	}
}

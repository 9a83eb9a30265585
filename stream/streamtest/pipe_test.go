package streamtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

type conn = stream.Conn[*stream.Reader]

// bubble runs the test in a bubble, with both ends of a Pipe.
func bubble(t *testing.T, test func(t *testing.T, client, server *conn), opts ...stream.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		client, server := streamtest.Pipe(stream.Standard, opts...)
		defer server.Close()
		defer client.Close()
		test(t, client, server)
	})
}

// echo sends back what it gets, until the end.
func echo(ctx context.Context, c *conn) error {
	for msg, err := range c.All(ctx) {
		if err != nil {
			return err
		}
		w, err := c.NewWriter(ctx, msg.Opcode())
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := io.Copy(w, msg); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestAPipeCarriesMessagesOfAnySize(t *testing.T) {
	client, server := streamtest.Pipe(stream.Simple)
	defer server.Close()
	defer client.Close()
	if client.IsServer() || !server.IsServer() {
		t.Error("the ends are the wrong way round")
	}
	ctx := t.Context()
	for _, size := range []int{0, 1, 64 << 10, 1 << 20} {
		want := bytes.Repeat([]byte{7}, size)
		go client.WriteBinary(ctx, want)
		m, err := server.Receive(ctx)
		if err != nil || !bytes.Equal(m.Data, want) {
			t.Errorf("got %d bytes, %v; want %d", len(m.Data), err, size)
		}
	}
}

// Over net.Pipe, this would wait for ever.
func TestBothEndsOfAPipeMayWriteFirst(t *testing.T) {
	bubble(t, func(t *testing.T, client, server *conn) {
		for _, c := range []*conn{client, server} {
			if err := c.WriteText(t.Context(), "hello"); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []*conn{client, server} {
			msg, err := c.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if text, err := msg.Text(); text != "hello" || err != nil {
				t.Errorf("got %q, %v", text, err)
			}
		}
	})
}

func TestAnIdleTimeoutOfAMinuteIsOverAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, client, server *conn) {
		began := time.Now()
		if err := echo(t.Context(), server); err != stream.ErrIdleTimeout {
			t.Errorf("the server: %v", err)
		}
		if passed := time.Since(began); passed != time.Minute {
			t.Errorf("%v have passed", passed)
		}
		var closed *stream.CloseError
		if _, err := client.Receive(t.Context()); !errors.As(err, &closed) || closed.Code != closecode.GoingAway {
			t.Errorf("the client: %v", err)
		}
	})
}

func TestADeadlineInABubble(t *testing.T) {
	bubble(t, func(t *testing.T, client, server *conn) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := server.Receive(ctx); err != context.DeadlineExceeded {
			t.Errorf("Receive: %v", err)
		}
		w, err := client.NewWriter(t.Context(), opcode.Text)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "half a ")
		w.Flush()
		msg, err := server.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		msg.SetDeadline(time.Now().Add(30 * time.Second))
		if text, err := msg.Text(); text != "half a " || err != os.ErrDeadlineExceeded {
			t.Errorf("got %q, %v", text, err)
		}
		msg.SetDeadline(time.Time{})
		io.WriteString(w, "message")
		w.Close()
		if text, err := msg.Text(); text != "message" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
	})
}

func TestKeepAliveInABubble(t *testing.T) {
	bubble(t, func(t *testing.T, client, server *conn) {
		var done sync.WaitGroup
		done.Go(func() {
			if err := echo(t.Context(), server); err != nil {
				t.Errorf("the server: %v", err)
			}
		})
		done.Go(func() { client.Receive(t.Context()) })
		time.Sleep(time.Hour)
		if err := client.Err(); err != nil {
			t.Errorf("the client: %v", err)
		}
		client.Shutdown(t.Context(), closecode.NormalClosure, "")
		done.Wait()
	}, stream.KeepAlive(20*time.Second))
}

// The two ends of a NetPipe may be made in different ways.
func TestAPeerThatIsMuteIsFoundInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := streamtest.NetPipe()
		defer a.Close()
		server, err := stream.New(b, stream.Handshake{Server: true}, stream.Standard, stream.KeepAlive(20*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if err := echo(t.Context(), server); err != stream.ErrNoPong {
			t.Errorf("the server: %v", err)
		}
	})
}

func TestAMistakeInTheTestIsAPanic(t *testing.T) {
	defer func() {
		var impossible *stream.ArgumentError
		if err, ok := recover().(error); !ok || !errors.As(err, &impossible) {
			t.Errorf("got %v", err)
		}
	}()
	streamtest.Pipe(stream.Standard, stream.MaxMessageSize(-1))
}

package stream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An expiring context has met its deadline once it was cancelled.
type expiring struct{ context.Context }

func (e expiring) Err() error {
	if e.Context.Err() != nil {
		return context.DeadlineExceeded
	}
	return nil
}

// boundEnds are calls that end a connection whose peer does not read, by their own bounds, once that has taken a few bytes; and
// calls that go on with the same.
var boundEnds = map[string]func(t *testing.T, c *conn, taken <-chan struct{}) (again []func() error, err error){
	"WriteBinary": func(_ *testing.T, c *conn, taken <-chan struct{}) ([]func() error, error) {
		return nil, c.WriteBinary(expiringBehind(taken), make([]byte, 64<<20))
	},
	"WriteFrame": func(_ *testing.T, c *conn, taken <-chan struct{}) ([]func() error, error) {
		return nil, c.WriteFrame(expiringBehind(taken), stream.Frame{Opcode: opcode.Binary, Payload: make([]byte, 64<<20)})
	},
	"Write": func(t *testing.T, c *conn, taken <-chan struct{}) ([]func() error, error) {
		w := newWriter(t, c, opcode.Binary, stream.SingleFrame(64<<20))
		write := func() error { _, err := w.Write(make([]byte, 64<<20)); return err }
		go func() {
			<-taken
			w.SetDeadline(past)
		}()
		return []func() error{write, w.Flush, w.Close, w.Close}, write()
	},
	"Shutdown": func(t *testing.T, c *conn, _ <-chan struct{}) ([]func() error, error) {
		return nil, c.Shutdown(brief(t), closecode.NormalClosure, "")
	},
}

func expiringBehind(taken <-chan struct{}) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-taken
		cancel()
	}()
	return expiring{ctx}
}

// A program that tries again after a deadline would do so for ever: so only the call that is told of its own bounds matches them.
func TestWhatABoundHasEndedMatchesItNoMore(t *testing.T) {
	for name, end := range boundEnds {
		for _, tr := range wstest.Transports {
			t.Run(name+"/"+tr.Name, func(t *testing.T) {
				t.Parallel()
				c, peer := unread(t, tr, stream.IdleTimeout(0))
				taken := make(chan struct{})
				go func() {
					defer close(taken)
					io.ReadFull(peer, make([]byte, 10)) // and nothing more
				}()
				again, err := end(t, c, taken)
				if !isDeadline(err) || !errors.Is(err, net.ErrClosed) || !errors.Is(err, c.Err()) || errors.Is(err, io.EOF) {
					t.Errorf("the call itself: %v", err)
				}
				calls := map[string]func() error{
					"Err":        c.Err,
					"Receive":    func() error { _, err := c.Receive(bg(t)); return err },
					"WriteText":  func() error { return c.WriteText(bg(t), "x") },
					"Ping":       func() error { return c.Ping(bg(t), nil) },
					"NewWriter":  func() error { _, err := c.NewWriter(bg(t), opcode.Text); return err },
					"Shutdown":   func() error { return c.Shutdown(bg(t), closecode.NormalClosure, "") },
					"CloseWrite": func() error { return c.CloseWrite(bg(t), closecode.NormalClosure, "") },
				}
				for i, call := range again {
					if err := call(); err == nil || isDeadline(err) {
						t.Errorf("call %d behind it: %v", i, err)
					}
				}
				for name, call := range calls {
					var timeout interface{ Timeout() bool }
					switch err := call(); {
					case err == nil && name == "CloseWrite": // the close frame was sent
					case isDeadline(err) || !errors.Is(err, net.ErrClosed):
						t.Errorf("%s behind it: %v", name, err)
					case !errors.As(err, &timeout) || !timeout.Timeout():
						t.Errorf("%s behind it is no timeout: %v", name, err)
					}
				}
			})
		}
	}
}

func isDeadline(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// The function of Decode may answer, and hand on what came of that.
func TestAllOfDecodeTellsOnceOfAnAnswerThatWasCut(t *testing.T) {
	taken := make(chan struct{})
	var c *stream.Conn[int]
	c, peer := openMode(t, stream.Decode(func(r *stream.Reader) (int, error) {
		if err := r.Close(); err != nil {
			return 0, err
		}
		return 0, c.WriteBinary(expiringBehind(taken), make([]byte, 64<<20))
	}), stream.IdleTimeout(0))
	peer.SendFrame(true, opcode.Text, "x")
	go func() {
		defer close(taken)
		io.ReadFull(peer, make([]byte, 10)) // and nothing more
	}()
	var told []error
	for _, err := range c.All(bg(t)) {
		told = append(told, err)
	}
	if len(told) != 1 || !isDeadline(told[0]) || !errors.Is(told[0], c.Err()) {
		t.Errorf("it has told %v", told)
	}
}

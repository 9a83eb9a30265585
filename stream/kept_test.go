package stream_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A message that came in one piece is not copied on its way to a Writer: it is sent from where it came to, unless something
// follows.
func TestWhatWasCopiedFromAReaderIsSentWhateverFollows(t *testing.T) {
	whole := strings.Repeat("0123456789abcde\n", 750) // is read at once, and too long to be copied behind a header
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("of a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		then func(t *testing.T, w *stream.Writer, r *stream.Reader, c *conn) error // between the copying and Close
		want string                                                                // behind the message
	}{
		{"nothing", func(*testing.T, *stream.Writer, *stream.Reader, *conn) error { return nil }, ""},
		{"an empty Write", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error { return writeTo(w, "") }, ""},
		{"a Write", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error { return writeTo(w, "behind") }, "behind"},
		{"a large Write", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error {
			return writeTo(w, strings.Repeat("x", 300_000))
		}, strings.Repeat("x", 300_000)},
		{"Flush", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error { return w.Flush() }, ""},
		{"ReadFrom", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error {
			_, err := w.ReadFrom(strings.NewReader("read"))
			return err
		}, "read"},
		{"ReadFrom a file", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error {
			f, err := os.Open(file)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = w.ReadFrom(f)
			return err
		}, "of a file"},
		{"copying on", func(_ *testing.T, w *stream.Writer, r *stream.Reader, _ *conn) error {
			_, err := io.Copy(w, r)
			return err
		}, ""},
		{"another message", func(t *testing.T, w *stream.Writer, _ *stream.Reader, c *conn) error {
			r, err := c.Receive(bg(t))
			if err != nil {
				return err
			}
			_, err = io.Copy(w, r)
			return err
		}, strings.ToUpper(whole)},
		{"another message that is read", func(t *testing.T, _ *stream.Writer, _ *stream.Reader, c *conn) error {
			if got := receiveAll(t, c); got != strings.ToUpper(whole) {
				t.Errorf("the other message has %d bytes", len(got))
			}
			return nil
		}, ""},
		{"a Close that is too late", func(_ *testing.T, w *stream.Writer, _ *stream.Reader, _ *conn) error {
			w.SetDeadline(time.Now().Add(-time.Second))
			if err := w.Close(); !errors.Is(err, os.ErrDeadlineExceeded) {
				return err
			}
			return w.SetDeadline(time.Time{})
		}, ""},
	} {
		for _, tr := range wstest.Transports {
			for _, fromServer := range []bool{true, false} {
				t.Run(tr.Name+", "+tt.name, func(t *testing.T) {
					t.Parallel()
					near, far := pair(t, tr)
					if fromServer {
						near, far = far, near
					}
					sent := make(chan error, 1)
					go func() {
						err := far.WriteText(context.Background(), whole)
						if strings.HasPrefix(tt.name, "another message") {
							err = errors.Join(err, far.WriteText(context.Background(), strings.ToUpper(whole)))
						}
						sent <- err
					}()
					copied := make(chan error, 1)
					go func() { copied <- copyThen(t, near, tt.then) }()
					if got := receiveAll(t, far); got != whole+tt.want {
						t.Errorf("%d bytes, want %d", len(got), len(whole+tt.want))
					}
					if err := errors.Join(<-copied, <-sent); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// copyThen copies the next message of c into one that is sent over it, and ends that one after then.
func copyThen(t *testing.T, c *conn, then func(*testing.T, *stream.Writer, *stream.Reader, *conn) error) error {
	r, err := c.Receive(bg(t))
	if err != nil {
		return err
	}
	w, err := c.NewWriter(bg(t), opcode.Text)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	if err := then(t, w, r, c); err != nil {
		return err
	}
	return w.Close()
}

func writeTo(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

// copyOne receives a message, and copies it to a Writer.
func copyOne(t *testing.T, c *conn) *stream.Writer {
	t.Helper()
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(t, c, opcode.Binary)
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	return w
}

// What was copied from a Reader is not sent when the Writer is aborted, and its memory is not lost.
func TestWhatWasCopiedFromAReaderIsGivenUpWithItsMessage(t *testing.T) {
	c, peer := serverAndPeer(t)
	go peer.SendFrame(true, opcode.Binary, strings.Repeat("x", 12_000))
	copyOne(t, c).Abort()
	if err := c.WriteText(bg(t), "the next"); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Text, "the next")
}

// Flush sends what was copied from a Reader.
func TestWhatWasCopiedFromAReaderIsFlushed(t *testing.T) {
	c, peer := serverAndPeer(t)
	whole := strings.Repeat("x", 12_000)
	go peer.SendFrame(true, opcode.Binary, whole)
	w := copyOne(t, c)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	peer.Want(false, opcode.Binary, whole)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Continuation, "")
}

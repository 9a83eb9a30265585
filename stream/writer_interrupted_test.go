package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

const interruptedSize = 600 << 10

// interrupting has test write a message whose calls are interrupted, from both roles, compressed and not. Where begun is
// set, a fragment with "head" has left before.
func interrupting(t *testing.T, test func(t *testing.T, w *stream.Writer), check func(t *testing.T, begun bool, got heard)) {
	t.Helper()
	for i := range 8 {
		server, compressing, begun := i&1 != 0, i&2 != 0, i&4 != 0
		t.Run(fmt.Sprintf("server %v/compressed %v/begun %v", server, compressing, begun), func(t *testing.T) {
			a, b := wstest.TCP(t)
			c := openEnd(t, a, server, compressing, stream.CloseTimeout(time.Second))
			came := listen(t, wstest.NewPeer(t, b, !server))
			w := newWriter(t, c, opcode.Binary)
			if begun {
				io.WriteString(w, "head")
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			test(t, w)
			w.Abort() // for a test that failed
			c.Close()
			check(t, begun, <-came)
		})
	}
}

// wantNoMessage is for a message that Close has given up.
func wantNoMessage(t *testing.T, begun bool, got heard) {
	t.Helper()
	if len(got.messages) > 0 || got.open != begun {
		t.Errorf("the peer got %d messages, another is open: %v, want %v", len(got.messages), got.open, begun)
	}
	code := closecode.NormalClosure
	if begun {
		code = closecode.InternalError
	}
	if !strings.HasPrefix(got.closing, wstest.ClosePayload(code, "")) {
		t.Errorf("the peer got the close frame %q, want code %d", got.closing, code)
	}
}

// wantMessageOf is for a message that went on to its end.
func wantMessageOf(want []byte) func(*testing.T, bool, heard) {
	return func(t *testing.T, begun bool, got heard) {
		t.Helper()
		want := string(want)
		if begun {
			want = "head" + want
		}
		if len(got.messages) != 1 || got.messages[0] != want || got.open {
			t.Errorf("the peer got %d messages of %d bytes, another is open: %v; want one of %d",
				len(got.messages), len(strings.Join(got.messages, "")), got.open, len(want))
		}
	}
}

// interruptedWrite begins to write p, and returns what was not taken of it.
func interruptedWrite(t *testing.T, w *stream.Writer, p []byte) (missing []byte) {
	t.Helper()
	w.SetDeadline(past)
	n, err := w.Write(p)
	w.SetDeadline(time.Time{})
	if n >= len(p) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Write behind its deadline: %d of %d, %v", n, len(p), err)
	}
	return p[n:]
}

// wantInterrupted checks that err is still that of the call that was interrupted.
func wantInterrupted(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%s: %v, want the error of the call that was interrupted", what, err)
	}
}

// An pieceByPiece source writes its pieces, and gives up at the first error.
type pieceByPiece [][]byte

func (p pieceByPiece) Read([]byte) (int, error) { panic("WriteTo is to be called") }

func (p pieceByPiece) WriteTo(w io.Writer) (total int64, err error) {
	for _, piece := range p {
		n, err := w.Write(piece)
		if total += int64(n); err != nil {
			return total, err
		}
	}
	return total, nil
}

// The source has given up, and what it has not written is missing.
func TestAMessageWhoseCopyWasInterruptedHasNoEnd(t *testing.T) {
	for name, first := range map[string]int{"in the first piece": interruptedSize, "in the second piece": 10} {
		t.Run(name, func(t *testing.T) {
			interrupting(t, func(t *testing.T, w *stream.Writer) {
				w.SetDeadline(past)
				n, err := io.Copy(w, pieceByPiece{data[:first], data[:interruptedSize], data[:interruptedSize]})
				if n >= int64(first+2*interruptedSize) {
					t.Errorf("Copy: %d bytes", n)
				}
				wantInterrupted(t, "Copy", err)
				w.SetDeadline(time.Time{})
				wantInterrupted(t, "Close", w.Close())
			}, wantNoMessage)
		})
	}
}

func TestAnInterruptedWriteIsNotMendedByASourceOfOtherBytes(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		missing := interruptedWrite(t, w, data[:interruptedSize])
		_, err := w.ReadFrom(bytesOnly{bytes.NewReader(data[1 : interruptedSize+1])})
		wantInterrupted(t, "ReadFrom", err)
		_, err = w.Write(missing)
		wantInterrupted(t, "Write behind that", err)
		wantInterrupted(t, "Close", w.Close())
	}, func(t *testing.T, _ bool, got heard) {
		wantNoMessage(t, got.open, got) // some may have left before it was seen that they are others
	})
}

func TestAnInterruptedWriteIsNotMendedByASourceOfTooFewBytes(t *testing.T) {
	for _, few := range []string{"", "few"} {
		interrupting(t, func(t *testing.T, w *stream.Writer) {
			interruptedWrite(t, w, data[:interruptedSize])
			if n, err := w.ReadFrom(strings.NewReader(few)); int(n) != len(few) || err != nil {
				t.Errorf("ReadFrom: %d, %v", n, err)
			}
			wantInterrupted(t, "Close", w.Close())
		}, func(t *testing.T, _ bool, got heard) { wantNoMessage(t, got.open, got) })
	}
}

func TestAnInterruptedWriteGoesOnByASourceOfTheMissingBytes(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		missing := interruptedWrite(t, w, data[:interruptedSize])
		n, err := w.ReadFrom(io.MultiReader(iotest.HalfReader(bytes.NewReader(missing)), strings.NewReader("more")))
		if int(n) != len(missing)+4 || err != nil {
			t.Errorf("ReadFrom: %d, %v", n, err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}, wantMessageOf(append(bytes.Clone(data[:interruptedSize]), "more"...)))
}

func TestAnInterruptedReadFromGoesOnByAWrite(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		w.SetDeadline(past)
		n, err := w.ReadFrom(bytesOnly{bytes.NewReader(data[:interruptedSize])})
		wantInterrupted(t, "ReadFrom", err)
		if _, err := w.Write(data[n:interruptedSize]); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
		w.SetDeadline(time.Time{})
		if _, err := w.Write(data[n:interruptedSize]); err != nil {
			t.Errorf("Write, again: %v", err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}, wantMessageOf(data[:interruptedSize]))
}

func TestAnInterruptedReadFromGoesOnByAReadFrom(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		src := bytesOnly{bytes.NewReader(data[:interruptedSize])}
		w.SetDeadline(past)
		n, err := w.ReadFrom(src)
		wantInterrupted(t, "ReadFrom", err)
		w.SetDeadline(time.Time{})
		m, err := w.ReadFrom(src)
		if n+m != interruptedSize || err != nil {
			t.Errorf("ReadFrom: %d and %d of %d, %v", n, m, interruptedSize, err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}, wantMessageOf(data[:interruptedSize]))
}

func TestAnInterruptedWriteGoesOnByTheMissingBytes(t *testing.T) {
	write := func(w *stream.Writer, p []byte) (int, error) { return w.Write(p) }
	writeString := func(w *stream.Writer, p []byte) (int, error) { return w.WriteString(string(p)) }
	for name, tt := range map[string]struct {
		write func(*stream.Writer, []byte) (int, error)
		calls int
	}{
		"in one call":              {write, 1},
		"in two calls":             {write, 2},
		"in many calls":            {write, 100},
		"by WriteString":           {writeString, 1},
		"by WriteString in pieces": {writeString, 7},
	} {
		t.Run(name, func(t *testing.T) {
			interrupting(t, func(t *testing.T, w *stream.Writer) {
				w.SetDeadline(past)
				n, err := tt.write(w, data[:interruptedSize])
				if wantInterrupted(t, "Write", err); n >= interruptedSize {
					t.Errorf("it has taken all %d bytes", n)
				}
				w.SetDeadline(time.Time{})
				missing := data[n:interruptedSize]
				for size := len(missing)/tt.calls + 1; len(missing) > 0; {
					size = min(size, len(missing))
					if n, err := tt.write(w, missing[:size]); n != size || err != nil {
						t.Errorf("Write of what is missing: %d of %d, %v", n, size, err)
					}
					missing = missing[size:]
				}
				if err := w.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}, wantMessageOf(data[:interruptedSize]))
		})
	}
}

func TestAnInterruptedWriteGoesOnByTheMissingBytesAndMore(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		missing := interruptedWrite(t, w, data[:interruptedSize])
		p := append(bytes.Clone(missing), "more"...)
		if n, err := w.Write(p); n != len(p) || err != nil {
			t.Errorf("Write: %d of %d, %v", n, len(p), err)
		}
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}, wantMessageOf(append(bytes.Clone(data[:interruptedSize]), "more"...)))
}

func TestAnInterruptedWriteIsNotMendedByOtherBytes(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		missing := interruptedWrite(t, w, data[:interruptedSize])
		other := bytes.Clone(missing)
		other[len(other)-1] ^= 1
		_, err := w.Write(other)
		wantInterrupted(t, "Write of other bytes", err)
		_, err = w.Write(missing)
		wantInterrupted(t, "Write behind that", err)
		wantInterrupted(t, "Close", w.Close())
	}, wantNoMessage)
}

func TestAnInterruptedWriteIsNotMendedByLessThanIsMissing(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		missing := interruptedWrite(t, w, data[:interruptedSize])
		less := max(0, len(missing)-1)
		if n, err := w.Write(missing[:less]); n != less || err != nil {
			t.Errorf("Write of what is missing, but for a byte: %d of %d, %v", n, less, err)
		}
		wantInterrupted(t, "Close", w.Close())
	}, func(t *testing.T, _ bool, got heard) {
		wantNoMessage(t, true, got) // a part of the bytes has left
	})
}

// Sizes around those of fragments, and of what is compressed at once.
func TestAWriteTakesAllIfAndOnlyIfItSucceeds(t *testing.T) {
	sizes := []int{1, 10, 999, 1500, 32<<10 - 1, 40_000, 300_000, 5}
	var total int
	for _, size := range sizes {
		total += size
	}
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		p := data[:total]
		for _, size := range sizes {
			w.SetDeadline(past)
			n, err := w.Write(p[:size])
			if (n == size) != (err == nil) {
				t.Errorf("Write: %d of %d, %v", n, size, err)
			}
			w.SetDeadline(time.Time{})
			if err != nil && n < size {
				m, err := w.Write(p[n:size])
				if n += m; n != size || err != nil {
					t.Errorf("Write of what is missing: %d of %d, %v", n, size, err)
				}
			}
			p = p[size:]
		}
		if err := w.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}, wantMessageOf(data[:total]))
}

func TestAnInterruptedFlushOrCloseIsCalledAgain(t *testing.T) {
	interrupting(t, func(t *testing.T, w *stream.Writer) {
		io.WriteString(w, "hello ")
		wantCalledAgain(t, w, "Flush", w.Flush)
		io.WriteString(w, "world")
		wantCalledAgain(t, w, "Close", w.Close)
	}, wantMessageOf([]byte("hello world")))
}

func wantCalledAgain(t *testing.T, w *stream.Writer, name string, call func() error) {
	t.Helper()
	w.SetDeadline(past)
	wantInterrupted(t, name, call())
	w.SetDeadline(time.Time{})
	if err := call(); err != nil {
		t.Errorf("%s, again: %v", name, err)
	}
}

// What a client gathers is masked where it is, for each attempt anew.
func TestASingleFrameThatWasInterruptedIsSentAsItWas(t *testing.T) {
	for _, size := range []int{5, 100_000} {
		a, b := net.Pipe()
		c := open(t, a, false)
		w := newWriter(t, c, opcode.Binary, stream.SingleFrame(size))
		w.SetDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := w.ReadFrom(bytesOnly{bytes.NewReader(data[:size])})
		if err == nil {
			err = w.Flush()
		}
		if n != int64(size) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ReadFrom of %d bytes: %d, %v", size, n, err)
		}
		w.SetDeadline(time.Time{})
		closed := make(chan error, 1)
		go func() {
			_, err := w.ReadFrom(strings.NewReader(""))
			closed <- errors.Join(err, w.Close())
		}()
		wstest.NewPeer(t, b, true).Want(true, opcode.Binary, string(data[:size]))
		if err := <-closed; err != nil {
			t.Error(err)
		}
		c.Abort()
	}
}

package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// drain receives until the end, and returns the messages that were whole, and the error.
func drain(t testing.TB, c *conn) (whole []string, err error) {
	t.Helper()
	for {
		r, err := c.Receive(bg(t))
		if err != nil {
			return whole, err
		}
		p, err := io.ReadAll(r)
		if err != nil {
			if errors.Is(err, io.EOF) {
				t.Errorf("an error in mid-message matches io.EOF: %v", err)
			}
			return whole, err
		}
		whole = append(whole, string(p))
	}
}

func TestAConnectionThatIsCutAtAnyByteNeverLooksWhole(t *testing.T) {
	for _, server := range []bool{true, false} {
		for _, tr := range wstest.Transports {
			t.Run(fmt.Sprintf("%s, server %v", tr.Name, server), func(t *testing.T) {
				t.Parallel()
				p := wstest.NewPeer(t, nil, !server)
				frames := [][]byte{
					p.Frame(true, opcode.Text, "one"),
					p.Frame(false, opcode.Text, "t"),
					p.Frame(true, opcode.Ping, ""),
					p.Frame(false, opcode.Continuation, ""),
					p.Frame(true, opcode.Continuation, "wö"),
					p.Frame(true, opcode.Binary, strings.Repeat("3", 130)),
					p.Frame(true, opcode.Close, wstest.ClosePayload(1000, "")),
				}
				all := bytes.Join(frames, nil)
				messages := []string{"one", "twö", strings.Repeat("3", 130)}
				ends := []int{len(frames[0]), len(bytes.Join(frames[:5], nil)), len(bytes.Join(frames[:6], nil))}
				for cut := range len(all) + 1 {
					a, b := tr.Pair(t)
					c := open(t, a, server)
					go io.Copy(io.Discard, b)
					go func() {
						b.Write(all[:cut])
						b.Close()
					}()
					whole, err := drain(t, c)
					n := 0
					for n < len(ends) && ends[n] <= cut {
						n++
					}
					if got, want := fmt.Sprint(whole), fmt.Sprint(messages[:n]); got != want {
						t.Errorf("cut at %d: got %v, want %v", cut, got, want)
					}
					if cut == len(all) {
						if !errors.Is(err, io.EOF) {
							t.Errorf("uncut: %v", err)
						}
					} else if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
						t.Errorf("cut at %d: %v", cut, err)
					}
					c.Close()
				}
			})
		}
	}
}

func TestAPeerThatStopsReadingAtAnyByteNeverHangsAWriter(t *testing.T) {
	for _, server := range []bool{true, false} {
		for _, tr := range wstest.Transports {
			t.Run(fmt.Sprintf("%s, server %v", tr.Name, server), func(t *testing.T) {
				t.Parallel()
				sent := (2 + 9) + (2 + 4) + (2 + 4) + (2 + 2) // what follows, all in all
				if !server {
					sent += 4 * 4
				}
				for cut := range sent {
					a, b := tr.Pair(t)
					c := open(t, a, server)
					go func() {
						io.CopyN(io.Discard, b, int64(cut))
						b.Close()
					}()
					err := func() error {
						if err := c.WriteText(bg(t), "a message"); err != nil {
							return err
						}
						w, err := c.NewWriter(bg(t), opcode.Binary)
						if err != nil {
							return err
						}
						defer w.Abort()
						io.WriteString(w, "frag")
						if err := w.Flush(); err != nil {
							return err
						}
						io.WriteString(w, "ment")
						if err := w.Close(); err != nil {
							return err
						}
						return c.Shutdown(bg(t), closecode.NormalClosure, "")
					}()
					if err == nil {
						t.Errorf("cut at %d: no error", cut)
					}
					if errors.Is(err, io.EOF) {
						t.Errorf("cut at %d: a write error matches io.EOF: %v", cut, err)
					}
					c.Close()
				}
			})
		}
	}
}

func TestACloseFrameInMidMessageIsTruncation(t *testing.T) {
	server, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Text, "half")
	peer.SendClose(1000, "done")
	r, err := server.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := io.ReadAll(r)
	var closed *stream.CloseError
	if string(p) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		!errors.As(err, &closed) || closed.Code != 1000 || closed.Reason != "done" {
		t.Errorf("got %q, %v", p, err)
	}
	peer.WantClose(1000)
	// The connection itself ended in order.
	if _, err := server.Receive(bg(t)); !errors.Is(err, io.EOF) {
		t.Errorf("Receive: %v", err)
	}
}

func TestTLSThatIsCutWithoutItsEndIsTruncation(t *testing.T) {
	a, b := wstest.TLS(t)
	client := open(t, a, false)
	peer := wstest.NewPeer(t, b, true)
	peer.SendFrame(false, opcode.Binary, "half")
	b.NetConn().Close() // no close_notify
	_, err := drain(t, client)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

var errSource = errors.New("the disk is on fire")

func TestAFailedSourceNeverEndsItsMessage(t *testing.T) {
	tests := []struct {
		name string
		size int  // bytes before the failure
		left bool // a fragment has left by then
	}{
		{"at once", 0, false},
		{"before a fragment has left", 1000, false},
		{"after a fragment has left", 1 << 20, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, server := pair(t, wstest.Transports[0])
			result := make(chan error, 1)
			go func() {
				_, err := drain(t, server)
				result <- err
			}()
			w, err := client.NewWriter(bg(t), opcode.Binary)
			if err != nil {
				t.Fatal(err)
			}
			src := io.MultiReader(bytes.NewReader(make([]byte, tt.size)), failing{errSource})
			if n, err := io.Copy(w, src); n != int64(tt.size) || !errors.Is(err, errSource) {
				t.Errorf("Copy: %d, %v", n, err)
			}
			if _, err := w.Write([]byte("more")); !errors.Is(err, errSource) {
				t.Errorf("Write: %v", err)
			}
			for range 2 {
				if err := w.Close(); !errors.Is(err, errSource) {
					t.Errorf("Close: %v", err)
				}
			}
			if client.Connected() == tt.left {
				t.Errorf("Connected is %v", client.Connected())
			}
			if !tt.left {
				client.Shutdown(bg(t), closecode.GoingAway, "")
			} else if err := client.WriteText(bg(t), "x"); !errors.Is(err, net.ErrClosed) || !errors.Is(err, errSource) {
				t.Errorf("WriteText: %v", err)
			}
			var closed *stream.CloseError
			err = <-result
			if !errors.As(err, &closed) || (closed.Code == closecode.InternalError) != tt.left {
				t.Errorf("the peer got %v", err)
			}
			if tt.left != errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the peer got %v", err)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestAbortNeverEndsItsMessage(t *testing.T) {
	t.Run("before a fragment has left", func(t *testing.T) {
		client, server := pair(t, wstest.Transports[0])
		w, err := client.NewWriter(bg(t), opcode.Binary)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "never")
		w.Abort()
		if err := w.Close(); !errors.Is(err, stream.ErrAborted) {
			t.Errorf("Close: %v", err)
		}
		if err := client.WriteText(bg(t), "still here"); err != nil {
			t.Fatal(err)
		}
		if got := receiveAll(t, server); got != "still here" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("after a fragment has left", func(t *testing.T) {
		client, peer := clientAndPeer(t)
		w, err := client.NewWriter(bg(t), opcode.Binary)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "half")
		w.Flush()
		go func() {
			defer peer.Close()
			peer.Want(false, opcode.Binary, "half")
			peer.WantClose(closecode.InternalError)
			peer.WantEnd()
		}()
		w.Abort()
		if err := w.Close(); !errors.Is(err, stream.ErrAborted) {
			t.Errorf("Close: %v", err)
		}
		if err := client.Err(); !errors.Is(err, stream.ErrAborted) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("Err: %v", err)
		}
	})
	t.Run("after Close", func(t *testing.T) {
		client, server := pair(t, wstest.Transports[0])
		func() {
			w, err := client.NewWriter(bg(t), opcode.Binary)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			io.WriteString(w, "whole")
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}()
		if got := receiveAll(t, server); got != "whole" || !client.Connected() {
			t.Errorf("got %q", got)
		}
	})
}

func TestAFileThatShrinksFailsTheConnection(t *testing.T) {
	for _, tr := range wstest.Transports[:2] {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			f, err := os.Create(filepath.Join(t.TempDir(), "f"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Truncate(64 << 20); err != nil {
				t.Fatal(err)
			}
			sent := make(chan error, 1)
			go func() {
				w, err := server.NewWriter(bg(t), opcode.Binary, stream.SingleFrame(64<<20))
				if err != nil {
					sent <- err
					return
				}
				io.Copy(w, f)
				sent <- w.Close()
			}()
			r, err := client.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			f.Truncate(1 << 20)
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("the receiver got %v", err)
			}
			if err := <-sent; err == nil {
				t.Error("Close succeeded")
			}
			if server.Connected() {
				t.Error("the connection goes on")
			}
		})
	}
}

// An uploader that is refused learns why, and not only that the connection is gone.
func TestAWriterLearnsWhyThePeerLeft(t *testing.T) {
	for _, tr := range wstest.Transports[:3] {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr, stream.CloseTimeout(200*time.Millisecond))
			go func() {
				server.Receive(bg(t))
				server.Shutdown(bg(t), closecode.PolicyViolation, "not here")
			}()
			w, err := client.NewWriter(bg(t), opcode.Binary)
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.Copy(w, endless{})
			var closed *stream.CloseError
			if !errors.As(err, &closed) || closed.Code != closecode.PolicyViolation || closed.Reason != "not here" {
				t.Errorf("Copy: %v", err)
			}
		})
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// That nothing can be written any more is no reason to lose what has come.
func TestMessagesAreReceivedAfterAWriteHasFailed(t *testing.T) {
	for _, tr := range wstest.Transports {
		for _, server := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, server %v", tr.Name, server), func(t *testing.T) {
				a, b := tr.Pair(t)
				c := open(t, &deafTransport{ReadWriteCloser: a}, server)
				peer := wstest.NewPeer(t, b, !server)
				go func() {
					peer.SendFrame(true, opcode.Ping, "")
					peer.SendFrame(true, opcode.Text, "one")
					peer.SendFrame(false, opcode.Text, "tw")
					peer.SendFrame(true, opcode.Continuation, "o")
					peer.SendClose(closecode.GoingAway, "bye")
				}()
				for range 2 {
					if err := c.WriteText(bg(t), "x"); !errors.Is(err, net.ErrClosed) || !errors.Is(err, errDeaf) {
						t.Errorf("WriteText: %v", err)
					}
				}
				if c.Writable() || !c.Connected() {
					t.Error("the properties say otherwise")
				}
				whole, err := drain(t, c)
				var closed *stream.CloseError
				if fmt.Sprint(whole) != "[one two]" || !errors.As(err, &closed) || closed.Reason != "bye" {
					t.Errorf("got %v, %v", whole, err)
				}
				if err := c.WriteText(bg(t), "x"); !errors.Is(err, net.ErrClosed) || !errors.As(err, &closed) {
					t.Errorf("WriteText at the end: %v", err)
				}
			})
		}
	}
}

var errDeaf = errors.New("nobody listens")

// A deafTransport can be read, and not written to.
type deafTransport struct{ io.ReadWriteCloser }

func (deafTransport) Write([]byte) (int, error) { return 0, errDeaf }

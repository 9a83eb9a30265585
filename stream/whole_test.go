package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// reads are the ways to read a message whole.
var reads = map[string]func(*stream.Reader) (string, error){
	"Bytes": func(r *stream.Reader) (string, error) {
		p, err := r.Bytes()
		return string(p), err
	},
	"Text": (*stream.Reader).Text,
	"Buffers": func(r *stream.Reader) (string, error) {
		bufs, err := r.Buffers()
		return string(bytes.Join(bufs, nil)), err
	},
}

func TestReadingAMessageWhole(t *testing.T) {
	for name, read := range reads {
		for _, size := range []int{0, 1, 5000, 64 << 10, 64<<10 + 1, 300 << 10} {
			t.Run(name, func(t *testing.T) {
				c, peer := serverAndPeer(t)
				want := string(data[:size])
				go func() {
					peer.SendFrame(true, opcode.Binary, want)
					peer.SendFrame(false, opcode.Binary, want[:size/3])
					peer.SendFrame(true, opcode.Ping, "")
					peer.SendFrame(false, opcode.Continuation, "")
					peer.SendFrame(true, opcode.Continuation, want[size/3:])
					peer.SendFrame(true, opcode.Text, "end")
				}()
				for i := range 2 {
					r, err := c.Receive(bg(t))
					if err != nil {
						t.Fatal(err)
					}
					begun := make([]byte, min(size, 1)*i) // the second time, something was read already
					if _, err := io.ReadFull(r, begun); err != nil {
						t.Fatal(err)
					}
					if got, err := read(r); err != nil || string(begun)+got != want {
						t.Errorf("%d bytes, %v; want %d", len(got), err, size)
					}
					if got, err := read(r); err != nil || got != "" {
						t.Errorf("once more: %d bytes, %v", len(got), err)
					}
				}
				if got := receiveAll(t, c); got != "end" {
					t.Errorf("behind it %q", got)
				}
			})
		}
	}
}

func TestReadingAMessageWholeReturnsWhatCame(t *testing.T) {
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			c, peer := serverAndPeer(t)
			peer.SendFrame(false, opcode.Binary, "half")
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Fatal(err)
			}
			r.SetDeadline(time.Now().Add(20 * time.Millisecond))
			got, err := read(r)
			if got != "half" || err == nil {
				t.Errorf("until the deadline %q, %v", got, err)
			}
			r.SetDeadline(time.Time{})
			peer.SendFrame(false, opcode.Continuation, "more")
			peer.Close()
			if got, err := read(r); got != "more" || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				t.Errorf("until the end %q, %v", got, err)
			}
			if _, err := read(r); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("after it %v", err)
			}
			r.Close()
			if _, err := read(r); err != stream.ErrStale {
				t.Errorf("after Close %v", err)
			}
		})
	}
}

func TestBuffersAreNotCopied(t *testing.T) {
	c, peer := serverAndPeer(t)
	go peer.SendFrame(true, opcode.Binary, string(data[:150<<10]))
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	bufs, err := r.Buffers()
	if err != nil || len(bufs) != 3 || len(bufs[0]) != 64<<10 || cap(bufs[2]) != 22<<10 {
		t.Errorf("%d buffers, %v", len(bufs), err)
	}
}

func TestWriteBuffers(t *testing.T) {
	large := string(data[:100<<10])
	for _, server := range []bool{true, false} {
		for _, tr := range wstest.Transports {
			for _, parts := range [][]string{nil, {""}, {"a"}, {"ä", "", "b"}, {"\xc3", "\xa4"}, {large}, {"a", large, "b", large, large}} {
				t.Run(tr.Name, func(t *testing.T) {
					a, b := tr.Pair(t)
					c := open(t, a, server)
					var bufs net.Buffers
					for _, p := range parts {
						bufs = append(bufs, []byte(p))
					}
					written := make(chan error, 1)
					go func() { written <- c.WriteBuffers(bg(t), opcode.Binary, bufs) }()
					wstest.NewPeer(t, b, !server).Want(true, opcode.Binary, strings.Join(parts, ""))
					if err := <-written; err != nil {
						t.Error(err)
					}
					for i, p := range parts {
						if string(bufs[i]) != p {
							t.Errorf("buffer %d was changed", i)
						}
					}
				})
			}
		}
	}
}

func TestWriteBuffersRefusesWhatIsNoMessage(t *testing.T) {
	c, peer := serverAndPeer(t)
	for _, parts := range []net.Buffers{{[]byte("\xc3")}, {[]byte("\xc3"), []byte("(")}, {[]byte("a\xff"), []byte("b")}} {
		wantRefusal(t, c.WriteBuffers(bg(t), opcode.Text, parts))
	}
	for _, op := range []opcode.Opcode{opcode.Continuation, opcode.Ping, opcode.Close, 3} {
		wantRefusal(t, c.WriteBuffers(bg(t), op, nil))
	}
	if err := c.WriteBuffers(ended(t), opcode.Text, nil); err != context.Canceled {
		t.Errorf("got %v", err)
	}
	if err := c.WriteBuffers(bg(t), opcode.Text, net.Buffers{[]byte("\xc3"), []byte("\xa4")}); err != nil {
		t.Error(err)
	}
	peer.Want(true, opcode.Text, "ä")
}

func TestWrite(t *testing.T) {
	for _, server := range []bool{true, false} {
		c, peer := endAndPeer(t, server)
		for _, tt := range []struct {
			op opcode.Opcode
			p  string
		}{{opcode.Text, ""}, {opcode.Text, "ä"}, {opcode.Binary, "\xff"}, {opcode.Binary, string(data[:100<<10])}} {
			p := []byte(tt.p)
			written := make(chan error, 1)
			go func() { written <- c.Write(bg(t), tt.op, p) }()
			peer.Want(true, tt.op, tt.p)
			if err := <-written; err != nil || string(p) != tt.p {
				t.Errorf("%v %.10q: %v, or it was changed", tt.op, tt.p, err)
			}
		}
		wantRefusal(t, c.Write(bg(t), opcode.Text, []byte("a\xff")))
		for _, op := range []opcode.Opcode{opcode.Continuation, opcode.Ping, opcode.Close, 3, 255} {
			wantRefusal(t, c.Write(bg(t), op, nil))
		}
		if err := c.Write(ended(t), opcode.Text, nil); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	}
}

func wantRefusal(t testing.TB, err error) {
	t.Helper()
	var refused *stream.ArgumentError
	if !errors.As(err, &refused) {
		t.Errorf("got %v, want an ArgumentError", err)
	}
}

func TestPreparedMessages(t *testing.T) {
	original := bytes.Clone(data[:20<<10])
	p, err := stream.Prepare(opcode.Binary, original)
	if err != nil {
		t.Fatal(err)
	}
	want := string(original)
	clear(original) // it was copied
	for _, server := range []bool{true, false} {
		for range 2 {
			c, peer := endAndPeer(t, server)
			go func() {
				if err := c.WritePrepared(bg(t), p); err != nil {
					t.Error(err)
				}
			}()
			peer.Want(true, opcode.Binary, want)
			if err := c.WritePrepared(ended(t), p); err != context.Canceled {
				t.Errorf("got %v", err)
			}
		}
	}
	_, err = stream.Prepare(opcode.Text, []byte("\xff"))
	wantRefusal(t, err)
	_, err = stream.Prepare(opcode.Ping, nil)
	wantRefusal(t, err)
}

func TestAWriterHasItsOwnFragmentSize(t *testing.T) {
	c, peer := serverAndPeer(t, stream.FragmentSize(3))
	for _, tt := range []struct {
		opts []stream.WriterOption
		want []string
	}{
		{nil, []string{"abc", "def"}},
		{[]stream.WriterOption{stream.FragmentSize(4)}, []string{"abcd", "ef"}},
		{[]stream.WriterOption{stream.FragmentSize(2), stream.FragmentSize(100)}, []string{"abcdef"}},
	} {
		w := newWriter(t, c, opcode.Text, tt.opts...)
		io.WriteString(w, "abcdef")
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		op := opcode.Text
		for i, part := range tt.want {
			peer.Want(i == len(tt.want)-1, op, part)
			op = opcode.Continuation
		}
	}
	_, err := c.NewWriter(bg(t), opcode.Text, stream.FragmentSize(-1), stream.FragmentSize(1))
	wantRefusal(t, err)
}

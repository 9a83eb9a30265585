package stream_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A recording is a transport that has bytes to be read, and keeps what is written.
type recording struct {
	*bytes.Reader
	written bytes.Buffer
}

func (r *recording) Write(p []byte) (int, error) { return r.written.Write(p) }
func (r *recording) Close() error                { return nil }

// 10 MiB that inflate to 10 GiB fail at the limit, whoever receives them, and take no more memory than a message may.
func TestABombFailsAtTheLimit(t *testing.T) {
	const limit = 64 << 20 // the default
	var mebibyte bytes.Buffer
	w, err := flate.NewWriter(&mebibyte, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, 1<<20))
	w.Flush()
	bomb := strings.Repeat(mebibyte.String(), 10<<10) + "\x00"
	if len(bomb) > 11<<20 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	peer := wstest.NewPeer(t, nil, false)
	whole := peer.FrameOf(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Binary, Length: int64(len(bomb))}, bomb)
	fragments := peer.FrameOf(frame.Header{RSV1: true, Opcode: opcode.Binary}, "")
	for rest := bomb; rest != ""; {
		n := min(len(rest), 100_000)
		fragments = append(fragments, peer.Frame(n == len(rest), opcode.Continuation, rest[:n])...)
		rest = rest[n:]
	}

	standard := func(t *testing.T, rwc io.ReadWriteCloser, d stream.Deflate) error {
		r, err := openDeflate(t, rwc, true, stream.Standard, d).Receive(bg(t))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r)
		return err
	}
	discarded := func(t *testing.T, rwc io.ReadWriteCloser, d stream.Deflate) error {
		c := openDeflate(t, rwc, true, stream.Standard, d)
		if _, err := c.Receive(bg(t)); err != nil {
			return err
		}
		_, err := c.Receive(bg(t))
		return err
	}
	decode := func(t *testing.T, rwc io.ReadWriteCloser, d stream.Deflate) error {
		mode := stream.Decode(func(r *stream.Reader) (int64, error) { return io.Copy(io.Discard, r) })
		_, err := openDeflate(t, rwc, true, mode, d).Receive(bg(t))
		return err
	}
	in := func(mode stream.Mode[stream.Message]) func(*testing.T, io.ReadWriteCloser, stream.Deflate) error {
		return func(t *testing.T, rwc io.ReadWriteCloser, d stream.Deflate) error {
			_, err := openDeflate(t, rwc, true, mode, d).Receive(bg(t))
			return err
		}
	}
	tests := []struct {
		name     string
		receive  func(*testing.T, io.ReadWriteCloser, stream.Deflate) error
		wire     []byte
		takeover bool
		most     uint64 // that may be allocated, in all
	}{
		{"Standard", standard, whole, true, 1 << 20},
		{"Standard, fragments", standard, fragments, true, 1 << 20},
		{"Standard, nothing kept", standard, whole, false, 1 << 20},
		{"discarded", discarded, whole, true, 1 << 20},
		{"discarded, fragments", discarded, fragments, true, 1 << 20},
		{"Decode", decode, whole, true, 1 << 20},
		{"Decode, fragments", decode, fragments, true, 1 << 20},
		{"Simple", in(stream.Simple), whole, true, 4 * limit}, // it holds the message, in memory that is allocated as it grows
		{"Simple, fragments", in(stream.Simple), fragments, true, 4 * limit},
		{"Lite", in(stream.Lite), whole, true, 4 * limit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			transport := &recording{Reader: bytes.NewReader(tt.wire)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := tt.receive(t, transport, stream.Deflate{ClientNoContextTakeover: !tt.takeover})
			runtime.ReadMemStats(&after)
			var over *stream.LimitError
			if !errors.As(err, &over) || over.Limit != limit {
				t.Errorf("got %v", err)
			}
			got := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d KiB were allocated, %d KiB read", got>>10, (int64(len(tt.wire))-int64(transport.Len()))>>10)
			if got > tt.most && !raceEnabled {
				t.Errorf("%d KiB were allocated", got>>10)
			}
			peer := wstest.NewPeer(t, struct {
				io.ReadCloser
				io.Writer
			}{io.NopCloser(&transport.written), nil}, false)
			if reason := peer.WantClose(closecode.MessageTooBig); !strings.Contains(reason, "message is larger than") {
				t.Errorf("the reason is %q", reason)
			}
		})
	}
}

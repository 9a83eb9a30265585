package stream_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// endOfPayload is what a payload is inflated with: the end that its sender has left out (RFC 7692, section 7.2.2), and a
// final block, which a reader of deflate streams waits for.
const endOfPayload = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// The bits of how, in FuzzInflate.
const (
	inMode     = 3 // a receiver below
	withoutOld = 1 << 2
	inFrames   = 1 << 3 // two, but for mode Lite
	inPieces   = 1 << 4 // of the transport
)

// inflating are the ways to receive a message: what came, and how it ended.
var inflating = [inMode + 1]func(testing.TB, io.ReadWriteCloser, stream.Deflate) func() ([]byte, error){
	func(t testing.TB, rwc io.ReadWriteCloser, d stream.Deflate) func() ([]byte, error) {
		c := openDeflate(t, rwc, true, stream.Standard, d, stream.MaxMessageSize(fuzzLimit))
		return func() ([]byte, error) {
			r, err := c.Receive(bg(t))
			if err != nil {
				return nil, err
			}
			return r.Bytes()
		}
	},
	func(t testing.TB, rwc io.ReadWriteCloser, d stream.Deflate) func() ([]byte, error) {
		c := openDeflate(t, rwc, true, stream.Standard, d, stream.MaxMessageSize(fuzzLimit))
		return func() ([]byte, error) {
			r, err := c.Receive(bg(t))
			if err != nil {
				return nil, err
			}
			var b bytes.Buffer
			_, err = io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{r}, make([]byte, 1+fuzzLimit/100))
			return b.Bytes(), err
		}
	},
	func(t testing.TB, rwc io.ReadWriteCloser, d stream.Deflate) func() ([]byte, error) {
		return inflatingWhole(t, rwc, stream.Simple, d)
	},
	func(t testing.TB, rwc io.ReadWriteCloser, d stream.Deflate) func() ([]byte, error) {
		return inflatingWhole(t, rwc, stream.Lite, d)
	},
}

const (
	fuzzLimit = 1 << 20
	liteMode  = inMode
)

func inflatingWhole(t testing.TB, rwc io.ReadWriteCloser, mode stream.Mode[stream.Message], d stream.Deflate) func() ([]byte, error) {
	c := openDeflate(t, rwc, true, mode, d, stream.MaxMessageSize(fuzzLimit))
	return func() ([]byte, error) {
		m, err := c.Receive(bg(t))
		return m.Data, err
	}
}

// What arbitrary payloads inflate to is what the standard library says, behind the message before if there is context
// takeover. What it does not inflate, or not to the end, fails the connection; so does all that is behind that.
func FuzzInflate(f *testing.F) {
	hello := []byte("\xf2\x48\xcd\xc9\xc9\x07\x00")
	for how := range uint8(2 * inPieces) {
		f.Add(hello, []byte("\xf2\x00\x11\x00\x00"), uint16(3), how) // the second is a match for the first (section 7.2.3.2)
	}
	for _, behind := range []string{"", "\x00", "\x01", "\x00more", string(hello), endOfPayload, "\x00" + endOfPayload} { // a final block
		f.Add(append([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00"), behind...), hello, uint16(0), uint8(inFrames))
	}
	f.Add([]byte(compressed(f, prose[:5000])), []byte(compressed(f, prose[5000:5100])), uint16(100), uint8(inPieces))
	f.Add([]byte(withoutDistances), hello, uint16(0), uint8(0))
	f.Add([]byte(compressed(f, prose[:5000])), []byte(withoutDistances), uint16(0), uint8(0))
	f.Add([]byte(compressed(f, strings.Repeat("\x00", fuzzLimit))), hello, uint16(1000), uint8(inFrames|2))
	f.Add([]byte(compressed(f, strings.Repeat("\x00", fuzzLimit+1))), hello, uint16(1000), uint8(0))
	f.Fuzz(func(t *testing.T, first, second []byte, cut uint16, how uint8) {
		payloads := [][]byte{first, second}
		var wire []byte
		for _, payload := range payloads {
			wire = append(wire, inflatable(payload, int(cut), how&inFrames != 0 && how&inMode != liteMode)...)
		}
		transport := &chops{Writer: io.Discard, bytes: wire}
		if how&inPieces != 0 {
			transport.sizes = bytes.Repeat([]byte{byte(cut)}, len(wire))
		}
		receive := inflating[how&inMode](t, transport, stream.Deflate{ClientNoContextTakeover: how&withoutOld != 0})
		var before []byte
		for i, payload := range payloads {
			got, err := receive()
			want, wantErr := inflated(payload, before)
			if wantErr == nil && err == nil && bytes.Equal(got, want) {
				if how&withoutOld == 0 {
					before = append(before, want...)
					before = before[max(0, len(before)-32<<10):]
				}
				continue
			}
			var over *stream.LimitError
			var broken *stream.ProtocolError
			switch n := min(len(got), len(want)); {
			case !bytes.Equal(got[:n], want[:n]):
				t.Errorf("message %d begins with %q, want %q", i, got, want)
			case usesMissingCode(payload, wantErr): // which the library may have had before
			case err == nil:
				t.Errorf("message %d: got %d bytes, want %d, %v", i, len(got), len(want), wantErr)
			case len(got) > len(want):
				t.Errorf("message %d: got %d bytes more", i, len(got)-len(want))
			case wantErr == nil && len(want) <= fuzzLimit:
				t.Errorf("message %d: %v, want %d bytes", i, err, len(want))
			case len(want) > fuzzLimit && !errors.As(err, &over):
				t.Errorf("message %d: %v, want a LimitError", i, err)
			case len(want) <= fuzzLimit && (!errors.As(err, &broken) || broken.Code != closecode.InvalidPayload):
				t.Errorf("message %d: %v, want a ProtocolError for %v", i, err, wantErr)
			}
			break
		}
		if got, err := receive(); err == nil || len(got) > 0 {
			t.Errorf("behind it all: %q, %v", got, err)
		}
	})
}

// inflatable returns a client's frames for a compressed payload.
func inflatable(payload []byte, cut int, split bool) []byte {
	peer := wstest.NewPeer(nil, nil, false)
	h := frame.Header{Fin: !split, RSV1: true, Opcode: opcode.Binary, Length: int64(len(payload))}
	if !split {
		return peer.FrameOf(h, string(payload))
	}
	cut = min(cut, len(payload))
	h.Length = int64(cut)
	return append(peer.FrameOf(h, string(payload[:cut])), peer.Frame(true, opcode.Continuation, string(payload[cut:]))...)
}

// inflated returns what the standard library makes of payload, of which no more is asked than shows that it is too much.
// Behind the final block there may be nothing, or, if it is one of the sender's, the end, and an octet of zeros before
// that (RFC 7692, section 7.2.3.4). The reader has taken no byte more than it needed, as its source gives single ones.
//
// What has no payload at all is empty.
func inflated(payload, before []byte) ([]byte, error) {
	if len(payload) == 0 {
		return nil, nil
	}
	source := bytes.NewReader(append(bytes.Clone(payload), endOfPayload...))
	p, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(source, before), fuzzLimit+1))
	if err != nil || len(p) > fuzzLimit {
		return p, err
	}
	switch rest, _ := io.ReadAll(source); string(rest) {
	case "", endOfPayload, "\x00" + endOfPayload:
		return p, nil
	}
	return p, errors.New("the payload goes on behind its end")
}

// usesMissingCode reports whether the reference has failed with err because the payload has a symbol of a code of which
// its block has none. The library inflates it if a block before has had such codes. That is wrong, and harms nobody: the
// sender might as well have sent what comes of it. It is the one case where both verdicts are right here.
func usesMissingCode(payload []byte, err error) bool {
	var corrupt flate.CorruptInputError
	at, ok := wstest.MissingCode(append(bytes.Clone(payload), endOfPayload...))
	return ok && errors.As(err, &corrupt) && int64(corrupt) == at
}

package deflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/deflate"
	"github.com/litert/websocket/internal/wstest"
)

// endOfPayload is what a payload is inflated with: the end that its sender has left out (RFC 7692, section 7.2.2), and a
// final block, which a reader of deflate streams waits for.
const endOfPayload = tail + "\x01\x00\x00\xff\xff"

// The bits of how, in FuzzInflate.
const (
	withTakeover = 1 << iota
	inPieces     // which come one by one
	withErrors   // between them
	endUnknown   // until the source is asked
	howMuch      // is the number of hows
)

const fuzzLimit = 1 << 20

var errRetry = errors.New("not now")

// What arbitrary payloads inflate to is what the standard library says, behind the message before if there is context
// takeover. What it does not inflate, or not to the end, is corrupt. How the payload is cut and read, and when the source
// fails, depends on seed.
func FuzzInflate(f *testing.F) {
	for how := range uint8(howMuch) {
		f.Add([]byte(hello), []byte("\xf2\x00\x11\x00\x00"), uint64(how), how) // the second is a match for the first (section 7.2.3.2)
		f.Add([]byte(compressed(prose[:5000])), []byte(compressed(prose[5000:5100])), uint64(how), how)
		f.Add([]byte(compressed(prose[:5000])), []byte(withoutDistances), uint64(how), how)
	}
	for _, behind := range []string{"", "\x00", "\x01", "\x00more", hello, endOfPayload, "\x00" + endOfPayload} { // a final block
		f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00"+behind), []byte(hello), uint64(1), uint8(inPieces))
	}
	for _, level := range []int{1, 6, 9} {
		d := deflate.KindOf(level, deflate.MaxWindowBits).Borrow([]byte(prose[:1000]))
		d.Add([]byte(prose[:500]))
		d.Flush()
		d.Add([]byte(noise[:300] + prose[:3000]))
		f.Add([]byte(compressed(prose[:1000])), bytes.Clone(d.Finish()), uint64(level), uint8(withTakeover|inPieces))
		d.GiveBack()
	}
	f.Add([]byte(compressed(strings.Repeat("\x00", fuzzLimit))), []byte(hello), uint64(1), uint8(inPieces))
	f.Add([]byte(compressed(strings.Repeat("\x00", fuzzLimit+1))), []byte(hello), uint64(1), uint8(0))
	f.Fuzz(func(t *testing.T, first, second []byte, seed uint64, how uint8) {
		var w deflate.Window
		if how&withTakeover != 0 {
			w = deflate.NewWindow(1 << (deflate.MinWindowBits + seed%8))
		}
		id := connections.Add(1)
		for i, payload := range [][]byte{first, second} {
			want, wantErr := inflated(payload, w.Bytes())
			got, err := inflateSomehow(t, id, &w, payload, rand.New(rand.NewPCG(seed, uint64(i))), how)
			if usesMissingCode(payload, wantErr) { // which the library may have had before
				if !bytes.HasPrefix(got, want) && !bytes.HasPrefix(want, got) {
					t.Errorf("message %d begins with %.20q, want %.20q", i, got, want)
				}
				return
			}
			var broken *deflate.CorruptError
			switch n := min(len(got), len(want)); {
			case !bytes.Equal(got[:n], want[:n]):
				t.Errorf("message %d begins with %.20q, want %.20q", i, got, want)
			case len(want) > fuzzLimit && len(got) > fuzzLimit:
				return
			case len(got) > len(want), len(got) < len(want) && wantErr == nil:
				t.Errorf("message %d: got %d bytes, want %d, %v and %v", i, len(got), len(want), err, wantErr)
			case wantErr == nil && err != io.EOF:
				t.Errorf("message %d: %v", i, err)
			case wantErr != nil && !errors.As(err, &broken):
				t.Errorf("message %d: %v, want a CorruptError for %v", i, err, wantErr)
			}
			if wantErr != nil {
				return
			}
			if kept := w.Bytes(); how&withTakeover != 0 && !bytes.HasSuffix(kept, want[max(0, len(want)-w.Size()):]) {
				t.Errorf("message %d is not in the window", i)
			}
		}
	})
}

// inflateSomehow returns what payload inflates to, as far as shows that it is too much, and the last error.
func inflateSomehow(t *testing.T, id uint64, w *deflate.Window, payload []byte, r *rand.Rand, how uint8) (all []byte, err error) {
	var src *pieces
	var z *deflate.Inflater
	if how&inPieces != 0 {
		src = somePieces(string(payload), r, how)
		z = deflate.Inflate(id, w, src)
	} else {
		copied := bytes.Clone(payload)
		z = deflate.InflateBytes(id, w, copied)
		clear(copied)
	}
	defer z.Release()
	buf := make([]byte, 1+r.IntN(1+r.IntN(100_000)))
	for len(all) <= fuzzLimit {
		p := buf
		if len(all) < 1000 {
			p = buf[:1+r.IntN(len(buf))]
		}
		done, known := z.Done(), src == nil || src.Ended()
		n, err := z.Read(p)
		all = append(all, p[:n]...)
		switch {
		case n == 0 && err == nil, n > 0 && err != nil:
			t.Fatalf("Read: %d bytes, %v", n, err)
		case done && err != io.EOF:
			t.Fatalf("Read of what was done: %d bytes, %v", n, err)
		case err == io.EOF && !done && known && len(all) > 0:
			t.Fatalf("the end was known at %d bytes, but it was not done", len(all))
		case z.Done() && src != nil && src.at < len(src.rest):
			t.Fatal("done before the last piece came")
		case err == errRetry:
			continue
		case err != nil:
			return all, err
		}
	}
	return all, nil
}

// somePieces returns a Source of payload.
func somePieces(payload string, r *rand.Rand, how uint8) *pieces {
	src := &pieces{errs: map[int]error{}, blind: how&endUnknown != 0}
	for most := 1 + r.IntN(1+len(payload)); payload != ""; {
		n := min(r.IntN(1+most), len(payload))
		src.rest = append(src.rest, payload[:n])
		payload = payload[n:]
	}
	for i := range src.rest {
		if how&withErrors != 0 && r.IntN(3) == 0 {
			src.errs[i] = errRetry
		}
	}
	if src.blind && how&withErrors != 0 {
		src.errs[len(src.rest)] = errRetry
	}
	return src
}

// inflated returns what the standard library makes of payload, of which no more is asked than shows that it is too much.
// Behind the final block there may be nothing, or, if it is one of the sender's, the end, and an octet of zeros before
// that (RFC 7692, section 7.2.3.4). The reader has taken no byte more than it needed, as its source gives single ones.
func inflated(payload, before []byte) ([]byte, error) {
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
// its block has none. The library inflates it if a block before has had such codes. That is wrong, and does no harm: the
// sender might as well have sent what comes of it. It is the one case where both verdicts are right here.
func usesMissingCode(payload []byte, err error) bool {
	var corrupt flate.CorruptInputError
	at, ok := wstest.MissingCode(append(bytes.Clone(payload), endOfPayload...))
	return ok && errors.As(err, &corrupt) && int64(corrupt) == at
}

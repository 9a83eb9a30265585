package deflate_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/internal/deflate"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // of GOOS=js
}

// prose is what compresses well, noise what does not.
var (
	prose = func() string {
		var b strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&b, `{"id": %d, "name": "näme %d", "tags": ["a", "b"]}`+"\n", i, i*i%997)
		}
		return b.String()
	}()
	noise = func() string {
		b := make([]byte, 1<<20)
		rand.NewChaCha8([32]byte{}).Read(b)
		return string(b)
	}()
)

var connections atomic.Uint64 // how many there were

// compressed returns the payload of text, without context.
func compressed(text string) string {
	d := deflate.KindOf(6, deflate.MaxWindowBits).Borrow(nil)
	defer d.GiveBack()
	d.Add([]byte(text))
	return string(d.Finish())
}

// pieces is a Source that has these pieces, and, where errs has an error for the piece that is next, returns that once
// before it.
type pieces struct {
	rest  []string
	errs  map[int]error
	at    int
	blind bool   // it does not know the end beforehand
	last  []byte // the piece that was returned last, which is overwritten with the next call
	asked int    // behind the end
}

func (s *pieces) Next() ([]byte, error) {
	for i := range s.last {
		s.last[i] = 0xff
	}
	s.last = nil
	if err := s.errs[s.at]; err != nil {
		delete(s.errs, s.at)
		return nil, err
	}
	if s.at == len(s.rest) {
		s.asked++
		return nil, io.EOF
	}
	s.last = []byte(s.rest[s.at])
	s.at++
	return s.last, nil
}

func (s *pieces) Ended() bool { return !s.blind && s.at == len(s.rest) }

// cut returns what cuts s into pieces of n bytes.
func cut(s string, n int) (all []string) {
	for len(s) > n {
		all = append(all, s[:n])
		s = s[n:]
	}
	return append(all, s)
}

// ways are the ways to inflate a payload.
var ways = map[string]func(id uint64, w *deflate.Window, payload string) *deflate.Inflater{
	"InflateBytes": func(id uint64, w *deflate.Window, payload string) *deflate.Inflater {
		buf := []byte(payload)
		defer clear(buf)
		return deflate.InflateBytes(id, w, buf)
	},
	"one piece": func(id uint64, w *deflate.Window, payload string) *deflate.Inflater {
		return deflate.Inflate(id, w, &pieces{rest: []string{payload}})
	},
	"single bytes": func(id uint64, w *deflate.Window, payload string) *deflate.Inflater {
		return deflate.Inflate(id, w, &pieces{rest: cut(payload, 1)})
	},
	"an end unknown": func(id uint64, w *deflate.Window, payload string) *deflate.Inflater {
		return deflate.Inflate(id, w, &pieces{rest: append(cut(payload, 1000), "", ""), blind: true})
	},
}

// inflate returns all that payload inflates to, read in pieces of n bytes.
func inflate(z *deflate.Inflater, n int) (string, error) {
	defer z.Release()
	var all []byte
	p := make([]byte, n)
	for {
		m, err := z.Read(p)
		all = append(all, p[:m]...)
		if err == io.EOF {
			return string(all), nil
		}
		if err != nil {
			return string(all), err
		}
	}
}

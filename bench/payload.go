package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// A content is what a message consists of: its period, over and over, up to its size.
type content struct {
	period []byte
	size   int64
}

// sampled is how much is compared at either end of what comes in one piece. It is little, as the load shares the
// machine with what is measured.
const sampled = 64

// check compares p with the content at pos.
func (c content) check(p []byte, pos int64) error {
	if pos+int64(len(p)) > c.size {
		return fmt.Errorf("a message has more than its %d bytes", c.size)
	}
	n := min(len(p), sampled)
	for _, at := range []int{0, len(p) - n} {
		if !c.matches(p[at:at+n], pos+int64(at)) {
			return fmt.Errorf("byte %d of a message, or one soon after, is not what was sent", pos+int64(at))
		}
	}
	return nil
}

func (c content) matches(p []byte, pos int64) bool {
	for len(p) > 0 {
		want := c.period[pos%int64(len(c.period)):]
		n := min(len(p), len(want))
		if !bytes.Equal(p[:n], want[:n]) {
			return false
		}
		p, pos = p[n:], pos+int64(n)
	}
	return true
}

// large returns the content of a transfer.
func large(size int64) content { return content{noise(putFrame, 0), size} }

// small returns the content of the i-th of the messages of a job.
func small(j job, i int) content {
	switch {
	case j.Text:
		return content{words(int(j.Size), i), j.Size}
	case j.JSON:
		return content{records(int(j.Size), i), j.Size}
	}
	return content{noise(int(j.Size), i), j.Size}
}

// noise returns n bytes that are the same in every process.
func noise(n, seed int) []byte {
	p := make([]byte, n)
	src := rand.NewPCG(1, uint64(seed))
	for i := range p {
		p[i] = byte(src.Uint64())
	}
	return p
}

// words returns n bytes of text with non-ASCII characters.
func words(n, seed int) []byte {
	line := fmt.Sprintf("%d: Grüße aus Kraków, 你好世界, naïve café, Ωμέγα, 🙂; ", seed)
	p := []byte(strings.Repeat(line, n/len(line)+1))[:n]
	for !utf8.Valid(p) { // it ends within a character
		p = p[:len(p)-1]
	}
	for len(p) < n {
		p = append(p, '.')
	}
	return p
}

// records returns n bytes of JSON: the events of a few users, as a server may tell them.
func records(n, seed int) []byte {
	src := rand.New(rand.NewPCG(2, uint64(seed)))
	names := []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"}
	verbs := []string{"opened", "closed", "commented", "merged", "assigned", "labelled"}
	var p []byte
	for len(p) < n {
		p = fmt.Appendf(p, `{"id":"%016x","time":%d,"user":{"name":"%s","id":%d},"event":"%s","value":%.4f,"tags":["%s","%s"],"ok":%t},`,
			src.Uint64(), 1_700_000_000+src.IntN(1_000_000), names[src.IntN(len(names))], src.IntN(10_000), verbs[src.IntN(len(verbs))],
			src.Float64()*1000, verbs[src.IntN(len(verbs))], names[src.IntN(len(names))], src.IntN(2) == 0)
	}
	return p[:n]
}

// A sink is where a library writes what it receives: it compares some of it with what was sent.
type sink struct {
	want content
	n    int64
}

func (s *sink) Write(p []byte) (int, error) {
	if err := s.want.check(p, s.n); err != nil {
		return 0, err
	}
	s.n += int64(len(p))
	return len(p), nil
}

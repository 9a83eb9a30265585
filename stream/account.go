package stream

import (
	"fmt"
	"hash/maphash"

	"github.com/litert/websocket/opcode"
)

// A failure is what a failed call of the wire, or of a source, comes to. The zero failure is none.
type failure struct {
	err   error
	again bool // its bounds have ended it, and the connection is as it was: it may be called again
}

// damage is what the calls that have failed leave of a message. It only grows, but for the one that can be mended.
type damage uint8

const (
	whole damage = iota

	// interrupted: a deadline has ended a call between two frames, before it took all. It has to be retried: after a Write,
	// by calls that bring the very bytes that are missing, which may have others behind them; after a ReadFrom, whose source
	// has the rest, by any call that succeeds.
	interrupted

	spoiled // the message cannot be brought to its end
	fatal   // nor can the connection go on without that, though nothing may have left
)

// An account is what is known of an outgoing message: what was taken of it, what is still owed, and the error that
// sticks.
type account struct {
	op     opcode.Opcode
	text   utf8Checker
	next   utf8Checker // text, behind what was admitted last
	single int64       // length of a message in one frame; -1: fragments
	owed   int64       // what is still to be written of that

	damage  damage
	err     error    // of the damage
	missing *missing // with interrupted: what a Write did not take; nil: it was a ReadFrom
}

// spoil records why the message cannot be brought to its end, and returns the first such error.
func (a *account) spoil(err error, d damage) error {
	if a.damage < spoiled {
		a.damage, a.err = d, lasting(err)
	}
	return a.err
}

// admit checks whether p can be written next, on which there may be a verdict.
func (a *account) admit(p []byte, v *verdict) error {
	a.next = a.text
	switch {
	case a.damage >= spoiled:
		return a.err
	case a.missing != nil && !a.missing.mayBe(p):
		return a.spoil(a.err, spoiled)
	case a.single >= 0 && int64(len(p)) > a.owed:
		return a.spoil(&ArgumentError{"Writer.Write", fmt.Sprintf("more than the %d bytes of SingleFrame", a.single)}, fatal)
	case a.op == opcode.Text && !a.next.accept(p, v):
		return a.spoil(&ArgumentError{"Writer.Write", "the text is not UTF-8"}, spoiled)
	case a.op == opcode.Text && int64(len(p)) == a.owed && !a.next.complete():
		return a.spoil(errCutText, fatal) // its single frame would be whole
	}
	return nil
}

// errCutText is why text cannot end.
var errCutText = &ArgumentError{"Writer.Close", "the text ends within a code point"}

// count accounts for the first n bytes of p, which was admitted, or for n bytes of a file if p is nil.
func (a *account) count(p []byte, n int) {
	if a.single >= 0 {
		a.owed -= int64(n)
	}
	switch {
	case a.op != opcode.Text:
	case n == len(p):
		a.text = a.next
	default:
		a.text.check(p[:n])
	}
	if a.missing != nil {
		a.missing = a.missing.without(p[:n])
	}
}

// completedBy reports whether n further bytes complete a message in one frame, which must not hold the wire any longer then.
func (a *account) completedBy(n int) bool { return a.single > 0 && a.owed == int64(n) }

// took accounts for a Write of p, of which n bytes were taken before f.
func (a *account) took(p []byte, n int, f failure) error {
	retries := a.missing != nil && a.missing.n > len(p)
	a.count(p, n)
	switch {
	case f.err == nil:
		a.mended(len(p))
	case !f.again:
		a.spoil(f.err, spoiled)
	default:
		a.damage, a.err = interrupted, f.err
		if !retries {
			a.missing = missingOf(p[n:])
		}
	}
	return f.err
}

// tookSource accounts for a ReadFrom that has ended with f, after it took all that it read.
func (a *account) tookSource(f failure) error {
	switch {
	case f.err == nil:
		a.mended(1) // the end of the source counts
	case !f.again:
		a.spoil(f.err, spoiled)
	case a.damage < spoiled:
		a.damage, a.err = interrupted, f.err
	}
	return f.err
}

// mended accounts for a call that has taken all of n bytes.
func (a *account) mended(n int) {
	if a.damage == interrupted && a.missing == nil && n > 0 {
		a.damage, a.err = whole, nil
	}
}

// sent accounts for a Flush or Close that has taken nothing, and ended with f.
func (a *account) sent(f failure) error {
	if f.err != nil && !f.again {
		a.spoil(f.err, spoiled)
	}
	return f.err
}

// close checks whether the message may end as it is, unless there is a cause not to. What it returns sticks.
func (a *account) close(cause error) error {
	switch {
	case a.damage >= spoiled:
	case cause != nil:
		a.spoil(cause, spoiled)
	case a.damage == interrupted:
		a.spoil(a.err, spoiled)
	case a.owed > 0:
		a.spoil(&ArgumentError{"Writer.Close", fmt.Sprintf("%d of the %d bytes of SingleFrame are missing", a.owed, a.single)}, fatal)
	case !a.text.complete():
		a.spoil(errCutText, spoiled)
	}
	return a.err
}

// missing are the bytes that a Write was given, and did not take.
type missing struct {
	n    int // how many are still to come
	sum  uint64
	come maphash.Hash // of those that have come
}

func missingOf(p []byte) *missing {
	m := &missing{n: len(p)}
	m.sum = maphash.Bytes(m.come.Seed(), p)
	return m
}

// mayBe reports whether p is what is missing, has it at its beginning, or may be the beginning of it.
func (m *missing) mayBe(p []byte) bool {
	if len(p) < m.n {
		return true
	}
	all := m.come
	all.Write(p[:m.n])
	return all.Sum64() == m.sum
}

// without returns what is missing after p has come; nil: nothing.
func (m *missing) without(p []byte) *missing {
	n := min(m.n, len(p))
	m.come.Write(p[:n])
	if m.n -= n; m.n == 0 {
		return nil
	}
	return m
}

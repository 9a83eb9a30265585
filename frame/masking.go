package frame

import (
	"crypto/rand"
	"encoding/hex"
)

// Masking is how a client masks its frames. The zero Masking is [RandomMask]. Maskings can be compared.
//
// Masking keeps whoever chooses the payload, as a script in a web page does, from choosing the bytes on the wire, too.
// An intermediary that does not know WebSocket could take those for HTTP, and put an answer of the attacker's into a
// cache that others use (RFC 6455, section 10.3). A fixed key that the attacker can learn protects no better than none.
// So anything but RandomMask is for programs that decide by themselves what they send, or send it over TLS or a network
// that they know.
type Masking struct {
	kind maskingKind
	key  Key
}

type maskingKind uint8

const (
	randomMask maskingKind = iota
	noMask
	fixedMask
)

// The policies without a parameter.
var (
	// RandomMask masks each frame with a fresh key from crypto/rand, as RFC 6455 demands (section 5.3).
	RandomMask = Masking{}

	// NoMask leaves frames unmasked. RFC 6455 forbids that to clients (section 5.1), and most servers refuse it; those
	// of this module accept it with listen.AllowUnmasked.
	NoMask = Masking{kind: noMask}
)

// FixedMask masks each frame with key, and all servers take that. A key of zeros leaves the payload as it is, and so
// lets the kernel send files (sendfile).
func FixedMask(key Key) Masking { return Masking{kind: fixedMask, key: key} }

// Next returns the key for the next frame, or false if it is not to be masked. It may be called by several goroutines
// at a time.
func (m Masking) Next() (key Key, masked bool) {
	switch m.kind {
	case noMask:
		return Key{}, false
	case fixedMask:
		return m.key, true
	}
	// A batch of keys in a sync.Pool saves some 10 of 35 ns to one goroutine, and nothing to several at a time.
	rand.Read(key[:]) // it never fails
	return key, true
}

// String returns "random", "none", or "fixed(" and the key in hexadecimal and ")".
func (m Masking) String() string {
	switch m.kind {
	case noMask:
		return "none"
	case fixedMask:
		return "fixed(" + hex.EncodeToString(m.key[:]) + ")"
	}
	return "random"
}

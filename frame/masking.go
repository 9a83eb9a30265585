package frame

import (
	"crypto/rand"
	"encoding/hex"
)

// Masking is how a client masks its frames. The zero Masking is [RandomMask]. Maskings can be compared.
//
// Masking keeps a web page from putting bytes of its choice on the wire, where an intermediary that does not know
// WebSocket could take them for HTTP (RFC 6455, section 10.3). A program that decides by itself what it sends, over
// TLS or a network it knows, loses little without it, if the server accepts that.
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

// FixedMask masks each frame with key. All servers take that. A key of zeros leaves the payload as it is, and so lets
// files be sent by the kernel.
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

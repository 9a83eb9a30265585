package handshake

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
)

// keyLen is the length of the nonce in a key, and encodedKeyLen that of the key (RFC 6455, section 4.1).
const (
	keyLen        = 16
	encodedKeyLen = 24
)

// guid is what the server appends to the key before it hashes both (RFC 6455, section 1.3).
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// NewKey returns a random value for the field Sec-WebSocket-Key.
func NewKey() string {
	var nonce [keyLen]byte
	rand.Read(nonce[:]) // never fails
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// ValidKey reports whether key is 16 bytes in base64.
func ValidKey(key string) bool {
	if len(key) != encodedKeyLen {
		return false
	}
	nonce, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(nonce) == keyLen
}

// Accept returns the value of the field Sec-WebSocket-Accept that answers key.
func Accept(key string) string {
	b := make([]byte, 0, encodedKeyLen+len(guid))
	sum := sha1.Sum(append(append(b, key...), guid...))
	return base64.StdEncoding.EncodeToString(sum[:])
}

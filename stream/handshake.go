package stream

import (
	"crypto/tls"
	"net/http"
)

// A Handshake is the outcome of an opening handshake (RFC 6455, section 4): what [New] must know of it to go on.
// Packages dial and listen produce one; so can a program that has shaken hands in a way of its own.
type Handshake struct {
	// Server tells which side this end is on: a server sends unmasked frames and wants masked ones.
	Server bool

	// Resource is what the client asked for: the path and query of the URL (RFC 6455, section 3).
	Resource string

	// Subprotocol is the subprotocol agreed on, or empty (RFC 6455, section 1.9).
	Subprotocol string

	// Deflate is what was agreed on for permessage-deflate (RFC 7692), or nil if that was not.
	Deflate *Deflate

	// Header is the header that the peer sent: of the request on a server, of the response on a client. It may be nil.
	// New copies it. Packages dial and listen leave out what they have dealt with: Connection, Upgrade and
	// the fields that begin with Sec-WebSocket.
	Header http.Header

	// TLS is the state of the TLS connection below. If it is nil and the transport is a [*tls.Conn], New asks that.
	TLS *tls.ConnectionState

	// Buffered holds the bytes that were read from the transport behind the handshake: the first
	// frames of a peer that did not wait. New copies them.
	Buffered []byte
}

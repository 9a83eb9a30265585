package stream

import (
	"crypto/tls"
	"encoding/binary"
	"net/http"
)

// An agreed is what a connection keeps of its Handshake, beside its side and compression. The texts are in a single piece of memory, each
// behind its length: a map of many small fields takes a multiple of their bytes, and each value may hold on to all of
// the head that it was read from.
type agreed struct {
	texts string // the resource, the subprotocol, and the name and value of each field
	tls   *tls.ConnectionState
}

// agree takes over what is kept of hs.
func (a *agreed) agree(hs *Handshake) {
	var most [64]byte // most of the time
	texts := appendText(appendText(most[:0], hs.Resource), hs.Subprotocol)
	if hs.Header != nil {
		texts = appendFields(texts, hs.Header)
	}
	a.texts, a.tls = string(texts), hs.TLS
}

// appendFields is not a part of agree, whose caller's stack is to stay small.
func appendFields(to []byte, h http.Header) []byte {
	for name, values := range h {
		for _, value := range values {
			to = appendText(appendText(to, name), value)
		}
	}
	return to
}

// appendText appends text behind its length.
//
//go:noinline
func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// cutText returns the first of texts, and those behind it.
func cutText(texts string) (text, rest string) {
	n, size := binary.Uvarint([]byte(texts[:min(binary.MaxVarintLen64, len(texts))]))
	end := size + int(n)
	return texts[size:end], texts[end:]
}

func (a *agreed) subprotocol() string {
	_, rest := cutText(a.texts)
	name, _ := cutText(rest)
	return name
}

// handshake returns the Handshake again, of a server or a client, with compression as zip has it. The header is a new one.
func (a *agreed) handshake(server bool, zip *deflation) Handshake {
	hs := Handshake{Server: server, TLS: a.tls}
	if zip != nil {
		hs.Deflate = zip.agreed
	}
	var rest, name, value string
	hs.Resource, rest = cutText(a.texts)
	hs.Subprotocol, rest = cutText(rest)
	for rest != "" {
		name, rest = cutText(rest)
		value, rest = cutText(rest)
		if hs.Header == nil {
			hs.Header = make(http.Header)
		}
		hs.Header[name] = append(hs.Header[name], value)
	}
	return hs
}

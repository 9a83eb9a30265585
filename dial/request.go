package dial

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/handshake"
)

// request returns the client's half of the handshake (RFC 6455, section 4.1), with the fields of h beside its own.
func (c *call) request(key string, h http.Header) []byte {
	b := make([]byte, 0, 512)
	b = append(b, "GET "...)
	b = append(b, c.target.resource...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = handshake.AppendField(b, "Host", cmp.Or(c.cfg.Host, c.target.host))
	b = handshake.AppendField(b, "Upgrade", "websocket")
	b = handshake.AppendField(b, "Connection", "Upgrade")
	b = handshake.AppendField(b, "Sec-WebSocket-Key", key)
	b = handshake.AppendField(b, "Sec-WebSocket-Version", handshake.Version)
	if names := c.cfg.Subprotocols; len(names) > 0 {
		b = handshake.AppendField(b, "Sec-WebSocket-Protocol", strings.Join(names, ", "))
	}
	if c.cfg.Compression != nil {
		b = handshake.AppendField(b, handshake.FieldExtensions, handshake.OfferDeflate(c.cfg.Compression.Deflate))
	}
	b = handshake.AppendHeader(b, h)
	return append(b, "\r\n"...)
}

// appendEarly appends the frames of the messages that do not wait for the response.
func (c *call) appendEarly(b []byte) []byte {
	for _, m := range c.cfg.Early {
		h := frame.Header{Fin: true, Opcode: m.Opcode, Length: int64(len(m.Data))}
		h.Key, h.Masked = c.cfg.Masking.Next()
		b = h.Append(b)
		payload := len(b)
		b = append(b, m.Data...)
		frame.Mask(b[payload:], h.Key, 0)
	}
	return b
}

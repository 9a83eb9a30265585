package dial

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/handshake"
)

// request returns the client's half of the handshake (RFC 6455, section 4.1).
func (c *call) request(key string) []byte {
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
	if user := c.target.user; user != nil && c.cfg.Header["Authorization"] == nil {
		b = handshake.AppendField(b, "Authorization", basic(user))
	}
	b = handshake.AppendHeader(b, c.headerWithCookies())
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

// basic returns the credentials of user for the field Authorization (RFC 7617, section 2).
func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

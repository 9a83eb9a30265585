package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// A conn is a connection that sends whatever it is told to. It ends with the context that it was made with.
type conn struct {
	net.Conn
	r        *bufio.Reader
	server   bool // it plays the server: its frames are not masked
	patience time.Duration
	forget   func() bool
}

func newConn(ctx context.Context, raw net.Conn, patience time.Duration) *conn {
	c := &conn{Conn: raw, r: bufio.NewReaderSize(raw, 512), patience: patience}
	c.forget = context.AfterFunc(ctx, func() { raw.Close() })
	return c
}

func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// knock connects to the target, and does no more: not even TLS.
func (a *attacker) knock() (*conn, error) {
	raw, err := a.target.dial(a.ctx, nil)
	if err != nil {
		return nil, err
	}
	return newConn(a.ctx, raw, a.patience), nil
}

// connect connects to the target, over TLS if it speaks that.
func (a *attacker) connect() (*conn, error) {
	raw, err := a.target.dial(a.ctx, nil)
	if err == nil {
		raw, err = a.target.secure(a.ctx, raw)
	}
	if err != nil {
		return nil, err
	}
	return newConn(a.ctx, raw, a.patience), nil
}

// open opens a WebSocket connection.
func (a *attacker) open(fields ...string) (*conn, error) {
	c, err := a.connect()
	if err != nil {
		return nil, err
	}
	if err := c.upgrade(a.target, fields...); err != nil {
		c.Close()
		return nil, err
	}
	a.begun.Add(1)
	return c, nil
}

// key is that of every request. Servers do not care.
var key = base64.StdEncoding.EncodeToString([]byte("an attacker's 16"))

// request returns the head of a proper request, but for the fields, which are added, or take the place of one.
func request(t target, fields ...string) string {
	var head strings.Builder
	head.WriteString("GET " + t.Path + " HTTP/1.1\r\n")
	for _, field := range []string{"Host: " + t.Host, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key} {
		name, _, _ := strings.Cut(field, " ")
		if !slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(f, name) }) {
			head.WriteString(field + "\r\n")
		}
	}
	for _, field := range fields {
		head.WriteString(field + "\r\n")
	}
	return head.String() + "\r\n"
}

// upgrade sends a request, which must open a connection.
func (c *conn) upgrade(t target, fields ...string) error {
	if err := c.send(request(t, fields...)); err != nil {
		return err
	}
	status, err := c.status()
	if err == nil && status != http.StatusSwitchingProtocols {
		err = fmt.Errorf("status %d", status)
	}
	return err
}

// send sends parts at once.
func (c *conn) send(parts ...string) error {
	_, err := io.WriteString(c.Conn, strings.Join(parts, ""))
	return err
}

// status reads the head of a response, and the body where there is one.
func (c *conn) status() (int, error) {
	c.SetReadDeadline(time.Now().Add(c.patience))
	defer c.SetReadDeadline(time.Time{})
	response, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	}
	return response.StatusCode, err
}

// frame returns a frame, with a payload of which the header need not be true.
func (c *conn) frame(h frame.Header, payload string) string {
	b := []byte(payload)
	if h.Masked = !c.server; h.Masked {
		h.Key = frame.Key{1, 2, 3, 4}
		frame.Mask(b, h.Key, 0)
	}
	return string(append(h.Append(nil), b...))
}

// whole returns a frame that is a message, or a control frame.
func (c *conn) whole(op opcode.Opcode, payload string) string {
	return c.frame(frame.Header{Fin: true, Opcode: op, Length: int64(len(payload))}, payload)
}

// fragment returns a frame that is not the last of its message.
func (c *conn) fragment(op opcode.Opcode, payload string) string {
	return c.frame(frame.Header{Opcode: op, Length: int64(len(payload))}, payload)
}

// receive reads a frame. Its payload is read in full, and only its beginning returned.
func (c *conn) receive() (h frame.Header, payload string, err error) {
	c.SetReadDeadline(time.Now().Add(c.patience))
	for n := 2; ; n++ {
		b, err := c.r.Peek(n)
		if err != nil {
			return h, "", err
		}
		h, used, err := frame.Parse(b)
		if err == io.ErrUnexpectedEOF {
			continue
		} else if err != nil {
			return h, "", err
		}
		c.r.Discard(used)
		p := make([]byte, min(h.Length, 4<<10))
		if _, err = io.ReadFull(c.r, p); err == nil {
			_, err = io.CopyN(io.Discard, c.r, h.Length-int64(len(p)))
		}
		if h.Masked {
			frame.Mask(p, h.Key, 0)
		}
		return h, string(p), err
	}
}

// failed reads until the other end gives the connection up. It complains if that does not happen, or gives a close code
// other than those that may be, or if a message comes back whole.
func (c *conn) failed(codes ...closecode.Code) error {
	for {
		h, payload, err := c.receive()
		switch {
		case isTimeout(err):
			return complain("the connection goes on")
		case err != nil:
			return nil
		case h.Opcode == opcode.Close:
			if code, _, _ := frame.ParseClose([]byte(payload)); !slices.Contains(codes, code) {
				return complain("the close code is %v", code)
			}
			return c.ended()
		case h.Fin && !h.Opcode.IsControl():
			return complain("a message has come back")
		}
	}
}

// ended reads to the end of the connection, and complains if that does not come.
func (c *conn) ended() error {
	c.SetReadDeadline(time.Now().Add(c.patience))
	if _, err := io.Copy(io.Discard, c.r); isTimeout(err) {
		return complain("the connection stays open")
	}
	return nil
}

// flood sends the same bytes over and over, until the connection ends.
func (c *conn) flood(p string) (err error) {
	for len(p) < 16<<10 {
		p += p
	}
	for err == nil {
		_, err = io.WriteString(c.Conn, p)
	}
	return err
}

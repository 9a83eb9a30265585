//go:build !js

package dial

import (
	"context"
	"io"
	"net"
	"time"
)

// An http2Conn is a stream of an HTTP/2 connection, as a transport without deadlines: what is read is the body of the
// response, what is written that of the request.
type http2Conn struct {
	response      io.ReadCloser
	request       *requestBody
	cancel        context.CancelFunc // resets the stream
	local, remote net.Addr           // of the connection
}

func (c *http2Conn) Read(p []byte) (int, error)  { return c.response.Read(p) }
func (c *http2Conn) Write(p []byte) (int, error) { return c.request.Write(p) }
func (c *http2Conn) LocalAddr() net.Addr         { return c.local }
func (c *http2Conn) RemoteAddr() net.Addr        { return c.remote }

// CloseWrite sends the end of the stream behind what was written (RFC 9113, section 6.1, END_STREAM). No Write is under way.
func (c *http2Conn) CloseWrite() error {
	c.request.finish()
	<-c.request.sent
	return nil
}

// endSoon is how long Close waits for the end of the stream to be sent.
const endSoon = 100 * time.Millisecond

// Close ends the stream in both directions, and all calls that wait: with END_STREAM, if no Write is under way, and with a
// RST_STREAM unless the server has ended its side, too (RFC 9113, section 5.4.2).
func (c *http2Conn) Close() error {
	if c.request.finish() {
		timer := time.NewTimer(endSoon)
		defer timer.Stop()
		select {
		case <-c.request.sent:
		case <-timer.C:
		}
	}
	c.cancel()
	return c.response.Close() // gives the connection the room back that unread bytes take
}

//go:build !js

package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/litert/websocket/internal/handshake"
)

// tunnel asks the HTTP proxy at the other end of conn for a connection to the target (RFC 9110, section 9.3.6).
func (c *call) tunnel(ctx context.Context, conn net.Conn, user *url.Userinfo) (net.Conn, error) {
	var unread []byte
	err := within(ctx, conn, "reading the proxy's response", func() (err error) {
		unread, err = askForTunnel(conn, user, c.target.authority())
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, hide := conn.(*tls.Conn); hide || len(unread) > 0 {
		return &tunnelConn{conn, unread}, nil
	}
	return conn, nil
}

// askForTunnel returns what was read behind the proxy's response.
func askForTunnel(rw io.ReadWriter, user *url.Userinfo, authority string) (unread []byte, err error) {
	header := make(http.Header)
	if user != nil {
		header["Proxy-Authorization"] = []string{basic(user)}
	}
	b := []byte("CONNECT " + authority + " HTTP/1.1\r\n")
	b = handshake.AppendField(b, "Host", authority)
	b = handshake.AppendHeader(b, header)
	b = append(b, "\r\n"...)
	response, r, err := roundTrip(rw, b, "sending the request to the proxy")
	if err != nil {
		return nil, err
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		answer := refusal(response, header, "", fmt.Errorf("it has not connected to %s", authority))
		answer.Proxy = true
		return nil, answer
	}
	unread = make([]byte, r.Buffered()) // the connection keeps neither r nor its buffer
	_, err = io.ReadFull(r, unread)
	return unread, err
}

// A tunnelConn is a connection through a proxy, from which something has been read already. It also hides that the
// connection to the proxy has TLS, which is not that of the server.
type tunnelConn struct {
	net.Conn
	unread []byte
}

func (t *tunnelConn) Read(p []byte) (int, error) {
	if len(t.unread) > 0 {
		n := copy(p, t.unread)
		if t.unread = t.unread[n:]; len(t.unread) == 0 {
			t.unread = nil
		}
		return n, nil
	}
	return t.Conn.Read(p)
}

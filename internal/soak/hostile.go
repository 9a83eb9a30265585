package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	mrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// hostilePath is what hostile clients ask for. That they break the protocol is no fault of an end of ours.
const hostilePath = "/hostile"

// intrude is a client that is silent or hostile: with luck it gets a connection, with which it does what it should not,
// and leaves after a while, in mid-word.
func (f *farm) intrude(p *place, r *mrand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+r.IntN(500))*time.Millisecond+f.Stay)
	defer cancel()
	raw, err := p.dial(ctx)
	if err != nil {
		return
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	if tcp, ok := raw.(*net.TCPConn); ok && r.IntN(2) == 0 {
		tcp.SetLinger(0) // a reset
	}
	p.tally.count(hostile)
	act := hostilities[r.IntN(len(hostilities))]
	conn := raw
	if p.secure && r.IntN(4) > 0 { // otherwise what it does is no TLS
		conn = tls.Client(raw, &tls.Config{RootCAs: f.roots, ServerName: "127.0.0.1"})
	}
	act(ctx, conn)
}

// dial connects to the server that the place has at the moment.
func (p *place) dial(ctx context.Context) (net.Conn, error) {
	u, err := url.Parse(*p.url.Load())
	if err != nil {
		return nil, err
	}
	if p.network == "unix" {
		path, _, _ := strings.Cut(u.Path, ":")
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
}

const hostileRequest = "GET " + hostilePath + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// hostilities go on until the connection is closed.
var hostilities = []func(context.Context, net.Conn){
	func(_ context.Context, conn net.Conn) { io.Copy(io.Discard, conn) }, // silence
	func(ctx context.Context, conn net.Conn) { // a slow head
		for _, b := range []byte(hostileRequest) {
			if _, err := conn.Write([]byte{b}); err != nil || ctx.Err() != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	},
	func(_ context.Context, conn net.Conn) { // garbage
		if opened(conn) {
			io.Copy(conn, io.LimitReader(rand.Reader, 1<<20))
			io.Copy(io.Discard, conn)
		}
	},
	func(_ context.Context, conn net.Conn) { // messages whose echoes are not read
		message := "\x82\xfe\x40\x00keys" + strings.Repeat("x", 16<<10)
		for open := opened(conn); open; {
			_, err := io.WriteString(conn, message)
			open = err == nil
		}
	},
	func(_ context.Context, conn net.Conn) { // a connection that says nothing
		if opened(conn) {
			io.Copy(io.Discard, conn)
		}
	},
}

// opened sends the request, and reports whether the server has opened the connection.
func opened(conn net.Conn) bool {
	if _, err := io.WriteString(conn, hostileRequest); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	return err == nil && response.StatusCode == http.StatusSwitchingProtocols
}

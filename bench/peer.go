package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// patience bounds how long a connection may take for all that it has to do.
const patience = 2 * time.Minute

// A peer is the load's end of a connection.
type peer struct {
	conn io.ReadWriteCloser
	tcp  *net.TCPConn // below it; nil below a stream of HTTP/2
	in   incoming
}

// newPeer returns a peer on a connection of TCP. Want tells what comes in the i-th message of the library.
func newPeer(tcp net.Conn, j job, want func(i int) content) (*peer, error) {
	conn, err := secure(tcp, j)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(patience))
	return &peer{conn: conn, tcp: tcp.(*net.TCPConn), in: newIncoming(j, want)}, nil
}

func newIncoming(j job, want func(i int) content) incoming {
	size := putFrame
	if j.Conns > 100 || j.Kind == visit {
		size = 4 << 10
	}
	op := byte(opBinary)
	if j.Text {
		op = opText
	}
	in := incoming{want: want, op: op, buf: make([]byte, size), stream: j.Way == netConn}
	if j.Deflate {
		in.unzip = &unzip{takeover: j.Takeover}
	}
	return in
}

const request = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

// connect opens a connection to addr.
func connect(addr string, j job, want func(i int) content) (*peer, error) {
	if j.HTTP2 {
		s, err := openStream(addr)
		if err != nil {
			return nil, err
		}
		return &peer{conn: s, in: newIncoming(j, want)}, nil
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	p, err := newPeer(conn, j, want)
	if err == nil {
		err = p.handshake(j)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return p, nil
}

// handshake is that of a client. The server must not send a message before it is asked to.
func (p *peer) handshake(j job) error {
	if _, err := p.conn.Write([]byte(request + offer(j) + "\r\n")); err != nil {
		return err
	}
	var buf [1024]byte
	for n := 0; n < 4 || string(buf[n-4:n]) != "\r\n\r\n"; {
		m, err := p.conn.Read(buf[n:])
		if err != nil {
			return fmt.Errorf("reading the response, which begins with %q: %w", buf[:n], err)
		}
		n += m
	}
	if want := "HTTP/1.1 101 "; string(buf[:len(want)]) != want {
		return fmt.Errorf("the response begins with %q", buf[:len(want)])
	}
	return accepted(j, string(buf[:]))
}

// accept opens a connection as a server.
func accept(ln *net.TCPListener, j job, want func(i int) content) (*peer, error) {
	ln.SetDeadline(time.Now().Add(patience))
	conn, err := ln.Accept()
	if err != nil {
		return nil, err
	}
	p, err := newPeer(conn, j, want)
	if err == nil {
		err = p.respond()
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return p, nil
}

// respond is the handshake of a server. The client must not send a message before it has come.
func (p *peer) respond() error {
	r, err := http.ReadRequest(bufio.NewReader(p.conn))
	if err != nil {
		return err
	}
	_, err = p.conn.Write(response(r))
	return err
}

// response is the server's half of the opening handshake. The limit uses it too.
func response(r *http.Request) []byte {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	return append(base64.StdEncoding.AppendEncode(b, sum[:]), "\r\n\r\n"...)
}

// receive waits until n messages have come.
func (p *peer) receive(n int) error {
	for p.in.messages < n {
		if err := p.in.fill(p.conn); err != nil {
			return err
		}
	}
	return nil
}

// drop closes the connection with a reset, so that no port stays in TIME_WAIT.
func (p *peer) drop() {
	if p.tcp == nil {
		p.conn.Close()
		return
	}
	p.tcp.SetLinger(0)
	p.tcp.Close()
}

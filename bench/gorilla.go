package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

// gorilla has its buffers fitted to the messages, up to 64 KiB, and those for writing in a pool. It copies files with
// NextWriter, and echoes with NextReader and WriteMessage, which on a server writes a message from where it is.
type gorilla struct {
	s        *site
	upgrader websocket.Upgrader
	dialer   websocket.Dialer
	prepared *websocket.PreparedMessage
}

func newGorilla(s *site) endpoint {
	g := &gorilla{s: s}
	if s.job.Way == prepared {
		g.prepared, _ = websocket.NewPreparedMessage(websocket.BinaryMessage, s.sent[0].period) // a kind that there is
	}
	var size int // that of net/http
	switch {
	case s.job.Kind == idle:
		size = 1 << 10
	case s.job.Size > 4<<10:
		size = 64 << 10
	}
	pool := new(sync.Pool)
	g.upgrader = websocket.Upgrader{ReadBufferSize: size, WriteBufferSize: size, WriteBufferPool: pool, EnableCompression: s.job.Deflate}
	g.dialer = websocket.Dialer{ReadBufferSize: size, WriteBufferSize: size, WriteBufferPool: pool, TLSClientConfig: clientTLS()}
	return g
}

func (g *gorilla) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := g.upgrader.Upgrade(w, r, nil)
	go g.s.run(&gorillaConn{Conn: c, gorilla: g}, err)
}

func (g *gorilla) serve(net.Listener) error { return errors.ErrUnsupported }

func (g *gorilla) dial(url string) error {
	c, _, err := g.dialer.Dial(url, nil)
	if err != nil {
		return err
	}
	go g.s.run(&gorillaConn{Conn: c, gorilla: g}, nil)
	return nil
}

func (g *gorilla) broadcast(p []byte, conns []conn) error {
	msg, err := websocket.NewPreparedMessage(websocket.BinaryMessage, p)
	if err != nil {
		return err
	}
	for _, c := range conns {
		if err := c.(*gorillaConn).WritePreparedMessage(msg); err != nil {
			return err
		}
	}
	return nil
}

type gorillaConn struct {
	*websocket.Conn
	gorilla *gorilla
	writing sync.Mutex // a connection supports one concurrent writer
}

func (c *gorillaConn) next() (io.Reader, error) {
	_, r, err := c.NextReader()
	return r, err
}

func (c *gorillaConn) sendFile(f *os.File) error {
	w, err := c.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, f); err != nil {
		return err
	}
	return w.Close()
}

func (c *gorillaConn) write(p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.WriteMessage(websocket.BinaryMessage, p)
}

func (c *gorillaConn) echo() error {
	j := &c.gorilla.s.job
	switch {
	case j.Kind == idle:
		return c.echoSeldom()
	case j.Way == copied:
		return c.echoCopied()
	}
	buf := make([]byte, j.Size+1)
	for {
		kind, r, err := c.NextReader()
		if err != nil {
			return err
		}
		n, err := readAll(r, buf)
		if err != nil {
			return err
		}
		if err := c.answer(kind, buf[:n]); err != nil {
			return err
		}
	}
}

func (c *gorillaConn) answer(kind int, p []byte) error {
	switch c.gorilla.s.job.Way {
	case prepared:
		return c.WritePreparedMessage(c.gorilla.prepared)
	case writer:
		w, err := c.NextWriter(kind)
		if err != nil {
			return err
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		return w.Close()
	default:
		return c.WriteMessage(kind, p)
	}
}

// echoCopied is an echo in constant memory.
func (c *gorillaConn) echoCopied() error {
	for {
		kind, r, err := c.NextReader()
		if err != nil {
			return err
		}
		w, err := c.NextWriter(kind)
		if err != nil {
			return err
		}
		if _, err := io.Copy(w, r); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
}

// echoSeldom holds no message while it waits.
func (c *gorillaConn) echoSeldom() error {
	for {
		kind, p, err := c.ReadMessage()
		if err != nil {
			return err
		}
		if err := c.WriteMessage(kind, p); err != nil {
			return err
		}
	}
}

func (c *gorillaConn) drop() { c.Close() }

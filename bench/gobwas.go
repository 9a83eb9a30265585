package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

// gobwas reads through the buffer of net/http, or one as large for small messages, and with none where it only waits. It copies with the Reader and the
// Writer of its wsutil, the latter as large as the message, up to 256 KiB.
type gobwas struct{ s *site }

func newGobwas(s *site) endpoint { return gobwas{s} }

func (g gobwas) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var u ws.HTTPUpgrader
	if g.s.job.Deflate {
		e := wsflate.Extension{Parameters: wsflate.DefaultParameters}
		u.Negotiate = e.Negotiate
	}
	nc, rw, _, err := u.Upgrade(r, w)
	if err != nil {
		g.s.complain(err)
		return
	}
	var src io.Reader = rw.Reader
	if g.s.job.Kind == idle {
		src = nc
	}
	go g.run(nc, src, ws.StateServerSide)
}

func (g gobwas) serve(ln net.Listener) error {
	if g.s.tls != nil {
		ln = tls.NewListener(ln, g.s.tls)
	}
	for {
		nc, err := ln.Accept()
		if err != nil {
			return err
		}
		go func() {
			if _, err := ws.Upgrade(nc); err != nil {
				g.s.complain(err)
				nc.Close()
				return
			}
			g.run(nc, nc, ws.StateServerSide)
		}()
	}
}

func (g gobwas) dial(url string) error {
	nc, br, _, err := ws.Dialer{TLSConfig: clientTLS()}.Dial(context.Background(), url)
	if err != nil {
		return err
	}
	var src io.Reader = nc
	switch {
	case br != nil:
		src = br
	case g.s.job.Kind == pair: // many small messages
		src = bufio.NewReader(nc)
	}
	go g.run(nc, src, ws.StateClientSide)
	return nil
}

func (g gobwas) run(nc net.Conn, src io.Reader, state ws.State) {
	c := &gobwasConn{Conn: nc, state: state, job: &g.s.job}
	if c.job.Way == prepared {
		c.prepared = ws.MustCompileFrame(ws.NewBinaryFrame(g.s.sent[0].period))
	}
	c.in = wsutil.NewReader(src, state)
	c.in.OnIntermediate = wsutil.ControlFrameHandler(nc, state)
	if g.s.job.Deflate {
		g.s.run(newGobwasZip(c), nil)
		return
	}
	g.s.run(c, nil)
}

func (g gobwas) broadcast(p []byte, conns []conn) error {
	msg, err := ws.CompileFrame(ws.NewBinaryFrame(p))
	if err != nil {
		return err
	}
	for _, c := range conns {
		if _, err := c.(*gobwasConn).Write(msg); err != nil {
			return err
		}
	}
	return nil
}

type gobwasConn struct {
	net.Conn
	state    ws.State
	job      *job
	in       *wsutil.Reader
	prepared []byte

	writing sync.Mutex // guards following
	out     *wsutil.Writer
}

func (c *gobwasConn) next() (io.Reader, error) {
	_, err := c.begin()
	return c.in, err
}

// begin begins the next message.
func (c *gobwasConn) begin() (ws.Header, error) {
	for {
		h, err := c.in.NextFrame()
		if err != nil || !h.OpCode.IsControl() {
			return h, err
		}
		if err := c.in.OnIntermediate(h, c.in); err != nil {
			return h, err
		}
	}
}

// newWriter returns a Writer with room for a message.
func (c *gobwasConn) newWriter() *wsutil.Writer {
	return wsutil.NewWriterSize(c.Conn, c.state, ws.OpBinary, int(min(c.job.Size, putFrame)))
}

func (c *gobwasConn) sendFile(f *os.File) error {
	w := c.newWriter()
	if _, err := io.Copy(w, f); err != nil {
		return err
	}
	return w.Flush()
}

func (c *gobwasConn) write(p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.out == nil {
		c.out = wsutil.NewWriterSize(c.Conn, c.state, ws.OpBinary, len(p))
	}
	if _, err := c.out.Write(p); err != nil {
		return err
	}
	return c.out.Flush()
}

func (c *gobwasConn) echo() error {
	switch {
	case c.job.Kind == idle:
		return c.echoSeldom()
	case c.job.Way == prepared:
		return c.answerPrepared()
	case c.job.Way == writer:
		return c.echoWhole()
	}
	w := c.newWriter()
	for {
		h, err := c.begin()
		if err != nil {
			return err
		}
		w.Reset(c.Conn, c.state, h.OpCode)
		if _, err := io.Copy(w, c.in); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// echoWhole has a message in memory before it writes.
func (c *gobwasConn) echoWhole() error {
	buf := make([]byte, c.job.Size+1)
	w := c.newWriter()
	for {
		h, err := c.begin()
		if err != nil {
			return err
		}
		n, err := readAll(c.in, buf)
		if err != nil {
			return err
		}
		w.Reset(c.Conn, c.state, h.OpCode)
		if _, err := w.Write(buf[:n]); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

func (c *gobwasConn) answerPrepared() error {
	for {
		if _, err := c.begin(); err != nil {
			return err
		}
		if err := c.in.Discard(); err != nil {
			return err
		}
		if _, err := c.Write(c.prepared); err != nil {
			return err
		}
	}
}

// echoSeldom holds no message while it waits.
func (c *gobwasConn) echoSeldom() error {
	for {
		h, err := c.begin()
		if err != nil {
			return err
		}
		p, err := io.ReadAll(c.in)
		if err != nil {
			return err
		}
		if err := wsutil.WriteMessage(c.Conn, c.state, h.OpCode, p); err != nil {
			return err
		}
	}
}

func (c *gobwasConn) drop() { c.Close() }

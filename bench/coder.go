package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/coder/websocket"
)

// coder copies files with Writer, and echoes with Reader and Write.
type coder struct{ s *site }

func newCoder(s *site) endpoint { return coder{s} }

func (l coder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, l.options())
	go l.start(c, err)
}

func (l coder) options() *websocket.AcceptOptions {
	o := websocket.AcceptOptions{CompressionThreshold: l.s.job.threshold()}
	switch {
	case l.s.job.Takeover:
		o.CompressionMode = websocket.CompressionContextTakeover
	case l.s.job.Deflate:
		o.CompressionMode = websocket.CompressionNoContextTakeover
	}
	return &o
}

func (l coder) start(c *websocket.Conn, err error) {
	if err == nil {
		c.SetReadLimit(-1)
	}
	l.s.run(coderConn{c, &l.s.job}, err)
}

func (l coder) serve(net.Listener) error { return errors.ErrUnsupported }

func (l coder) dial(url string) error {
	client := http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS()}}
	c, _, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{HTTPClient: &client})
	if err != nil {
		return err
	}
	go l.start(c, nil)
	return nil
}

func (l coder) broadcast(p []byte, conns []conn) error {
	for _, c := range conns {
		if err := c.write(p); err != nil {
			return err
		}
	}
	return nil
}

type coderConn struct {
	*websocket.Conn
	job *job
}

func (c coderConn) next() (io.Reader, error) {
	_, r, err := c.Reader(context.Background())
	return r, err
}

func (c coderConn) sendFile(f *os.File) error {
	w, err := c.Writer(context.Background(), websocket.MessageBinary)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, f); err != nil {
		return err
	}
	return w.Close()
}

func (c coderConn) write(p []byte) error {
	return c.Write(context.Background(), websocket.MessageBinary, p)
}

func (c coderConn) echo() error {
	ctx := context.Background()
	switch {
	case c.job.Kind == idle:
		return c.echoSeldom()
	case c.job.Way == copied:
		return c.echoCopied()
	case c.job.Way == netConn:
		nc := websocket.NetConn(ctx, c.Conn, websocket.MessageBinary)
		_, err := io.Copy(nc, nc)
		return err
	}
	buf := make([]byte, c.job.Size+1)
	for {
		kind, r, err := c.Reader(ctx)
		if err != nil {
			return err
		}
		n, err := readAll(r, buf)
		if err != nil {
			return err
		}
		if err := c.answer(ctx, kind, buf[:n]); err != nil {
			return err
		}
	}
}

func (c coderConn) answer(ctx context.Context, kind websocket.MessageType, p []byte) error {
	if c.job.Way != writer {
		return c.Write(ctx, kind, p)
	}
	w, err := c.Writer(ctx, kind)
	if err != nil {
		return err
	}
	if _, err := w.Write(p); err != nil {
		return err
	}
	return w.Close()
}

// echoCopied is an echo in constant memory.
func (c coderConn) echoCopied() error {
	ctx := context.Background()
	for {
		kind, r, err := c.Reader(ctx)
		if err != nil {
			return err
		}
		w, err := c.Writer(ctx, kind)
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
func (c coderConn) echoSeldom() error {
	ctx := context.Background()
	for {
		kind, p, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.Write(ctx, kind, p); err != nil {
			return err
		}
	}
}

func (c coderConn) drop() { c.CloseNow() }

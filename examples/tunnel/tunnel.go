package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// admit lets in who shows the token (RFC 6750). How long that takes tells nothing of it.
func admit(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte("Bearer " + token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			listen.Reject(w, r, http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// leadTo returns what leads a connection to the TCP address to.
func leadTo(to string) func(*http.Request, *stream.Conn[*stream.Reader]) error {
	d := net.Dialer{Timeout: 5 * time.Second} // as nothing tells of the end of the client meanwhile
	return func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		behind, err := d.DialContext(r.Context(), "tcp", to)
		if err != nil {
			return errors.Join(err, conn.Shutdown(r.Context(), closecode.BadGateway, "nothing is behind the tunnel"))
		}
		tunnel, err := stream.NetConn(conn, opcode.Binary)
		if err != nil {
			return err
		}
		return join(r.Context(), tunnel, behind, behind)
	}
}

// alive keeps a tunnel open over which nothing goes, and ends one whose other end is gone.
var alive = stream.KeepAlive(30 * time.Second)

// join copies what comes through the tunnel to w, and r into the tunnel, until one of them ends, or ctx does, and closes all. What
// came out of the one that ends has reached the other. A WebSocket connection cannot be open one way, as one of TCP can.
func join(ctx context.Context, tunnel net.Conn, r io.ReadCloser, w io.WriteCloser) (err error) {
	ended := make(chan error, 2)
	pipe := func(dst io.Writer, src io.Reader) {
		_, err := io.Copy(dst, src)
		ended <- err
	}
	go pipe(w, tunnel)
	go pipe(tunnel, r)
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	tunnel.Close()
	r.Close()
	w.Close()
	return err
}

// A client opens tunnels.
type client struct {
	url  string
	opts []dial.Option
}

func newClient(to, token, ca string) (client, error) {
	c := client{to, []dial.Option{alive, dial.Header(http.Header{"Authorization": {"Bearer " + token}})}}
	if ca == "" {
		return c, nil
	}
	p, err := os.ReadFile(ca)
	if err != nil {
		return c, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(p) {
		return c, fmt.Errorf("%s has no certificate", ca)
	}
	c.opts = append(c.opts, dial.TLSConfig(&tls.Config{RootCAs: roots}))
	return c, nil
}

// connect returns the client's end of a tunnel.
func (c client) connect(ctx context.Context) (net.Conn, error) {
	conn, err := dial.Dial(ctx, c.url, stream.Standard, c.opts...)
	if err != nil {
		return nil, err
	}
	return stream.NetConn(conn, opcode.Binary)
}

// forward leads each connection that ln accepts through a tunnel of its own, until ctx ends.
func (c client) forward(ctx context.Context, ln net.Listener) error {
	var all sync.WaitGroup
	defer all.Wait()
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	for {
		near, err := ln.Accept()
		switch {
		case err == nil:
			all.Go(func() {
				if err := c.lead(ctx, near, near); err != nil && ctx.Err() == nil {
					log.Printf("%s: %v", near.RemoteAddr(), err)
				}
			})
		case ctx.Err() != nil:
			return nil
		default: // such as that descriptors are scarce, for a while
			log.Print(err)
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// lead leads what comes from r through a tunnel, and what comes out of it to w. It closes both.
func (c client) lead(ctx context.Context, r io.ReadCloser, w io.WriteCloser) error {
	tunnel, err := c.connect(ctx)
	if err != nil {
		r.Close()
		w.Close()
		return err
	}
	return join(ctx, tunnel, r, w)
}

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	_ "github.com/litert/websocket/listen/xconnect" // has servers announce WebSocket over HTTP/2
	"github.com/litert/websocket/stream"
)

// connections are those of all clients of a place with HTTP/2 in a process.
type connections struct {
	*http.Transport
	last atomic.Pointer[net.Conn] // that was dialled
}

func newConnections(roots *x509.CertPool) *connections {
	c := new(connections)
	c.Transport = &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err == nil {
				c.last.Store(&conn)
			}
			return conn, err
		},
	}
	return c
}

// close closes those that nobody uses. A nil c has none.
func (c *connections) close() {
	if c != nil {
		c.CloseIdleConnections()
	}
}

// dialHTTP2 opens a stream of a connection that is shared, and so is what happens to that.
func (v *visitor) dialHTTP2(ctx context.Context, p *place, opts []dial.Option) (err error) {
	v.Conn, err = dial.Dial(ctx, *p.url.Load(), stream.Standard, append(opts, dial.HTTP2(p.shared.Transport))...)
	if conn := p.shared.last.Load(); conn != nil {
		v.raw = *conn
	}
	return err
}

// keepHTTP2 is keep for a place with HTTP/2, whose servers take HTTP/1.1, too.
func (f *farm) keepHTTP2(ctx context.Context, p *place, r *rand.Rand) {
	for {
		life, end := context.WithTimeout(ctx, f.life(r))
		<-life.Done()
		end()
		if r.IntN(2) == 0 {
			grace, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(500))*time.Millisecond)
			p.group.Shutdown(grace)
			cancel()
		}
		p.server.Close()
		p.group.Shutdown(context.Background())
		if ctx.Err() != nil {
			return
		}
		if err := f.listenHTTP2(p); err != nil {
			p.tally.fault(err)
			return
		}
	}
}

// listenHTTP2 starts the next server of a place with HTTP/2.
func (f *farm) listenHTTP2(p *place) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.group = new(listen.Group)
	p.server = &http.Server{
		Handler: listen.Handler(stream.Standard, func(_ *http.Request, conn *stream.Conn[*stream.Reader]) error {
			f.serve(p, conn, rand.New(rand.NewPCG(p.served.Add(1), 1)))
			return nil
		}, append(f.serverOptions(), listen.Join(p.group))...),
		ReadHeaderTimeout: f.patience(),
		ErrorLog:          log.New(io.Discard, "", 0), // hostile clients are many
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{f.cert}},
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     256 << 10,
			MaxReceiveBufferPerConnection: 16 << 20,
		},
	}
	go p.server.ServeTLS(ln, "", "")
	p.found("wss://" + ln.Addr().String() + "/")
	return nil
}

package main

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/lxzan/gws"
)

// gws calls a function for each message, which it has received whole by then.
type gwsEndpoint struct {
	gws.BuiltinEventHandler
	s        *site
	upgrader *gws.Upgrader
	prepared *gws.Broadcaster

	mu    sync.Mutex // guards following
	conns []*gws.Conn
}

func newGws(s *site) endpoint {
	g := &gwsEndpoint{s: s}
	if s.job.Way == prepared {
		g.prepared = gws.NewBroadcaster(gws.OpcodeBinary, s.sent[0].period)
	}
	g.upgrader = gws.NewUpgrader(g, g.options())
	return g
}

func (g *gwsEndpoint) options() *gws.ServerOption {
	j := &g.s.job
	return &gws.ServerOption{ReadMaxPayloadSize: g.limit(), WriteMaxPayloadSize: g.limit(), PermessageDeflate: gws.PermessageDeflate{
		Enabled:               j.Deflate,
		Threshold:             j.threshold(),
		ServerContextTakeover: j.Takeover,
		ClientContextTakeover: j.Takeover,
		ServerMaxWindowBits:   15, // as the others have
		ClientMaxWindowBits:   15,
	}}
}

// limit is for messages, compressed or not, and must not be 0.
func (g *gwsEndpoint) limit() int { return int(g.s.job.Size) + 1<<10 }

func (g *gwsEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := g.upgrader.Upgrade(w, r)
	if err != nil {
		g.s.complain(err)
		return
	}
	if g.s.job.Kind == shake {
		c.NetConn().Close()
		return
	}
	go c.ReadLoop()
}

func (g *gwsEndpoint) serve(ln net.Listener) error {
	if g.s.tls != nil {
		ln = tls.NewListener(ln, g.s.tls)
	}
	return gws.NewServer(g, g.options()).RunListener(ln)
}

func (g *gwsEndpoint) dial(url string) error {
	if g.s.job.Kind == pair {
		return g.call(url)
	}
	c, _, err := gws.NewClient(g, &gws.ClientOption{Addr: url, ReadMaxPayloadSize: g.limit(), WriteMaxPayloadSize: g.limit(), TlsConfig: clientTLS()})
	if err != nil {
		return err
	}
	go c.ReadLoop()
	return nil
}

func (g *gwsEndpoint) OnOpen(c *gws.Conn) {
	switch g.s.job.Kind {
	case shake:
		c.NetConn().Close()
	case fanout:
		g.mu.Lock()
		defer g.mu.Unlock()
		g.conns = append(g.conns, c)
		g.s.open.Done()
	}
}

func (g *gwsEndpoint) OnMessage(c *gws.Conn, msg *gws.Message) {
	defer msg.Close()
	if err := g.answer(c, msg); err != nil {
		g.s.complain(err)
		c.NetConn().Close()
	}
}

func (g *gwsEndpoint) answer(c *gws.Conn, msg *gws.Message) error {
	reply := func(p []byte) error { return c.WriteMessage(gws.OpcodeBinary, p) }
	switch g.s.job.Kind {
	case send:
		return g.s.send(func(f *os.File) error { return c.WriteFile(gws.OpcodeBinary, f) })
	case receive, store:
		answer, err := g.s.take(bytes.NewReader(msg.Bytes()))
		if err != nil {
			return err
		}
		return reply(answer)
	case deflate:
		return g.s.deflate(reply)
	case inflate:
		var n count
		if _, err := n.Write(msg.Bytes()); err != nil {
			return err
		}
		return reply(n.answer())
	case write:
		return g.s.write(reply)
	case fanout:
		return g.s.broadcast(msg.Bytes())
	}
	switch p := msg.Bytes(); g.s.job.Way { // of an echo
	case buffers:
		return c.Writev(msg.Opcode, p[:len(p)/2], p[len(p)/2:])
	case prepared:
		return g.prepared.Broadcast(c)
	default:
		return c.WriteMessage(msg.Opcode, p)
	}
}

func (g *gwsEndpoint) broadcast(p []byte, _ []conn) error {
	b := gws.NewBroadcaster(gws.OpcodeBinary, p)
	defer b.Close()
	for _, c := range g.conns {
		if err := b.Broadcast(c); err != nil {
			return err
		}
	}
	return nil
}

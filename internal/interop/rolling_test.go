//go:build interop

package interop_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// Each client works on through a restart of one node and then the other, and hears 1001 and nothing else.
func TestARollingRestartBehindAProxy(t *testing.T) {
	program := buildNode(t)
	for _, proxy := range []struct {
		name  string
		start func(t *testing.T, addr, certificate string, nodes ...string)
	}{{"nginx", startNginx}, {"HAProxy", startHAProxy}, {"Caddy", startCaddy}} {
		t.Run(proxy.name, func(t *testing.T) {
			addr, addresses := freeAddress(t), []string{freeAddress(t), freeAddress(t)}
			cert, roots := wstest.Certificate(t, "127.0.0.1")
			var nodes [2]*exec.Cmd
			for i, a := range addresses {
				nodes[i] = startNode(t, program, a)
			}
			proxy.start(t, addr, writeCertificate(t, cert), addresses...)
			awaitListener(t, addr)
			c := newCrowd(t, "wss://"+addr, roots)
			for i, a := range addresses {
				c.awaitEcho()
				stopNode(t, nodes[i])
				c.awaitEcho()
				nodes[i] = startNode(t, program, a)
			}
			c.leave()
		})
	}
}

func startNode(t *testing.T, program, addr string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, "-addr", addr, "-notice", "0")
	start(t, cmd)
	awaitListener(t, addr)
	return cmd
}

// stopNode has a node end in order.
func stopNode(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the node ends with %v", err)
	}
}

// A crowd are clients that connect again, each of which sends a message whenever it has got the one before back.
type crowd struct {
	t       *testing.T
	url     string
	tls     *tls.Config
	ctx     context.Context
	stop    func()
	running sync.WaitGroup
	members [20]struct{ echoes, ends atomic.Int64 }
}

func newCrowd(t *testing.T, url string, roots *x509.CertPool) *crowd {
	ctx, stop := context.WithCancel(t.Context())
	c := &crowd{t: t, url: url, tls: &tls.Config{RootCAs: roots}, ctx: ctx, stop: stop}
	for i := range c.members {
		c.running.Go(func() { c.run(i) })
	}
	t.Cleanup(c.running.Wait)
	t.Cleanup(stop)
	return c
}

// leave ends the clients, each of which must have heard the end of a node.
func (c *crowd) leave() {
	c.stop()
	c.running.Wait()
	for i := range c.members {
		if c.members[i].ends.Load() == 0 {
			c.t.Errorf("client %d has not heard of an end", i)
		}
	}
}

func (c *crowd) run(i int) {
	for c.ctx.Err() == nil {
		conn := c.connect()
		if conn == nil {
			return
		}
		err := c.talk(conn, &c.members[i].echoes)
		conn.Abort()
		if c.ctx.Err() != nil {
			return
		}
		if stream.CloseCode(err) != closecode.GoingAway {
			c.t.Errorf("client %d ends with %v, want 1001", i, err)
			return
		}
		c.members[i].ends.Add(1)
	}
}

// connect tries until there is a connection, or the clients end.
func (c *crowd) connect() *stream.Conn[stream.Message] {
	for patience := time.Millisecond; ; patience = min(2*patience, time.Second) {
		conn, err := dial.Dial(c.ctx, c.url, stream.Simple, dial.TLSConfig(c.tls))
		if err == nil {
			return conn
		}
		var refused *dial.Error
		if c.ctx.Err() != nil {
			return nil
		}
		if !errors.As(err, &refused) || refused.StatusCode != 502 && refused.StatusCode != 503 {
			c.t.Errorf("the handshake: %v", err)
			return nil
		}
		select {
		case <-time.After(patience):
		case <-c.ctx.Done():
		}
	}
}

func (c *crowd) talk(conn *stream.Conn[stream.Message], echoes *atomic.Int64) error {
	for {
		conn.WriteText(c.ctx, "hello") // an error where the node has closed, of which Receive tells
		msg, err := conn.Receive(c.ctx)
		if err != nil {
			return err
		}
		if msg.String() != "hello" {
			return errors.New("another echo: " + msg.String())
		}
		echoes.Add(1)
		select {
		case <-time.After(10 * time.Millisecond):
		case <-c.ctx.Done():
		}
	}
}

// awaitEcho waits until each client has got a message back that it sent since.
func (c *crowd) awaitEcho() {
	c.t.Helper()
	for i := range c.members {
		m := &c.members[i]
		before := m.echoes.Load() + 1 // which may have been under way
		for until := time.Now().Add(hangs); m.echoes.Load() <= before; time.Sleep(10 * time.Millisecond) {
			if c.t.Failed() || time.Now().After(until) {
				c.t.Fatalf("client %d gets nothing back", i)
			}
		}
	}
}

package main

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A toll is what stands between clients and a server. Its first connection passes so many bytes in each direction, and then stands
// still, or is cut; others pass.
type toll struct {
	url    string
	passed atomic.Int64 // to the server
	drop   func()       // cuts what stands still

	between atomic.Pointer[func()] // called before another connection passes; nil: nothing is
}

const unlimited = 1 << 60

func startToll(t *testing.T, s served, limit int64, cut bool) *toll {
	t.Helper()
	_, rest, _ := strings.Cut(s.url, "://")
	address := strings.TrimSuffix(rest, "/")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &toll{url: strings.Replace(s.url, address, ln.Addr().String(), 1)}
	done := make(chan struct{})
	g.drop = sync.OnceFunc(func() { close(done) })
	var conns sync.WaitGroup
	t.Cleanup(func() {
		g.drop()
		ln.Close()
		conns.Wait()
	})
	pass := func(dst, src net.Conn, count *atomic.Int64, limit int64) {
		io.CopyN(io.MultiWriter(dst, counter{count}), src, limit)
		if limit < unlimited && !cut {
			<-done // and nobody reads
		}
		dst.Close()
		src.Close()
	}
	conns.Go(func() {
		for first := true; ; first = false {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", address)
			if err != nil { // as one that is being started again
				client.Close()
				continue
			}
			most := int64(unlimited)
			if first {
				most = limit
			} else if between := g.between.Load(); between != nil {
				(*between)()
			}
			conns.Go(func() { pass(server, client, &g.passed, most) })
			conns.Go(func() { pass(client, server, new(atomic.Int64), most) })
		}
	})
	return g
}

// A counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

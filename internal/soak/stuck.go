package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"time"
)

// stick is a client that gets a connection and is stuck: the server has to find that, and to give it up.
func (f *farm) stick(p *place, r *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute+10*f.patience())
	defer cancel()
	raw, err := p.dial(ctx)
	if err != nil {
		return
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	conn := raw
	if p.secure {
		conn = tls.Client(raw, &tls.Config{RootCAs: f.roots, ServerName: "127.0.0.1"})
	}
	if !opened(conn) || !stop() {
		return
	}
	way := sticking[r.IntN(len(sticking))]
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		if f.waitLong(ended) {
			raw.SetDeadline(time.Now())
		}
	}()
	if errors.Is(way.until(conn), os.ErrDeadlineExceeded) {
		p.tally.fault(fmt.Errorf("a client that %s was not given up", way.does))
		return
	}
	p.tally.count(givenUp)
}

// waitLong waits for sixty times the patience, and reports false if ended was first. It does so in many turns, each of which comes
// late where the process gets no processor: the server is not blamed for that.
func (f *farm) waitLong(ended <-chan struct{}) bool {
	for range 600 {
		select {
		case <-time.After(f.patience() / 10):
		case <-ended:
			return false
		}
	}
	return true
}

// sticking are ways to be stuck, which end with the connection.
var sticking = []struct {
	does  string
	until func(net.Conn) error
}{
	{"says nothing, and answers no ping", reads},
	{"has sent half of a message", func(conn net.Conn) error {
		if _, err := io.WriteString(conn, "\x82\xfe\x40\x00keys"+strings.Repeat("x", 8<<10)); err != nil {
			return err
		}
		return reads(conn)
	}},
	{"does not read what comes back", func(conn net.Conn) error {
		return writes(conn, "\x82\xfe\x40\x00keys"+strings.Repeat("x", 16<<10), 0)
	}},
	{"sends pings, and does not read", func(conn net.Conn) error {
		return writes(conn, "\x89\xfdkeys"+strings.Repeat("x", 125), time.Millisecond)
	}},
}

// reads reads until that fails.
func reads(conn net.Conn) error {
	_, err := io.Copy(io.Discard, conn)
	return err
}

// writes writes p over and over, with a pause behind each, until that fails.
func writes(conn net.Conn, p string, pause time.Duration) error {
	for {
		if _, err := io.WriteString(conn, p); err != nil {
			return err
		}
		time.Sleep(pause)
	}
}

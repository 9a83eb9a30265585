package main

import (
	"io"
	"strings"
	"time"

	"github.com/litert/websocket/opcode"
)

// crowds are attacks by their mere number: a socket that the server cuts is opened again.
var crowds = []attack{
	{
		name: "silence", does: "thousands of sockets send nothing, and are opened again when they are cut",
		targets: target.overTCP, workers: crowd, once: sends(""), memory: crowdMemory,
	}, {
		name: "slow-head", does: "thousands of sockets send the head of a request, a byte a second",
		targets: target.overTCP, workers: crowd, once: dawdles, memory: crowdMemory,
	}, {
		name: "half-head", does: "thousands of sockets send half the head of a request",
		targets: target.overTCP, workers: crowd, once: sends("GET / HTTP/1.1\r\nHost: local"), memory: crowdMemory,
	}, {
		name: "half-hello", does: "thousands of sockets send half a ClientHello of TLS",
		targets: target.overTLS, workers: crowd, once: sends(hello[:len(hello)/2]), memory: crowdMemory,
	}, {
		name: "idle", does: "connections are opened, and say nothing more: the idle timeout ends them",
		targets: target.brief, workers: 100, once: idles, least: 3 * briefIdle,
	},
}

// crowdMemory is what thousands of goroutines of net/http need, with their buffers, and some times that for TLS.
const crowdMemory = 512 << 20

// sends has a socket send p, and wait until it is cut.
func sends(p string) func(*attacker) error {
	return func(a *attacker) error {
		c, err := a.knock()
		if err != nil {
			return err
		}
		defer c.Close()
		a.begun.Add(1)
		if err := c.send(p); err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, c.r)
		return err
	}
}

// dawdles sends a request, a byte a second.
func dawdles(a *attacker) error {
	c, err := a.knock()
	if err != nil {
		return err
	}
	defer c.Close()
	a.begun.Add(1)
	for b := range strings.SplitSeq(request(a.target), "") {
		if err := c.send(b); err != nil {
			return err
		}
		rest(a.ctx, time.Second)
	}
	return nil
}

// idles wants to be cut.
func idles(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if h, _, err := c.receive(); isTimeout(err) || err == nil && h.Opcode != opcode.Close {
		return complain("an idle connection goes on")
	}
	return c.ended()
}

// hello is the beginning of a record of TLS that has a ClientHello.
var hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("r", 32) + "\x20" + strings.Repeat("s", 32) + strings.Repeat("\x00", 180)

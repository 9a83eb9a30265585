package main

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

// openings are attacks on the opening handshake, before and behind.
var openings = []attack{
	{
		name: "endless-line", does: "a head whose first line has no end",
		targets: target.overTCP, workers: 2, once: endless("GET /", "x"),
	}, {
		name: "endless-field", does: "a head of which a field has no end",
		targets: target.overTCP, workers: 2, once: endless("GET / HTTP/1.1\r\nX: ", "x"),
	}, {
		name: "endless-fields", does: "a head whose fields have no end",
		targets: target.overTCP, workers: 2, once: endless("GET / HTTP/1.1\r\n", "X: y\r\n"),
	}, {
		name: "many-fields", does: "a proper request of three hundred tiny fields, which must be refused",
		targets: target.plain, workers: 2, once: refused(tiny(300)...),
	}, {
		name: "large-field", does: "a proper request with a field of 100 KiB, which must be refused",
		targets: target.plain, workers: 2, once: refused("X: " + strings.Repeat("x", 100<<10)),
	}, {
		name: "large-heads", does: "hundreds of proper requests of almost 1 MiB, which must be refused, or be forgotten once they are answered",
		targets: target.behind, workers: 4, once: hoards,
	}, {
		name: "foreign-origin", does: "a web page of another site, which must be refused",
		targets: target.plain, workers: 2, once: refused("Origin: http://attacker.example"),
	}, {
		name: "origin-of-http", does: "a web page of the same host, but without TLS, which must be refused",
		targets: target.overTLS, workers: 2, once: refusedOf(func(t target) []string { return []string{"Origin: http://" + t.Host} }),
	}, {
		name: "rebinding", does: "a web page whose name stands for a loopback address, which must be refused",
		targets: target.plain, workers: 2, once: refusedOf(func(t target) []string {
			_, port, _ := strings.Cut(t.Address, ":")
			return []string{"Host: attacker.example:" + port, "Origin: http://attacker.example:" + port}
		}),
	}, {
		name: "pipelined", does: "a second request behind one that is refused, which must not be answered",
		targets: target.plain, workers: 2, once: pipelined,
	}, {
		name: "eager", does: "frames right behind the request, and another request behind those, which is none",
		targets: target.open, workers: 2, once: eager,
	},
}

// endless sends begin, and rest again and again; the server must cut that off, and open nothing.
func endless(begin, rest string) func(*attacker) error {
	return func(a *attacker) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		defer c.Close()
		a.begun.Add(1)
		if err := c.send(begin); err != nil {
			return err
		}
		rest := strings.Repeat(rest, 16<<10)
		for sent := 0; sent < 16<<20; sent += len(rest) {
			c.SetWriteDeadline(time.Now().Add(a.patience))
			if err := c.send(rest); isTimeout(err) {
				break
			} else if err != nil {
				return err
			}
		}
		return complain("a head of 16 MiB is taken")
	}
}

// tiny returns n fields.
func tiny(n int) (fields []string) {
	for i := range n {
		fields = append(fields, "X"+strconv.Itoa(i)+": y")
	}
	return fields
}

// refused sends a request with the fields, which must not open a connection.
func refused(fields ...string) func(*attacker) error {
	return refusedOf(func(target) []string { return fields })
}

// refusedOf is refused with fields that depend on the target.
func refusedOf(fields func(target) []string) func(*attacker) error {
	return func(a *attacker) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.send(request(a.target, fields(a.target)...)); err != nil {
			return err
		}
		status, err := c.status()
		if err == nil || !isTimeout(err) {
			a.begun.Add(1)
		}
		if status == http.StatusSwitchingProtocols {
			return complain("a connection was opened")
		}
		return err
	}
}

// hoards opens many connections by large requests, and keeps them.
func hoards(a *attacker) error {
	for range 50 {
		c, err := a.connect()
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.send(request(a.target, "X: "+strings.Repeat("x", 1<<20-8<<10))); err != nil {
			return err
		}
		a.begun.Add(1)
		if _, err := c.status(); err != nil {
			return err
		}
	}
	<-a.ctx.Done()
	return nil
}

// pipelined sends two requests, of which the first is refused.
func pipelined(a *attacker) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(request(a.target, "Sec-WebSocket-Version: 12"), request(a.target)); err != nil {
		return err
	}
	status, err := c.status()
	if err != nil {
		return err
	}
	a.begun.Add(1)
	if status == http.StatusSwitchingProtocols {
		return complain("a request of version 12 was not refused")
	}
	switch status, err := c.status(); {
	case err == nil:
		return complain("the second request was answered with status %d", status)
	case isTimeout(err):
		return complain("the connection stays open behind the refusal")
	}
	return nil
}

// eager sends all at once: a request, a message, and another request, which are bytes that are no frame.
func eager(a *attacker) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(request(a.target), c.whole(opcode.Text, "early"), request(a.target)); err != nil {
		return err
	}
	if status, err := c.status(); err != nil || status != http.StatusSwitchingProtocols {
		return err
	}
	a.begun.Add(1)
	if h, payload, err := c.receive(); err == nil && h.Opcode == opcode.Text && payload != "early" {
		return complain("%.20q comes back", payload)
	} else if isTimeout(err) {
		return complain("what came behind the request was lost")
	}
	begin, err := c.r.Peek(4)
	if errors.Is(err, io.EOF) || err == nil && string(begin) != "HTTP" {
		return c.failed(closecode.ProtocolError)
	}
	if err == nil {
		return complain("bytes behind the handshake were answered as a request")
	}
	return nil
}

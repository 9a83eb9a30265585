package main

import (
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

// floods are attacks by frames that are legal, but too many. The attackers read nothing of what comes back.
var floods = []attack{
	{
		name: "empty-fragments", does: "a message of empty fragments, without end",
		targets: target.open, workers: 1, once: inFragments,
	}, {
		name: "pings", does: "pings without end, whose pongs are not read",
		targets: target.open, workers: 1, once: inundates(opcode.Ping, strings.Repeat("p", 125)),
	}, {
		name: "pongs", does: "pongs without end, for which nobody has asked",
		targets: target.open, workers: 1, once: inundates(opcode.Pong, "p"),
	}, {
		name: "tiny-messages", does: "messages of a byte without end, whose echoes are not read",
		targets: target.open, workers: 1, once: inundates(opcode.Text, "x"),
	}, {
		name: "closes", does: "close frames without end",
		targets: target.open, workers: 1, once: inundates(opcode.Close, closing(closecode.NormalClosure)),
	}, {
		name: "deaf", does: "large messages without end, whose echoes are not read",
		targets: target.open, workers: 2, once: inundates(opcode.Binary, strings.Repeat("x", 512<<10)),
	},
}

// inundates sends one frame over and over.
func inundates(op opcode.Opcode, payload string) func(*attacker) error {
	return func(a *attacker) error {
		c, err := a.open()
		if err != nil {
			return err
		}
		defer c.Close()
		return c.flood(c.whole(op, payload))
	}
}

// inFragments sends one message, whose fragments are empty.
func inFragments(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(c.fragment(opcode.Text, "")); err != nil {
		return err
	}
	return c.flood(c.fragment(opcode.Continuation, ""))
}

package main

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

// leavings are attacks by the way in which a peer leaves. The end of each connection is a reset, but where it is half
// closed before.
var leavings = []attack{
	{
		name: "storm", does: "sockets that are closed as soon as they are open",
		targets: target.plain, workers: 16, once: storms,
	}, {
		name: "cut-anywhere", does: "conversations that are reset at any byte, from the handshake to the end",
		targets: target.open, workers: 8, once: cuts,
	}, {
		name: "half-closed", does: "clients that send no more, but receive: what they have sent is answered",
		targets: target.open, workers: 2, once: halfCloses,
	},
}

func storms(a *attacker) error {
	c, err := a.knock()
	if err != nil {
		return err
	}
	a.begun.Add(1)
	return c.Close()
}

// cuts has a conversation all of which is sent at once, but for its end.
func cuts(a *attacker) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	a.begun.Add(1)
	long := strings.Repeat("x", 10_000)
	all := request(a.target) + c.whole(opcode.Text, "a word") + c.fragment(opcode.Binary, long) + c.whole(opcode.Ping, "?") +
		c.whole(opcode.Continuation, long) + c.whole(opcode.Close, closing(closecode.NormalClosure))
	return c.send(all[:rand.IntN(len(all))])
}

func halfCloses(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(c.whole(opcode.Text, "the last word")); err != nil {
		return err
	}
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	h, payload, err := c.receive()
	switch {
	case errors.Is(err, io.EOF) || err == nil && payload != "the last word":
		return complain("%v %.20q comes back", h.Opcode, payload)
	case isTimeout(err):
		return complain("nothing comes back")
	case err != nil:
		return err
	}
	return c.ended()
}

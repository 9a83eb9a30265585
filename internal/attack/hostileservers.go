package main

import (
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// hostileServers are attacks on clients: by the response first, and by frames behind it.
var hostileServers = []attack{
	{name: "client-silence", does: "a server that does not answer", check: neverOpen, conduct: answers("", "")},
	{name: "client-interim", does: "interim responses without end", check: neverOpen,
		conduct: answers("", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")},
	{name: "client-field", does: "a response of which a field has no end", check: neverOpen, conduct: answers(switching+"X: ", "x")},
	{name: "client-fields", does: "a response whose fields have no end", check: neverOpen, conduct: answers(switching, "X: y\r\n")},
	{name: "client-many-fields", does: "a proper response of a thousand tiny fields, which must be refused", check: neverOpen,
		conduct: accepts(tiny(1000)...)},
	{name: "client-body", does: "a refusal whose body has no end", check: neverOpen,
		conduct: answers("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")},
	{name: "client-wrong-key", does: "a response to another request", check: neverOpen,
		conduct: answers(switching+"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "")},
	{name: "client-redirects", does: "redirects that lead back", check: neverOpen,
		conduct: answers("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "")},
	{name: "client-secrets", does: "a redirect to another port of the host, which must not get what the server was to know", check: anything,
		conduct: redirectsToThief},
	{name: "client-lengths", does: "frames that claim to be as large as allowed, or far larger, and do not come", check: noMessage,
		conduct: sendsFrames(claimed)},
	{name: "client-fragments", does: "a message of fragments of one byte, without end", check: noMessage,
		conduct: floodsWith(func(c *conn) (string, string) {
			return c.fragment(opcode.Binary, "x"), c.fragment(opcode.Continuation, "x")
		})},
	{name: "client-empty", does: "a message of empty fragments, without end", check: noMessage,
		conduct: floodsWith(func(c *conn) (string, string) {
			return c.fragment(opcode.Text, ""), c.fragment(opcode.Continuation, "")
		})},
	{name: "client-pings", does: "pings without end, whose pongs are not read", check: noMessage,
		conduct: floodsWith(func(c *conn) (string, string) { return "", c.whole(opcode.Ping, strings.Repeat("p", 125)) })},
	{name: "client-tiny", does: "messages of a byte without end, whose echoes are not read", check: anything,
		conduct: floodsWith(func(c *conn) (string, string) { return "", c.whole(opcode.Text, "x") })},
	{name: "client-bomb", does: "a compressed message that inflates to a thousand times as much", check: noMessage, conduct: bombs},
	{name: "client-masked", does: "frames that are masked, as those of a client", check: noMessage,
		conduct: sendsFrames(func(c *conn) string { return (&conn{}).whole(opcode.Text, "masked") })},
	{name: "client-garbage", does: "bytes by chance instead of frames", check: anything, conduct: sendsFrames(noise)},
	{name: "client-cut", does: "a message that is cut in the middle of a frame, which must not be taken for a whole one", check: noMessage,
		conduct: cutsMessage},
}

// neverOpen is for answers that open no connection.
func neverOpen(o Outcome) error {
	if o.Opened {
		return complain("a connection was opened")
	}
	return nil
}

// noMessage is for connections over which no message comes whole.
func noMessage(o Outcome) error {
	switch {
	case o.Messages > 0:
		return complain("%d messages were taken for whole ones", o.Messages)
	case o.Opened && o.Err == "":
		return complain("the connection was taken for one that has ended well")
	}
	return nil
}

// anything is for what may well be taken.
func anything(Outcome) error { return nil }

// answers sends begin, and rest again and again, if it is not empty.
func answers(begin, rest string) func(*hostile) error {
	return func(h *hostile) error {
		h.force.begun.Add(1)
		if err := h.send(begin); err != nil {
			return err
		}
		if rest != "" {
			return h.flood(rest)
		}
		return h.wait()
	}
}

// accepts opens the connection.
func accepts(fields ...string) func(*hostile) error {
	return func(h *hostile) error {
		if err := h.accept(fields...); err != nil {
			return err
		}
		return h.wait()
	}
}

// sendsFrames opens the connection, and sends what frames returns.
func sendsFrames(frames func(*conn) string) func(*hostile) error {
	return func(h *hostile) error {
		if err := h.accept(); err != nil {
			return err
		}
		if err := h.send(frames(h.conn)); err != nil {
			return err
		}
		return h.wait()
	}
}

// floodsWith opens the connection, and sends a frame, and another again and again.
func floodsWith(frames func(*conn) (first, rest string)) func(*hostile) error {
	return func(h *hostile) error {
		if err := h.accept(); err != nil {
			return err
		}
		first, rest := frames(h.conn)
		if err := h.send(first); err != nil {
			return err
		}
		return h.flood(rest)
	}
}

// claimed is the beginning of a frame.
func claimed(*conn) string {
	return string(binary.BigEndian.AppendUint64([]byte{0x82, 0x7f}, lengths[rand.IntN(len(lengths))])) + "a few bytes"
}

func bombs(h *hostile) error {
	fields := []string{offer}
	if h.request.Header.Get("Sec-WebSocket-Extensions") == "" {
		fields = nil // the client does not compress
	}
	if err := h.accept(fields...); err != nil {
		return err
	}
	payload := deflated()
	head := frame.Header{Fin: true, RSV1: true, Opcode: opcode.Binary, Length: int64(len(payload))}
	if err := h.send(h.frame(head, payload)); err != nil {
		return err
	}
	return h.wait()
}

// cutsMessage leaves in the middle of a frame, or between two fragments.
func cutsMessage(h *hostile) error {
	if err := h.accept(); err != nil {
		return err
	}
	all := h.fragment(opcode.Text, "a part") + h.whole(opcode.Continuation, "and the rest")
	return h.send(all[:1+rand.IntN(len(all)-1)])
}

// redirectsToThief sends the client to another port of the host, where nothing may come that is secret.
func redirectsToThief(h *hostile) error {
	thief, err := h.force.listen(func(c *conn, request *http.Request) error {
		h.force.begun.Add(1)
		for name, values := range request.Header {
			if strings.Contains(strings.Join(values, " "), secret) {
				return complain("the field %s came along to another port", name)
			}
		}
		return c.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
	})
	if err != nil {
		return err
	}
	defer thief.Close()
	if err := h.send("HTTP/1.1 302 Found\r\nLocation: ws://" + thief.Addr().String() + "/\r\nContent-Length: 0\r\n\r\n"); err != nil {
		return err
	}
	return h.wait()
}

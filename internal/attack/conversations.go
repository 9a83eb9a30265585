package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// conversations are attacks by frames that are against the rules, or over a limit.
var conversations = []attack{
	{
		name: "claimed-lengths", does: "frames that claim to be as large as allowed, or far larger, and do not come",
		targets: target.open, workers: 40, once: claims,
	}, {
		name: "byte-fragments", does: "a message of fragments of one byte, without end",
		targets: target.open, workers: 1, once: byteFragments,
	}, {
		name: "illegal-frames", does: "frames that break the protocol in one way each",
		targets: target.open, workers: 2, once: illegal,
	}, {
		name: "garbage", does: "bytes by chance instead of frames",
		targets: target.open, workers: 4, once: garbage,
	}, {
		name: "late-bad-text", does: "a large text that is not UTF-8 in its last byte, which must not come back whole",
		targets: target.open, workers: 2, once: lateBadText,
	}, {
		name: "bomb", does: "a compressed message that inflates to a thousand times as much",
		targets: target.inflates, workers: 2, once: bomb,
	}, {
		name: "bad-bomb", does: "compressed messages that are corrupt",
		targets: target.inflates, workers: 4, once: corrupt,
	}, {
		name: "behind-close", does: "frames behind the close frame, which must not be answered",
		targets: target.open, workers: 2, once: behindClose,
	},
}

// lengths are what a frame may claim. Most of them are allowed.
var lengths = []uint64{maxMessage, maxMessage, maxMessage, maxMessage, 64 << 20, 1 << 40, 1 << 62, 1 << 63, math.MaxUint64}

// claims are the beginnings of frames, whose rest never comes. Those below the limit are waited for.
func claims(a *attacker) error {
	length := lengths[rand.IntN(len(lengths))]
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	head := binary.BigEndian.AppendUint64([]byte{0x82, 0xff}, length)
	if err := c.send(string(head), "keys", "a few bytes"); err != nil {
		return err
	}
	if length == maxMessage {
		<-a.ctx.Done()
		return nil
	}
	return a.overLimit(c)
}

// overLimit checks that what is over the limit of a victim fails, if it is not illegal in its mode anyway. Of other
// servers the limit is not known.
func (a *attacker) overLimit(c *conn) error {
	if a.target.Mode == "" {
		_, err := io.Copy(io.Discard, c.r)
		return err
	}
	return c.failed(closecode.MessageTooBig, closecode.ProtocolError)
}

// byteFragments sends a message that never ends, and waits until the server gives up.
func byteFragments(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(c.fragment(opcode.Binary, "x")); err != nil {
		return err
	}
	go c.flood(c.fragment(opcode.Continuation, "x")) // until c is closed
	return a.overLimit(c)
}

// illegal sends one frame, or two, against a rule of RFC 6455, section 5.
func illegal(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	bare := func(op opcode.Opcode) frame.Header { return frame.Header{Fin: true, Opcode: op} }
	reserved := bare(opcode.Text)
	reserved.RSV2 = true
	long := strings.Repeat("p", 126)
	wires := []string{
		string(bare(opcode.Text).Append(nil)),                                  // not masked
		c.frame(reserved, ""),                                                  // a bit that means nothing
		c.frame(bare(3), ""),                                                   // an opcode that means nothing
		c.frame(bare(0xB), ""),                                                 // and one of control frames
		c.fragment(opcode.Ping, ""),                                            // a control frame in fragments
		c.whole(opcode.Ping, long),                                             // or of more than 125 bytes
		c.whole(opcode.Continuation, ""),                                       // without a message
		c.fragment(opcode.Text, "") + c.whole(opcode.Text, ""),                 // inside a message
		c.whole(opcode.Close, "x"),                                             // half a close code
		c.whole(opcode.Close, "\x03\xed"),                                      // 1005, which is never sent
		c.whole(opcode.Close, "\x03\xe8\xff"),                                  // a reason that is not UTF-8
		string(append([]byte{0x81, 0xfe, 0, 1}, "keysx"...)),                   // more bytes for a length than needed
		string(append([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1}, "keysx"...)), // far more
	}
	if err := c.send(wires[rand.IntN(len(wires))]); err != nil {
		return err
	}
	return c.failed(closecode.ProtocolError, closecode.InvalidPayload)
}

// garbage sends what is hardly ever a frame, and nothing behind it: only that it does no harm is to be seen.
func garbage(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	return c.send(noise(c))
}

func noise(*conn) string {
	p := make([]byte, 1+rand.IntN(64<<10))
	for i := range p {
		p[i] = byte(rand.Uint32())
	}
	return string(p)
}

func lateBadText(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(c.whole(opcode.Text, strings.Repeat("a", maxMessage/2)+"\xff")); err != nil {
		return err
	}
	return c.failed(closecode.InvalidPayload)
}

// offer offers compression.
const offer = "Sec-WebSocket-Extensions: permessage-deflate"

// deflated is a message of zeros, many times as large as allowed, and compressed.
var deflated = sync.OnceValue(func() string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	w.Write(make([]byte, 8*maxMessage))
	w.Close()
	return b.String()
})

// compressed opens a connection with compression, and sends payload as a message.
func compressed(a *attacker, payload string) (*conn, error) {
	c, err := a.open(offer)
	if err != nil {
		return nil, err
	}
	err = c.send(c.frame(frame.Header{Fin: true, RSV1: true, Opcode: opcode.Binary, Length: int64(len(payload))}, payload))
	if err != nil {
		c.Close()
	}
	return c, err
}

func bomb(a *attacker) error {
	c, err := compressed(a, deflated())
	if err != nil {
		return err
	}
	defer c.Close()
	return a.overLimit(c)
}

func corrupt(a *attacker) error {
	p := []byte(deflated()[:1+rand.IntN(1000)])
	p[rand.IntN(len(p))] ^= 1 << rand.IntN(8)
	p = append(p, 0xff, 0xff, 0xff) // a block of a kind that does not exist
	c, err := compressed(a, string(p))
	if err != nil {
		return err
	}
	defer c.Close()
	return c.failed(closecode.InvalidPayload, closecode.ProtocolError, closecode.MessageTooBig)
}

func behindClose(a *attacker) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.send(c.whole(opcode.Close, closing(closecode.NormalClosure)), c.whole(opcode.Text, "late"), c.whole(opcode.Ping, "late")); err != nil {
		return err
	}
	h, _, err := c.receive()
	if err == nil && h.Opcode != opcode.Close {
		return complain("%v comes instead of a close frame", h.Opcode)
	} else if err == nil {
		_, err = c.r.Peek(1)
		if err == nil {
			return complain("something comes behind the close frame")
		}
	}
	if isTimeout(err) {
		return complain("the connection stays open")
	}
	return nil
}

package stream_test

import (
	"bytes"
	"errors"
	"io"

	"github.com/litert/websocket/stream"
)

// receiveWhole receives whole messages.
func (p *reception) receiveWhole(c *stream.Conn[stream.Message]) func() error {
	var held stream.Message
	return func() error {
		ctx, cancel := p.patience()
		defer cancel()
		p.checkHeld(held)
		pause(p.r, p.unit)
		held = stream.Message{}
		var m stream.Message
		err := p.hooks.guard(func() (err error) {
			m, err = c.Receive(ctx)
			return err
		})
		if p.isPassing(ctx, err) {
			return nil
		}
		if err != nil {
			p.checkNoneLeft(err)
			p.checkWithin(err)
			return err
		}
		held = m
		for i := p.next; i < len(p.s.messages); i++ {
			if s := p.s.messages[i]; s.whole && s.Opcode == m.Opcode && bytes.Equal(s.Data, m.Data) {
				p.next = i + 1
				return nil
			}
			if !p.own.Load() {
				break
			}
		}
		p.t.Errorf("in place of message %d: got %v with %d bytes, %.40q", p.next, m.Opcode, len(m.Data), m.Data)
		p.next++
		return nil
	}
}

// checkHeld checks that the message before stays as it was up to the next Receive.
func (p *reception) checkHeld(m stream.Message) {
	p.t.Helper()
	if m.Opcode != 0 && !p.t.Failed() && !bytes.Equal(m.Data, p.s.messages[p.next-1].Data) {
		p.t.Errorf("message %d has changed before the next Receive", p.next-1)
	}
}

// checkWithin checks the error of a Receive that may have ended within a message.
func (p *reception) checkWithin(err error) {
	p.t.Helper()
	if n := len(p.s.messages); p.own.Load() || n == 0 || p.s.messages[n-1].whole || p.s.end.why != closed {
		return
	}
	if errors.Is(err, io.EOF) {
		p.t.Errorf("within a message, Receive says %v, which matches io.EOF", err)
	}
}

// receiveFrames receives single frames.
func (p *reception) receiveFrames(c *stream.Conn[stream.Frame]) func() error {
	return func() error {
		ctx, cancel := p.patience()
		defer cancel()
		pause(p.r, p.unit)
		var f stream.Frame
		err := p.hooks.guard(func() (err error) {
			f, err = c.Receive(ctx)
			return err
		})
		switch {
		case p.isPassing(ctx, err):
			return nil
		case err != nil:
			if !p.own.Load() && p.next < len(p.s.frames) {
				p.t.Errorf("%d frames were not received before %v", len(p.s.frames)-p.next, err)
			}
			return err
		}
		for i := p.next; i < len(p.s.frames); i++ {
			if s := p.s.frames[i]; s.Fin == f.Fin && s.Opcode == f.Opcode && bytes.Equal(s.Payload, f.Payload) {
				p.next = i + 1
				return nil
			}
			if !p.own.Load() {
				break
			}
		}
		p.t.Errorf("in place of frame %d: got %v, fin %v, with %d bytes", p.next, f.Opcode, f.Fin, len(f.Payload))
		p.next++
		return nil
	}
}

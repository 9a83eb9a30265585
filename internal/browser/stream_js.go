package browser

import (
	"context"
	"syscall/js"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

// A messageStream is the Port over the interface WebSocketStream, which holds back both sides. The lock of conn
// guards what changes in it, and each function that JavaScript calls has it.
type messageStream struct {
	draft
	conn           *Conn
	ws             js.Value
	reader, writer js.Value // undefined before it is open
	aborter        js.Value // ends opening
	opened         chan outcome

	funcs             funcs
	onRead, onWritten js.Func

	asked   bool  // a read is under way
	written []int // what the messages count for that are being written, in their order
	pending int   // of them together
	unsent  *farewell
	closes  bool      // this end has closed it, or will behind what is being written
	aborted bool      // nothing is received any more
	read    bool      // the readable stream has ended
	end     *farewell // of the peer; nil: it has not ended
}

// A farewell is what a close frame says.
type farewell struct {
	code   closecode.Code
	reason string
}

func openStream(r *Request) (*messageStream, error) {
	p := &messageStream{draft: draft{codec: newCodec()}, opened: make(chan outcome, 1)}
	p.aborter = js.Global().Get("AbortController").New()
	options := map[string]any{"protocols": r.subprotocols(), "signal": p.aborter.Get("signal")}
	if err := try(func() { p.ws = js.Global().Get("WebSocketStream").New(r.URL, options) }); err != nil {
		return nil, err
	}
	p.conn = NewConn(p, r.Backlog, r.Overrun)
	p.onRead = p.add(p.afterRead)
	p.onWritten = p.add(p.afterWrite)
	p.ws.Get("opened").Call("then", p.add(p.afterOpening), p.add(p.afterRefusal))
	p.ws.Get("closed").Call("then", p.add(p.afterClosing), p.add(p.afterClosing))
	return p, nil
}

// add makes a function of f, which is called with the lock of the connection held.
func (p *messageStream) add(f func(js.Value)) js.Func {
	return p.funcs.add(func(arg js.Value) {
		p.conn.mu.Lock()
		defer p.conn.mu.Unlock()
		f(arg)
		p.settle()
	})
}

// settle releases the functions once JavaScript will call none.
func (p *messageStream) settle() {
	if p.end != nil && !p.asked && len(p.written) == 0 && (p.read || p.aborted) {
		p.funcs.release()
	}
}

func (p *messageStream) connection() *Conn { return p.conn }

func (p *messageStream) await(ctx context.Context) (string, error) {
	return awaitOutcome(ctx, p.opened)
}

// afterOpening takes what came of opening: the two streams.
func (p *messageStream) afterOpening(info js.Value) {
	p.reader, p.writer = info.Get("readable").Call("getReader"), info.Get("writable").Call("getWriter")
	if p.aborted {
		p.close(Aborted, "")
	}
	p.opened <- outcome{subprotocol: info.Get("protocol").String()}
}

func (p *messageStream) afterRefusal(js.Value) {
	p.read = true
	p.opened <- outcome{err: errRefused}
}

// afterClosing takes the end. There may be messages before it that were not read.
func (p *messageStream) afterClosing(info js.Value) {
	p.end = &farewell{code: closecode.Abnormal}
	if code := info.Get("closeCode"); code.Type() == js.TypeNumber {
		p.end = &farewell{closecode.Code(code.Int()), info.Get("reason").String()}
	}
	p.conn.finishedLocked()
	p.finishReading()
}

// finishReading hands on the end of the connection, once all before it was.
func (p *messageStream) finishReading() {
	if p.read && p.end != nil {
		p.conn.closedLocked(p.end.code, p.end.reason)
	}
}

// Ask reads a message, unless that is being done.
func (p *messageStream) Ask() {
	if !p.asked && !p.read {
		p.asked = true
		p.reader.Call("read").Call("then", p.onRead, p.onRead)
	}
}

// afterRead takes what was read, or the error that has ended reading.
func (p *messageStream) afterRead(result js.Value) {
	p.asked = false
	if done := result.Get("done"); done.Type() != js.TypeBoolean || done.Bool() {
		p.read = true
		p.finishReading()
		return
	}
	p.conn.receivedLocked(p.decode(result.Get("value")))
}

// Room reports whether enough was written: that has the browser take more only once the peer does.
func (p *messageStream) Room() bool { return p.pending <= maxBuffered }

// Send begins to write the message.
func (p *messageStream) Send(op opcode.Opcode) error {
	size := p.size + overhead
	data, err := p.finish(op)
	if err != nil {
		return err
	}
	p.written = append(p.written, size)
	p.pending += size
	p.writer.Call("write", data).Call("then", p.onWritten, p.onWritten)
	return nil
}

// afterWrite notes that the first message was written, or will not be, which the end of the connection tells as well.
func (p *messageStream) afterWrite(js.Value) {
	p.pending -= p.written[0]
	p.written = p.written[1:]
	p.conn.writing.wake()
	if bye := p.unsent; bye != nil && len(p.written) == 0 {
		p.unsent = nil
		p.close(bye.code, bye.reason)
	}
}

// Close begins the closing handshake, once all was written that is being written.
func (p *messageStream) Close(code closecode.Code, reason string) {
	if p.closes {
		return
	}
	p.closes = true
	if len(p.written) > 0 {
		p.unsent = &farewell{code, reason}
		return
	}
	p.close(code, reason)
}

func (p *messageStream) close(code closecode.Code, reason string) {
	p.closes = true
	if code == closecode.NoStatus {
		p.ws.Call("close")
		return
	}
	p.ws.Call("close", map[string]any{"closeCode": int(code), "reason": reason})
}

// Abort ends opening, too.
func (p *messageStream) Abort() {
	p.aborted = true
	switch {
	case p.reader.IsUndefined():
		p.aborter.Call("abort")
	case !p.closes:
		p.close(Aborted, "")
	}
	p.settle()
}

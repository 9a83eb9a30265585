package browser

import (
	"context"
	"syscall/js"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
)

const (
	maxBuffered = 1 << 20              // bytes that the browser may have from us and not have sent
	pollEvery   = 5 * time.Millisecond // no event tells that there are fewer
)

// A webSocket is the Port over the interface WebSocket, which holds back neither side: what is to be sent waits here until
// the browser has sent enough of what it has, and what comes is taken as it comes.
type webSocket struct {
	draft
	conn   *Conn
	ws     js.Value
	funcs  funcs
	opened chan outcome // has room for what comes of opening
	isOpen bool         // or opening has failed
	closes bool         // this end has closed it
}

func openWebSocket(r *Request) (*webSocket, error) {
	p := &webSocket{draft: draft{codec: newCodec()}, opened: make(chan outcome, 1)}
	if err := try(func() { p.ws = js.Global().Get("WebSocket").New(r.URL, r.subprotocols()) }); err != nil {
		return nil, err
	}
	p.conn = NewConn(p, r.Backlog, r.Overrun)
	p.ws.Set("binaryType", "arraybuffer")
	p.ws.Set("onopen", p.funcs.add(p.onOpen))
	p.ws.Set("onmessage", p.funcs.add(func(event js.Value) { p.conn.Received(p.decode(event.Get("data"))) }))
	p.ws.Set("onclose", p.funcs.add(p.onClose))
	return p, nil
}

func (p *webSocket) connection() *Conn { return p.conn }

func (p *webSocket) await(ctx context.Context) (string, error) { return awaitOutcome(ctx, p.opened) }

func (p *webSocket) onOpen(js.Value) {
	p.isOpen = true
	p.opened <- outcome{subprotocol: p.ws.Get("protocol").String()}
}

// onClose takes the last event.
func (p *webSocket) onClose(event js.Value) {
	p.conn.Closed(closecode.Code(event.Get("code").Int()), event.Get("reason").String())
	if !p.isOpen {
		p.opened <- outcome{err: errRefused}
	}
	for _, name := range []string{"onopen", "onmessage", "onclose"} {
		p.ws.Set(name, nil)
	}
	p.funcs.release()
}

// Room has the connection ask again soon, if there is none.
func (p *webSocket) Room() bool {
	if p.ws.Get("bufferedAmount").Float() <= maxBuffered {
		return true
	}
	time.AfterFunc(pollEvery, p.conn.Drained)
	return false
}

// Send sends the message.
func (p *webSocket) Send(op opcode.Opcode) error {
	data, err := p.finish(op)
	if err != nil {
		return err
	}
	return try(func() { p.ws.Call("send", data) })
}

// Ask does nothing: all that comes is received at once.
func (*webSocket) Ask() {}

// Close begins the closing handshake, behind what the browser has not sent yet. It does so once the program waits: Node has
// the event of the end at once, where there is no connection yet, and that wants the lock.
func (p *webSocket) Close(code closecode.Code, reason string) {
	if p.closes {
		return
	}
	p.closes = true
	arguments := []any{p.ws}
	if code != closecode.NoStatus {
		arguments = append(arguments, int(code), reason)
	}
	js.Global().Call("queueMicrotask", p.ws.Get("close").Call("bind", arguments...))
}

// Abort is Close: there is no other way.
func (p *webSocket) Abort() { p.Close(Aborted, "") }

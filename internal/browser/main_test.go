package browser_test

import (
	"bytes"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/browser"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // of GOOS=js
}

// A page is a Port that has what it is given in a list, one line for each call.
type page struct {
	mu    sync.Mutex // guards following
	lines []string
	draft bytes.Buffer
	full  bool
}

func (p *page) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
}

// took returns the lines since the last call.
func (p *page) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := p.lines
	p.lines = nil
	return lines
}

func (p *page) setFull(full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full = full
}

func (p *page) Room() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.full
}

func (p *page) Begin(int, bool) error { p.draft.Reset(); return nil }
func (p *page) Add(b []byte) error    { p.draft.Write(b); return nil }
func (p *page) Ask()                  {}
func (p *page) Abort()                { p.note("abort") }

func (p *page) Send(op opcode.Opcode) error {
	p.note(op.String() + " " + p.draft.String())
	return nil
}

func (p *page) Close(code closecode.Code, reason string) {
	p.note("close " + strconv.Itoa(int(code)) + " " + reason)
}

// payload is that of a message that has come.
type payload string

func (p payload) Len() int                { return len(p) }
func (p payload) CopyAt(b []byte, at int) { copy(b, p[at:]) }

// open returns a connection over a page, and what the page does.
func open[M any](t *testing.T, mode stream.Mode[M], opts ...stream.Option) (*stream.Conn[M], *page, *browser.Conn) {
	t.Helper()
	p := new(page)
	c := browser.NewConn(p, 1000, errOverrun)
	conn, err := stream.New(c, stream.Handshake{}, mode, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	if err := conn.SetMasking(frame.NoMask); err != nil {
		t.Fatal(err)
	}
	return conn, p, c
}

package conformance

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
)

// A Subject is one end of the library: what is under test.
type Subject struct {
	Mode  Mode
	Side  Side
	HTTP2 bool // over streams of HTTP/2 (RFC 8441), and else over TCP

	// Patience is how long the peer waits for what must come; 0 is 20 seconds. No outcome depends on it, unless
	// nothing comes at all.
	Patience time.Duration

	Listen []listen.Option // of a server
	Dial   []dial.Option   // of a client
}

// Subjects returns both ends in each of modes, over TCP and over HTTP/2.
func Subjects(modes []Mode) []Subject {
	var list []Subject
	for _, http2 := range []bool{false, true} {
		for _, m := range modes {
			list = append(list, Subject{Mode: m, Side: Server, HTTP2: http2}, Subject{Mode: m, Side: Client, HTTP2: http2})
		}
	}
	return list
}

// String returns the name of the mode and the side, as "standard server", or "standard server over HTTP/2".
func (s Subject) String() string {
	name := s.Mode.Name + " " + s.Side.String()
	if s.HTTP2 {
		name += " over HTTP/2"
	}
	return name
}

// Takes reports whether c is for s.
func (s Subject) Takes(c Case) bool {
	_, deflated := c.test.(Deflated)
	return (!s.HTTP2 || overHTTP2(c.test, s.Side)) && (c.Side == 0 || c.Side == s.Side) && (s.Mode.Fragments || !c.test.fragmented()) && !(s.Mode.Plain && deflated)
}

// overHTTP2 reports whether the test can be made of an end over HTTP/2. The opening handshake of HTTP/1.1 cannot. A peer that is
// the server cannot end its side of a stream and still get what the client sends: package net/http has no way to do that.
func overHTTP2(t test, side Side) bool {
	switch t := t.(type) {
	case Request, Response, Nonces:
		return false
	case Exchange:
		return side == Server || t.End.How != Lost
	}
	return true
}

// An Outcome is what a case has come to.
type Outcome int

// The outcomes, from good to bad.
const (
	Passed Outcome = iota
	NonStrict
	Failed
)

// String returns the outcome as a word.
func (o Outcome) String() string { return [...]string{"passed", "non-strict", "failed"}[o] }

// A Result is the outcome of a case.
type Result struct {
	Case    Case
	Outcome Outcome
	Note    string // why it is not Passed
}

// parallel is how many cases run at a time. Most of their time they wait.
const parallel = 8

// Run yields the results of those of cases that are for s, in no order. Breaking out of the loop, or the end of ctx,
// ends the rest. An error is one of the system, without whose sockets there is no result.
func Run(ctx context.Context, s Subject, cases []Case) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		sockets, err := newSockets()
		if err != nil {
			yield(Result{}, err)
			return
		}
		defer sockets.ln.Close()
		var g *gateway
		if s.HTTP2 {
			if g, err = newGateway(); err != nil {
				yield(Result{}, err)
				return
			}
			defer g.close()
		}
		if s.Patience == 0 {
			s.Patience = 20 * time.Second
		}
		ctx, cancel := context.WithCancel(ctx)
		todo, results := s.pick(ctx, cases), make(chan Result)
		var workers sync.WaitGroup
		for range parallel {
			workers.Go(func() {
				for c := range todo {
					results <- (&trial{ctx: ctx, subject: s, sockets: sockets, gateway: g}).result(c)
				}
			})
		}
		go func() {
			workers.Wait()
			close(results)
		}()
		defer func() {
			cancel()
			for range results {
			}
		}()
		for r := range results {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// pick returns a channel with those of cases that are for s, until ctx ends.
func (s Subject) pick(ctx context.Context, cases []Case) <-chan Case {
	todo := make(chan Case)
	go func() {
		defer close(todo)
		for _, c := range cases {
			if !s.Takes(c) {
				continue
			}
			select {
			case todo <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	return todo
}

// result runs c.
func (t *trial) result(c Case) Result {
	v := c.test.run(t)
	switch {
	case v.failed != "":
		return Result{c, Failed, v.failed}
	case len(v.notes) > 0:
		return Result{c, NonStrict, strings.Join(v.notes, "; ")}
	}
	return Result{Case: c}
}

// A verdict is what a trial has come to.
type verdict struct {
	failed string   // the first reason
	notes  []string // what was not strict
}

// fail records a reason to fail.
func (v *verdict) fail(format string, args ...any) {
	if v.failed == "" {
		v.failed = fmt.Sprintf(format, args...)
	}
}

// note records what was not strict.
func (v *verdict) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}

// A trial is one run of one case.
type trial struct {
	ctx     context.Context
	subject Subject
	sockets *sockets
	gateway *gateway        // nil: the end under test does not speak HTTP/2
	listen  []listen.Option // further ones of the case
	dial    []dial.Option
}

// A link is a connection between the peer and the end under test.
type link struct {
	*peer
	cancel   context.CancelFunc
	echoed   <-chan error // what the echo has ended with
	patience time.Duration
}

// connect connects the end under test with the peer. The opening handshake comes next.
func (t *trial) connect() (*link, error) {
	client, server, err := t.sockets.pair()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(t.ctx)
	echoed := make(chan error, 1)
	ended := func(err error) { echoed <- err }
	l := &link{cancel: cancel, echoed: echoed, patience: t.subject.Patience}
	switch {
	case t.gateway != nil:
		t.connectHTTP2(ctx, l, ended, client, server)
		return l, nil
	case t.subject.Side == Server:
		l.peer = newPeer(client, l.patience, false)
		go t.subject.Mode.accept(ctx, newSingle(server), ended, append(t.listen, t.subject.Listen...)...)
		return l, nil
	}
	l.peer = newPeer(server, l.patience, true)
	there := dial.NetDial(func(context.Context, string, string) (net.Conn, error) { return client, nil })
	url := "ws://" + server.LocalAddr().String() + resource
	go t.subject.Mode.dial(ctx, url, ended, append(append(t.dial, there), t.subject.Dial...)...)
	return l, nil
}

// connectHTTP2 connects the peer with the gateway, and that with the end under test.
func (t *trial) connectHTTP2(ctx context.Context, l *link, ended func(error), client, server *net.TCPConn) {
	mode := t.subject.Mode
	if t.subject.Side == Server {
		l.peer = newPeer(client, l.patience, false)
		l.peer.leaves = true
		h := mode.handle(ctx, ended, append(t.listen, t.subject.Listen...)...)
		go func() {
			if err := t.gateway.toServer(ctx, server, h); err != nil {
				ended(err)
			}
		}()
		return
	}
	l.peer = newPeer(server, l.patience, true)
	trial := t.gateway.expect(fromClient(client))
	opts := append(t.dial, dial.HTTP2(t.gateway.transport), dial.Header(http.Header{"Host": {server.LocalAddr().String()}, trialField: {trial}}))
	go func() {
		mode.dial(ctx, "ws://"+t.gateway.addr+resource, ended, append(opts, t.subject.Dial...)...)
		if t.gateway.take(trial) != nil {
			client.Close()
		}
	}()
}

var errHangs = errors.New("it did not end with its connection")

// end closes the connection, and returns the error of the echo.
func (l *link) end() error {
	defer l.cancel()
	l.conn.Close()
	timer := time.NewTimer(l.patience)
	defer timer.Stop()
	select {
	case err := <-l.echoed:
		return err
	case <-timer.C:
		return errHangs
	}
}

// drop closes the connection and cancels the echo, which may not have begun.
func (l *link) drop() {
	l.cancel()
	l.end()
}

package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// Legal reports whether the peer keeps to the rules in c, up to its close frame or the end of the connection, and frames
// can be told apart, as they cannot with compression.
func (c Case) Legal() bool {
	x, ok := c.test.(Exchange)
	return ok && x.End.How != Fails
}

// A Relay relays what comes over two connections until both have ended.
type Relay func(front, behind *stream.Conn[stream.Frame])

// Relays has the peer of each case speak through relay, and tells, from several goroutines, what was not handed on as it
// was. The peer is a client in front of the relay if the end that it meets is Server, and a server behind it otherwise. A
// further peer at the other side sends back what it gets.
func Relays(ctx context.Context, end Side, cases []Case, relay Relay, tell func(Case, error)) error {
	sockets, err := newSockets()
	if err != nil {
		return err
	}
	defer sockets.ln.Close()
	todo := Subject{Mode: Mode{Fragments: true}, Side: end}.pick(ctx, cases)
	var workers sync.WaitGroup
	for range 4 * parallel { // a relay waits more than a single end does
		workers.Go(func() {
			for c := range todo {
				if err := c.test.(Exchange).relayed(ctx, end, sockets, relay); err != nil {
					tell(c, err)
				}
			}
		})
	}
	workers.Wait()
	return nil
}

// relayed runs x through relay.
func (x Exchange) relayed(ctx context.Context, end Side, sockets *sockets, relay Relay) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, server, ended, err := aroundRelay(ctx, sockets, relay)
	if err != nil {
		return err
	}
	near, far := client, server
	if end == Client {
		near, far = server, client
	}
	echoed, got := make(chan received, 1), make(chan received, 1)
	data, sent := x.whole()
	back := make(chan struct{}) // closed when all data is back
	go func() { echoed <- far.takeFrames(true, nil, 0) }()
	go func() { got <- near.takeFrames(false, back, len(data)) }()
	err = x.send(near, back)
	there, here := <-echoed, <-got
	near.conn.Close()
	far.conn.Close()
	<-ended
	returned := data
	if x.End.How == Closed { // what comes back later than the close frame is lost
		returned = data[:min(len(here.data), len(data))]
	}
	switch {
	case err != nil && x.End.How != Closed:
		return fmt.Errorf("sending: %w", err)
	case !slices.Equal(there.data, data):
		return fmt.Errorf("%s were sent, and %s received", list(data), list(there.data))
	case !slices.Equal(here.data, returned):
		return fmt.Errorf("%s were sent, and %s came back", list(returned), list(here.data))
	case there.close != sent:
		return fmt.Errorf("the close frame %q was sent, and %q received", sent, there.close)
	}
	return nil
}

// aroundRelay opens connections to the front of a relay, and from it to what is behind. ended is closed when it has ended.
func aroundRelay(ctx context.Context, sockets *sockets, relay Relay) (client, server *peer, ended <-chan struct{}, err error) {
	outer, front, err := sockets.pair()
	if err != nil {
		return nil, nil, nil, err
	}
	behind, inner, err := sockets.pair()
	if err != nil {
		return nil, nil, nil, errors.Join(err, outer.Close(), front.Close())
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer front.Close()
		defer behind.Close()
		if l, err := listen.NewListener(newSingle(front), stream.Frames); err == nil {
			defer l.Close()
			relayOne(ctx, l, behind, relay)
		}
	}()
	const patience = 20 * time.Second
	client, server = newPeer(outer, patience, false), newPeer(inner, patience, true)
	opened := make(chan error, 1)
	go func() { opened <- (&link{peer: server}).open() }()
	if err = errors.Join((&link{peer: client}).open(), <-opened); err != nil {
		outer.Close()
		inner.Close()
		<-done
	}
	return client, server, done, err
}

// relayOne relays the connection that l accepts.
func relayOne(ctx context.Context, l *listen.Listener[stream.Frame], behind net.Conn, relay Relay) {
	there := dial.NetDial(func(context.Context, string, string) (net.Conn, error) { return behind, nil })
	client, err := dial.Dial(ctx, "ws://"+behind.RemoteAddr().String()+resource, stream.Frames, there)
	if err != nil {
		return
	}
	defer client.Close()
	server, err := l.Accept(ctx)
	if err != nil {
		return
	}
	defer server.Close()
	relay(server, client)
}

// whole returns the data frames of x that are sent as a whole, and the payload of the close frame behind them.
func (x Exchange) whole() (data []Frame, end string) {
	for _, s := range x.Steps {
		for _, f := range s.Send {
			switch op := f.First & 0xF; {
			case f.Claim > 0 || f.Cut > 0:
				return data, noClose
			case op == closing:
				return data, f.Payload
			case op < closing:
				data = append(data, Frame{First: f.First, Payload: f.Payload})
			}
		}
	}
	if x.End.How == Closes {
		return data, "\x03\xe8"
	}
	return data, noClose
}

// noClose stands for no close frame: no payload is that long.
var noClose = strings.Repeat("-", 126)

// send sends all that x has. A close frame that is not a part of its steps, and the end of the connection, come once back
// is closed.
func (x Exchange) send(p *peer, back <-chan struct{}) error {
	for _, s := range x.Steps {
		whole := s
		if i := slices.IndexFunc(s.Send, func(f Frame) bool { return f.Claim > 0 || f.Cut > 0 }); i >= 0 && x.End.How == Lost {
			whole.Send, s.Send = s.Send[:i], s.Send[i:]
			if err := p.send(whole); err != nil {
				return err
			}
			<-back
		}
		if err := p.send(s); err != nil {
			return err
		}
	}
	switch x.End.How {
	case Closes:
		<-back
		return p.send(Step{Send: []Frame{closeOf(1000, "")}})
	case Lost:
		<-back
		return p.conn.CloseWrite()
	}
	return nil
}

// received is what a peer got until the connection ended.
type received struct {
	data  []Frame
	close string // the payload of the close frame
}

// takeFrames receives frames, and echoes each if it is to. It closes back, if there is one, when it has n data frames, or no
// more will come.
func (p *peer) takeFrames(echo bool, back chan<- struct{}, n int) (got received) {
	got.close = noClose
	tell := sync.OnceFunc(func() {
		if back != nil {
			close(back)
		}
	})
	defer tell()
	for {
		if len(got.data) >= n {
			tell()
		}
		first, payload, err := p.readFrame()
		if err != nil {
			return got
		}
		f := Frame{First: first, Payload: string(payload)}
		switch op := first & 0xF; {
		case op == closing:
			p.closed = true
			got.close = f.Payload
			if echo {
				p.send(Step{Send: []Frame{f}})
			}
			if p.server {
				p.conn.CloseWrite()
			}
		case op > closing:
		default:
			got.data = append(got.data, f)
			if first&fin != 0 {
				p.within = 0
			} else if op != continuation {
				p.within = op
			}
			if echo {
				p.send(Step{Send: []Frame{f}})
			}
		}
	}
}

// list describes frames, for a person.
func list(frames []Frame) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d frames", len(frames))
	for _, f := range frames[:min(len(frames), 8)] {
		fmt.Fprintf(&b, " %#x+%d", f.First, len(f.Payload))
	}
	return b.String()
}

// Package client is a member of a room that comes back, to any node, whenever its connection ends.
package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	rnd "math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/stream"
)

var (
	// ErrClosed is the error of a message that was not accepted before its Client ended. It may be stored, or not.
	ErrClosed = errors.New("the client is closed")

	// ErrTooLong is the error of a text that no node takes. It is not sent.
	ErrTooLong = errors.New("the text is too long")

	// ErrUnknown is the error of a message that may be stored, or not, and that nodes soon take for another if it is sent again.
	ErrUnknown = errors.New("it is not known whether the message is accepted")
)

const resendFor = time.Minute // less than nodes know IDs for

// A Client is in one room, until it is closed, or refused.
type Client struct {
	url    url.URL
	hear   func(protocol.Event)
	cancel context.CancelFunc
	ended  chan struct{}
	err    error         // why, once ended is closed
	run    string        // makes the IDs of this Client unlike those of others
	more   chan struct{} // has room for one value: something more was said

	// owned by the goroutine of stay
	after *uint64 // nil: there was no connection yet

	mu      sync.Mutex // guards following
	count   int
	pending []*message // in order
}

// A message is one that is not accepted yet.
type message struct {
	number int
	id     string
	text   string       // the protocol.Message, in JSON
	done   chan outcome // has room for it
	sent   time.Time    // for the first time, or zero; owned by the goroutine of send
}

type outcome struct {
	seq uint64
	err error
}

// New returns a client of the room that is in the query of base, as in ws://localhost:8080/ws?room=lobby&name=alice. It calls hear
// for each event, one after the other.
func New(base string, hear func(protocol.Event)) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Client{url: *u, hear: hear, cancel: cancel, ended: make(chan struct{}), run: rand.Text(), more: make(chan struct{}, 1)}
	go func() {
		defer close(c.ended)
		c.err = c.stay(ctx)
	}()
	return c, nil
}

// Close ends the client.
func (c *Client) Close() {
	c.cancel()
	<-c.ended
}

// Say has the text sent, again if need be, until it is accepted, and returns the sequence under which all members get it. Messages
// are stored in the order of the calls. After an error that is not of a refusal, nor ErrTooLong, the message may be stored, or not.
func (c *Client) Say(ctx context.Context, text string) (seq uint64, err error) {
	m, err := c.add(text)
	if err != nil {
		return 0, err
	}
	select {
	case o := <-m.done:
		return o.seq, o.err
	case <-ctx.Done():
		c.settle(m.id, outcome{})
		return 0, ctx.Err()
	case <-c.ended:
		return 0, c.err
	}
}

// add makes a message, which is pending from then on.
func (c *Client) add(text string) (*message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &message{number: c.count + 1, id: fmt.Sprintf("%s-%d", c.run, c.count+1), done: make(chan outcome, 1)}
	data, err := json.Marshal(protocol.Message{ID: m.id, Text: text})
	if err != nil {
		return nil, err
	}
	if len(data) > protocol.MaxSize {
		return nil, ErrTooLong
	}
	m.text = string(data)
	c.count++
	c.pending = append(c.pending, m)
	select {
	case c.more <- struct{}{}:
	default:
	}
	return m, nil
}

// stay keeps a connection open until ctx ends, or the client is refused, and returns why.
func (c *Client) stay(ctx context.Context) error {
	for failures := 0; ; failures++ {
		u := c.url
		if c.after != nil {
			query := u.Query()
			query.Set("after", strconv.FormatUint(*c.after, 10))
			u.RawQuery = query.Encode()
		}
		conn, err := dial.Dial(ctx, u.String(), stream.JSON[protocol.Event](), stream.KeepAlive(30*time.Second))
		if err == nil {
			if c.session(ctx, conn) {
				failures = 0
			}
			err = conn.Err()
		}
		if ctx.Err() != nil {
			return ErrClosed
		}
		if isFinal(err) {
			return err
		}
		select {
		case <-time.After(pause(failures, err)):
		case <-ctx.Done():
			return ErrClosed
		}
	}
}

// isFinal reports whether to come back would end as before.
func isFinal(err error) bool {
	var refused *dial.Error
	if !errors.As(err, &refused) {
		return stream.CloseCode(err) == closecode.PolicyViolation || errors.As(err, new(*stream.ArgumentError))
	}
	status := refused.StatusCode
	return 300 <= status && status < 500 && status != 408 && status != 425 && status != 429 // too slow, too early, too often
}

// pause returns how long to wait: a part, by chance, of the time that the node has told, or of one that doubles with each failure.
func pause(failures int, err error) time.Duration {
	var closed *stream.CloseError
	within := min(100*time.Millisecond<<min(failures, 10), 30*time.Second)
	if errors.As(err, &closed) && protocol.Within(closed.Reason) > 0 {
		within = protocol.Within(closed.Reason)
	}
	return rnd.N(within)
}

// session hears what comes over conn until it ends, and reports whether the client was let in.
func (c *Client) session(ctx context.Context, conn *stream.Conn[protocol.Event]) (joined bool) {
	var sending sync.WaitGroup
	defer sending.Wait()
	defer conn.Close()
	for e, err := range conn.All(ctx) {
		if err != nil {
			break
		}
		switch e.Kind {
		case protocol.Joined:
			c.after = new(e.Seq)
			if !joined {
				sending.Go(func() { c.send(conn.Socket) }) // and accepted messages are heard meanwhile
			}
			joined = true
		case protocol.Said:
			c.after = new(e.Seq)
		case protocol.Accepted:
			c.settle(e.ID, outcome{seq: e.Seq})
		}
		c.hear(e)
	}
	return joined
}

// send sends what is not accepted over a new connection, and then what is said, in order, until the connection ends.
func (c *Client) send(socket *stream.Socket) {
	for last := 0; ; {
		m := c.behind(last)
		if m == nil {
			select {
			case <-c.more:
				continue
			case <-socket.Done():
				return
			}
		}
		last = m.number
		if m.sent.IsZero() {
			m.sent = time.Now()
		}
		if time.Since(m.sent) > resendFor {
			c.settle(m.id, outcome{err: ErrUnknown})
		} else if socket.WriteText(context.Background(), m.text) != nil {
			return
		}
	}
}

// behind returns the first pending message whose number is larger, or nil.
func (c *Client) behind(number int) *message {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.pending, func(m *message) bool { return m.number > number }); i >= 0 {
		return c.pending[i]
	}
	return nil
}

// settle ends what is done for a message.
func (c *Client) settle(id string, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.pending, func(m *message) bool { return m.id == id }); i >= 0 {
		c.pending[i].done <- o
		c.pending = slices.Delete(c.pending, i, i+1)
	}
}

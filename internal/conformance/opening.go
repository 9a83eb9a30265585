package conformance

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
)

// afterwards is what the peer does with a connection that has been opened.
var afterwards = sending(whole(text, "opened")).want(Message{text, "opened"})

// A Request is what a client asks a server under test with: <key> stands for a key, and <host> for the server.
type Request struct {
	Head   string
	Speaks []string // subprotocols of the server
	Chop   int      // bytes of each write; 0 is all in one
	Behind []Frame  // sent right behind the request
	Want   []Message

	Opens  bool     // the server must accept
	Chosen string   // the subprotocol that it must choose then; empty is none
	Fields []string // names and values in turn that the response must have
}

func (r Request) fragmented() bool { return false }

func (r Request) run(t *trial) verdict {
	var v verdict
	if len(r.Speaks) > 0 {
		t.listen = append(t.listen, listen.Subprotocols(r.Speaks...))
	}
	l, err := t.connect()
	if err != nil {
		v.fail("%v", err)
		return v
	}
	key := newKey()
	if err := r.ask(l, key, &v); err != nil {
		v.fail("%v", err)
	}
	if v.failed != "" || !r.Opens {
		l.drop()
		return v
	}
	x := afterwards
	if len(r.Behind) > 0 {
		x = sending().want(r.Want...)
	}
	x.over(l, &v)
	return v
}

// ask sends the request, and judges the response.
func (r Request) ask(l *link, key string, v *verdict) error {
	if err := l.ask(r.Head, key, r.Behind, r.Chop); err != nil {
		return err
	}
	response, err := l.readResponse()
	if err != nil {
		return err
	}
	for pair := range slices.Chunk(r.Fields, 2) {
		if got := response.Header.Values(pair[0]); !slices.Contains(got, pair[1]) {
			v.fail("answered %s with %s: %q, and %q is missing", response.Status, pair[0], got, pair[1])
		}
	}
	if !r.Opens {
		if response.StatusCode < 400 || response.StatusCode > 599 {
			v.fail("answered %s (4.2.2)", response.Status)
		}
		return nil
	}
	if got := response.Header.Get("Sec-WebSocket-Protocol"); got != r.Chosen {
		v.fail("chose subprotocol %q instead of %q (4.2.2)", got, r.Chosen)
	}
	return checkResponse(response, key, r.Speaks, "")
}

// A Response is what a server answers a client under test with: <accept> stands for what answers its key, and KEY for
// that.
type Response struct {
	Head   string
	Offers []string // subprotocols of the client
	Behind []Frame  // sent right behind the response
	Want   []Message
	Ends   bool // the server leaves behind the response
	Opens  bool // the client must accept
}

func (r Response) fragmented() bool { return false }

func (r Response) run(t *trial) verdict {
	var v verdict
	if len(r.Offers) > 0 {
		t.dial = append(t.dial, dial.Subprotocols(r.Offers...))
	}
	l, err := t.connect()
	if err != nil {
		v.fail("%v", err)
		return v
	}
	if err := r.answer(l); err != nil {
		v.fail("%v", err)
		l.drop()
		return v
	}
	if !r.Opens {
		r.judge(l, &v)
		return v
	}
	x := afterwards
	if len(r.Behind) > 0 {
		x = sending().want(r.Want...)
	}
	x.over(l, &v)
	return v
}

// answer reads the request, and sends the response.
func (r Response) answer(l *link) error {
	request, err := l.readRequest()
	if err != nil {
		return err
	}
	if got := offersOf(request); !slices.Equal(got, r.Offers) {
		return violation(fmt.Sprintf("offered the subprotocols %q (4.1, item 10)", got))
	}
	if err := l.answer(r.Head, request, r.Behind); err != nil {
		return err
	}
	if r.Ends {
		return l.conn.CloseWrite()
	}
	return nil
}

// offersOf returns the subprotocols that a client offers.
func offersOf(r *http.Request) []string {
	var names []string
	for _, v := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(v, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// judge checks that the client fails the connection: it closes it by itself, without a word, and the program learns it.
// One that has taken the response for right would answer a ping.
func (r Response) judge(l *link, v *verdict) {
	if !r.Ends {
		l.send(Step{Send: []Frame{whole(ping, "")}})
	}
	_, err := l.r.ReadByte()
	switch {
	case err == nil:
		v.fail("went on behind a response that is wrong (4.1)")
	case errors.Is(err, os.ErrDeadlineExceeded):
		v.fail("did not close the connection after a response that is wrong (4.1)")
	}
	if err := l.end(); err == nil || errors.Is(err, errHangs) {
		v.fail("the echo ended with %v", err)
	}
}

// Nonces is a client that connects often, each time with another key (section 4.1, item 7).
type Nonces struct{ Connections int }

func (n Nonces) fragmented() bool { return false }

func (n Nonces) run(t *trial) verdict {
	var v verdict
	seen := make(map[string]bool)
	for range n.Connections {
		l, err := t.connect()
		if err != nil {
			v.fail("%v", err)
			return v
		}
		request, err := l.readRequest()
		if err != nil {
			v.fail("%v", err)
		} else {
			seen[request.Header.Get("Sec-WebSocket-Key")] = true
		}
		l.drop()
	}
	if len(seen) < n.Connections {
		v.fail("%d connections had %d different keys", n.Connections, len(seen))
	}
	return v
}

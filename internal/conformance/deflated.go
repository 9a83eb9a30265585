package conformance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/litert/websocket/stream"
)

// A Deflated is a connection for whose opening handshake the end under test has been told to compress (RFC 7692).
type Deflated struct {
	Config  stream.CompressionConfig // of the end under test
	Offers  []string                 // of the client: values of Sec-WebSocket-Extensions
	Answer  string                   // of the server: the extension; empty is none
	Refused bool                     // the client under test must fail the connection
	Plain   bool                     // nothing has to come back compressed

	Messages  func(h *history) Exchange // makes what follows; its messages are compressed with h, unless that is nil
	Fragments bool                      // of which messages consist in that
}

func (d Deflated) fragmented() bool { return d.Fragments }

func (d Deflated) run(t *trial) verdict {
	var v verdict
	own := stream.Compression(d.Config)
	t.listen, t.dial = append(t.listen, own), append(t.dial, own)
	l, err := t.connect()
	if err != nil {
		v.fail("%v", err)
		return v
	}
	if err := d.open(l); err != nil {
		l.drop()
		v.fail("opening handshake: %v", err)
		return v
	}
	if d.Refused {
		Response{}.judge(l, &v)
		return v
	}
	var ours *history
	if d.Answer != "" {
		ours, l.before = histories(d.Answer, l.server)
	}
	d.Messages(ours).over(l, &v)
	if d.Answer != "" && !d.Plain && l.inflated == 0 {
		v.fail("compressed nothing")
	}
	return v
}

// open performs the opening handshake.
func (d Deflated) open(l *link) error {
	if !l.server {
		key := newKey()
		if err := l.ask(properRequest.set("Sec-WebSocket-Extensions", d.Offers...).String(), key, nil, 0); err != nil {
			return err
		}
		response, err := l.readResponse()
		if err != nil {
			return err
		}
		return checkResponse(response, key, nil, d.Answer)
	}
	r, err := l.readRequest()
	if err != nil {
		return err
	}
	if got := r.Header.Values("Sec-WebSocket-Extensions"); elements(got...) != elements(d.Offers...) {
		return violation(fmt.Sprintf("asked with Sec-WebSocket-Extensions: %q, not %q (9.1)", got, d.Offers))
	}
	h := properResponse
	if d.Answer != "" {
		h = h.set("Sec-WebSocket-Extensions", d.Answer)
	}
	return l.answer(h.String(), r, nil)
}

// elements returns the extensions of values in a form that does not depend on how they are written.
func elements(values ...string) string {
	var list []string
	for _, v := range values {
		for e := range strings.SplitSeq(v, ",") {
			params := strings.Split(e, ";")
			for i, p := range params {
				params[i] = strings.TrimSpace(p)
			}
			slices.Sort(params[1:])
			list = append(list, strings.Join(params, "; "))
		}
	}
	return strings.TrimSpace(strings.Join(list, ", "))
}

// histories returns those for the peer's messages and for those that come, as the server's answer has them.
func histories(answer string, server bool) (ours, theirs *history) {
	ofServer, ofClient := &history{takeover: true, window: 1 << 15}, &history{takeover: true, window: 1 << 15}
	for p := range strings.SplitSeq(answer, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		bits, _ := strconv.Atoi(strings.Trim(value, `"`))
		switch name {
		case "server_no_context_takeover":
			ofServer.takeover = false
		case "client_no_context_takeover":
			ofClient.takeover = false
		case "server_max_window_bits":
			ofServer.window = 1 << bits
		case "client_max_window_bits":
			ofClient.window = 1 << bits
		}
	}
	if server {
		return ofServer, ofClient
	}
	return ofClient, ofServer
}

// frame returns an unfragmented message, compressed unless h is nil.
func (h *history) frame(op byte, message string) Frame {
	if h == nil {
		return whole(op, message)
	}
	return squeezed(op, h.squeeze(message))
}

// squeezed returns the unfragmented frame of a compressed payload.
func squeezed(op byte, payload string) Frame { return Frame{First: fin | rsv1 | op, Payload: payload} }

// squeezedIn returns a compressed payload in fragments, one for each piece.
func squeezedIn(op byte, pieces ...string) []Frame {
	frames := split(op, pieces...)
	frames[0].First |= rsv1
	return frames
}

package conformance

import (
	"context"
	"net"

	"github.com/litert/websocket/listen"
)

var (
	Impossible = impossible
	Incomplete = incomplete
	CodePoints = codePoints
)

// WantsFailure reports whether the end under test must fail the connection.
func (c Case) WantsFailure() bool {
	x, ok := c.test.(Exchange)
	return ok && x.End.How == Fails
}

// Lost reports whether the peer is lost.
func (c Case) Lost() bool {
	x, ok := c.test.(Exchange)
	return ok && x.End.How == Lost
}

// Fragmented reports whether the peer sends fragments.
func (c Case) Fragmented() bool { return c.test.fragmented() }

// ServerOf returns a Mode in which a server is what serve makes of a connection.
func ServerOf(name string, serve func(net.Conn) error) Mode {
	return Mode{
		Name:      name,
		Fragments: true,
		accept: func(_ context.Context, ln net.Listener, ended func(error), _ ...listen.Option) {
			defer ln.Close()
			conn, err := ln.Accept()
			if err == nil {
				err = serve(conn)
				conn.Close()
			}
			ended(err)
		},
	}
}

type History struct{ history }

func NewHistory(takeover bool, window int) *History {
	return &History{history{takeover: takeover, window: window}}
}

func (h *History) Squeeze(message string) string          { return h.squeeze(message) }
func (h *History) SqueezeFinal(message string) string     { return h.squeezeFinal(message) }
func (h *History) Inflate(payload []byte) (string, error) { return h.inflate(payload) }

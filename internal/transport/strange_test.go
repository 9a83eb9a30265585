package transport_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

func TestAnErrorSaysOfWhatKindItIs(t *testing.T) {
	cause := errors.New("a cause")
	for want, err := range map[string]*transport.Error{
		"transport: nothing moved for the idle timeout": {Kind: transport.Idle},
		"transport: the peer gave no sign of life":      {Kind: transport.Unanswered},
		"transport: failed":                             {Kind: transport.Lost},
		"a cause":                                       {Kind: transport.Source, Err: cause},
	} {
		if err.Error() != want || errors.Unwrap(err) != err.Err {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}

func TestNothingIsReadIntoNothing(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, _ := pair(t, tr, transport.Config{})
		if n, err := c.Read(within(t), nil); n != 0 || err != nil {
			t.Errorf("Read: %d, %v", n, err)
		}
	})
}

// A lazy transport moves nothing, and has no error, nor an address.
type lazy struct{ net.Conn }

func (lazy) Read([]byte) (int, error)        { return 0, nil }
func (lazy) Write([]byte) (int, error)       { return 0, nil }
func (lazy) SetDeadline(time.Time) error     { return nil }
func (lazy) SetReadDeadline(time.Time) error { return nil }
func (lazy) SetWriteDeadline(time.Time) error {
	return nil
}
func (lazy) LocalAddr() net.Addr  { return nil }
func (lazy) RemoteAddr() net.Addr { return nil }

func TestATransportThatMovesNothingIsLost(t *testing.T) {
	a, b := net.Pipe()
	defer b.Close()
	c := open(t, lazy{a}, transport.Config{})
	_, err := c.Write(within(t), nil, data[:1])
	wantKind(t, err, transport.Lost, io.ErrShortWrite)
	_, err = c.Read(within(t), make([]byte, 1))
	wantKind(t, err, transport.Lost, io.ErrNoProgress)
	c.Discard(time.Now().Add(time.Hour)) // which ends, too
	if c.LocalAddr().String() != "unknown" || c.RemoteAddr().Network() != "unknown" {
		t.Errorf("the addresses are %v and %v", c.LocalAddr(), c.RemoteAddr())
	}
}

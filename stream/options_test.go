package stream_test

import (
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

func TestOptionsAreOneOption(t *testing.T) {
	a, _ := wstest.TCP(t)
	list := []stream.Option{stream.MaxMessageSize(10), stream.IdleTimeout(time.Minute), stream.FragmentSize(100)}
	both := stream.Options(stream.Options(list...), stream.Options(), stream.IdleTimeout(time.Hour))
	list[0] = stream.MaxMessageSize(11) // it was copied
	c := open(t, a, true, stream.MaxMessageSize(5), both)
	if c.MaxMessageSize() != 10 || c.IdleTimeout() != time.Hour {
		t.Errorf("the limit is %d, and the timeout %v", c.MaxMessageSize(), c.IdleTimeout())
	}
	_, err := stream.New(a, stream.Handshake{}, stream.Standard, stream.Options(stream.CloseTimeout(-1)))
	wantRefusal(t, err)
}

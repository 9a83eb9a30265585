package conformance_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/litert/websocket/internal/conformance"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// relaying returns a relay that sends with send what it has received, and ends each side as the other has ended.
func relaying(ctx context.Context, send func(*stream.Socket, context.Context, stream.Frame) error) conformance.Relay {
	handOn := func(dst *stream.Socket, src *stream.Conn[stream.Frame]) {
		for f, err := range src.All(ctx) {
			if err != nil {
				break
			}
			if err := send(dst, ctx, f); errors.Is(err, net.ErrClosed) {
				return // the other direction knows why
			} else if err != nil {
				dst.Abort()
				src.Abort()
				return
			}
		}
		var closed *stream.CloseError
		if errors.As(src.Err(), &closed) {
			dst.Shutdown(ctx, closed.Code, closed.Reason)
		} else {
			dst.Abort()
		}
	}
	return func(front, behind *stream.Conn[stream.Frame]) {
		var both sync.WaitGroup
		both.Go(func() { handOn(behind.Socket, front) })
		both.Go(func() { handOn(front.Socket, behind) })
		both.Wait()
	}
}

// legalCases returns the cases without heavy ones in which a peer keeps to the rules.
func legalCases() []conformance.Case {
	return slices.DeleteFunc(slices.Clone(cases()), func(c conformance.Case) bool {
		return c.Weight > conformance.Light || !c.Legal()
	})
}

func TestARelayHandsEveryFrameOnAsItCame(t *testing.T) {
	legal := legalCases()
	if len(legal) < 1000 {
		t.Errorf("only %d cases", len(legal))
	}
	relay := relaying(t.Context(), (*stream.Socket).WriteFrame)
	for _, end := range []conformance.Side{conformance.Server, conformance.Client} {
		err := conformance.Relays(t.Context(), end, legal, relay, func(c conformance.Case, err error) {
			t.Errorf("%s, the peer meets the %v (section %s): %v", c.ID, end, c.Section, err)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// inTwo sends a frame as two, where it can.
func inTwo(s *stream.Socket, ctx context.Context, f stream.Frame) error {
	if len(f.Payload) > 1 {
		if err := s.WriteFrame(ctx, stream.Frame{Opcode: f.Opcode, Payload: f.Payload[:1]}); err != nil {
			return err
		}
		f.Opcode, f.Payload = opcode.Continuation, f.Payload[1:]
	}
	return s.WriteFrame(ctx, f)
}

func TestARelayThatMovesBoundariesIsFound(t *testing.T) {
	split := slices.DeleteFunc(legalCases(), func(c conformance.Case) bool { return !strings.HasPrefix(c.ID, "framing/binary/") })
	var mu sync.Mutex // guards following
	found := 0
	err := conformance.Relays(t.Context(), conformance.Server, split, relaying(t.Context(), inTwo), func(conformance.Case, error) {
		mu.Lock()
		defer mu.Unlock()
		found++
	})
	if empty := 4; err != nil || found != len(split)-empty {
		t.Errorf("%d of %d are found, %v", found, len(split), err)
	}
}

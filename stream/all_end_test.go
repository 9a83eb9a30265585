package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// Behind the loop, Err tells whether it was left, or the connection has ended, and how.
func TestErrTellsHowAllHasEnded(t *testing.T) {
	for name, test := range map[string]func(testing.TB, bool){
		"Standard": endsOfAll(stream.Standard), "Simple": endsOfAll(stream.Simple), "Lite": endsOfAll(stream.Lite),
		"Frames": endsOfAll(stream.Frames), "JSON": endsOfAll(stream.JSON[int]()),
	} {
		for _, server := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, server %v", name, server), func(t *testing.T) { test(t, server) })
		}
	}
}

func endsOfAll[M any](mode stream.Mode[M]) func(testing.TB, bool) {
	return func(t testing.TB, server bool) {
		t.Helper()
		for _, tt := range []struct {
			name string
			ctx  func(testing.TB) context.Context
			end  func(*wstest.Peer) // behind a message
			left bool               // by a break, after the message
			code closecode.Code     // 0: there was none
			goes bool               // the connection goes on
		}{
			{"break", bg, func(*wstest.Peer) {}, true, 0, true},
			{"context", brief, func(*wstest.Peer) {}, false, 0, true},
			{"1000", bg, func(p *wstest.Peer) { p.SendClose(closecode.NormalClosure, "") }, false, closecode.NormalClosure, false},
			{"1001", bg, func(p *wstest.Peer) { p.SendClose(closecode.GoingAway, "") }, false, closecode.GoingAway, false},
			{"no code", bg, func(p *wstest.Peer) { p.SendClose(0, "") }, false, closecode.NoStatus, false},
			{"1011", bg, func(p *wstest.Peer) { p.SendClose(closecode.InternalError, "") }, false, closecode.InternalError, false},
			{"lost", bg, func(p *wstest.Peer) { p.Close() }, false, 0, false},
		} {
			a, b := wstest.TCP(t)
			c, peer := openWith(t, a, stream.Handshake{Server: server}, mode, nil), wstest.NewPeer(t, b, !server)
			peer.SendFrame(true, opcode.Text, "1")
			tt.end(peer)
			var yielded error
			for _, err := range c.All(tt.ctx(t)) {
				if yielded = err; tt.left {
					break
				}
			}
			err := c.Err()
			orderly := tt.code > 0 && tt.code < closecode.InternalError
			if (err == nil) != tt.goes || errors.Is(err, io.EOF) != orderly || stream.CloseCode(err) != tt.code {
				t.Errorf("%s: Err is %v, with code %d", tt.name, err, uint16(stream.CloseCode(err)))
			}
			if (yielded == nil) != (orderly || tt.left) {
				t.Errorf("%s: yielded was %v", tt.name, yielded)
			}
			peer.Close()
		}
	}
}

// The function of Decode gets the error first. What it hands on is not told again, and what it keeps is told behind.
func TestAllOfDecodeTellsOnceHowTheConnectionHasEnded(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fails func(error) error // what the function makes of the error of its Reader
		tells bool
	}{
		{"as it is", func(err error) error { return err }, true},
		{"wrapped", func(err error) error { return fmt.Errorf("message: %w", err) }, true},
		{"beside io.EOF", func(err error) error { return errors.Join(io.EOF, err) }, true},
		{"another", func(error) error { return errSource }, false},
		{"none", func(error) error { return nil }, false},
	} {
		for _, b := range append(breachesOfThePeer, breaches...) {
			t.Run(b.name+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				begun := make(chan struct{})
				mode := stream.Decode(func(r *stream.Reader) (struct{}, error) {
					_, err := r.Read(make([]byte, 1))
					if close(begun); err == nil {
						_, err = r.Bytes()
					}
					return struct{}{}, tt.fails(err)
				})
				c, peer := openMode(t, mode, append([]stream.Option{stream.CloseTimeout(time.Second)}, b.opts...)...)
				peer.SendFrame(false, opcode.Text, "the beginning")
				var g sync.WaitGroup
				g.Go(func() {
					<-begun
					b.do(t, c.Socket, peer)
				})
				var told []error
				yielded := 0
				for _, err := range c.All(bg(t)) {
					if yielded++; err != nil && b.is(err) {
						told = append(told, err)
					}
				}
				g.Wait()
				want, silent := 1, errors.Is(c.Err(), io.EOF)
				if silent && !tt.tells {
					want = 0
				}
				if len(told) != want || tt.tells && (yielded != 1 || !errors.Is(told[0], io.ErrUnexpectedEOF)) || !tt.tells && yielded != 1+want {
					t.Errorf("of %d, these tell of the end, which is %v: %v", yielded, c.Err(), told)
				}
			})
		}
	}
}

func TestCloseCode(t *testing.T) {
	closed := &stream.CloseError{Code: closecode.TryAgainLater}
	for _, tt := range []struct {
		err  error
		want closecode.Code
	}{
		{nil, 0},
		{io.EOF, 0},
		{&stream.ProtocolError{Code: closecode.ProtocolError, Err: io.EOF}, 0}, // which this end has sent
		{closed, closecode.TryAgainLater},
		{fmt.Errorf("again: %w", closed), closecode.TryAgainLater},
		{errors.Join(io.EOF, closed), closecode.TryAgainLater},
	} {
		if got := stream.CloseCode(tt.err); got != tt.want {
			t.Errorf("%v: got %d, want %d", tt.err, uint16(got), uint16(tt.want))
		}
	}
}

// The calls behind the end tell the code, too.
func TestCloseCodeIsInEveryErrorBehindTheEnd(t *testing.T) {
	c, peer := serverAndPeer(t)
	peer.SendFrame(false, opcode.Binary, "begun")
	r, err := c.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	peer.SendClose(closecode.ServiceRestart, "")
	_, err = r.Bytes()
	for what, err := range map[string]error{"Bytes": err, "Err": c.Err(), "WriteText": c.WriteText(bg(t), "late")} {
		if stream.CloseCode(err) != closecode.ServiceRestart {
			t.Errorf("%s: %v", what, err)
		}
	}
}

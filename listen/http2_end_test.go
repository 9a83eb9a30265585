package listen_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// breaks are ways in which a stream ends without a close frame.
var breaks = []struct {
	name string
	end  func(s *wstest.H2Stream)
}{
	{"END_STREAM", func(s *wstest.H2Stream) { s.Close() }},
	{"RST_STREAM with NO_ERROR", func(s *wstest.H2Stream) { s.Reset(wstest.H2NoError) }},
	{"END_STREAM and NO_ERROR", func(s *wstest.H2Stream) { s.Close(); s.Reset(wstest.H2NoError) }},
	{"RST_STREAM with PROTOCOL_ERROR", func(s *wstest.H2Stream) { s.Reset(wstest.H2ProtocolError) }},
	{"RST_STREAM with INTERNAL_ERROR", func(s *wstest.H2Stream) { s.Reset(wstest.H2InternalError) }},
	{"RST_STREAM with REFUSED_STREAM", func(s *wstest.H2Stream) { s.Reset(wstest.H2Refused) }},
	{"RST_STREAM with CANCEL", func(s *wstest.H2Stream) { s.Reset(wstest.H2Cancel) }},
	{"GOAWAY", func(s *wstest.H2Stream) { s.GoAway(wstest.H2InternalError); s.Disconnect() }},
	{"lost connection", func(s *wstest.H2Stream) { s.Disconnect() }},
}

// drain receives until the end, and returns the messages that were whole, and the error.
func drain(ctx context.Context, c *conn) (whole []string, err error) {
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return whole, err
		}
		p, err := io.ReadAll(msg)
		if err != nil {
			return whole, err
		}
		whole = append(whole, string(p))
	}
}

func TestStreamThatIsCutAtAnyByteNeverLooksWhole(t *testing.T) {
	p := wstest.NewPeer(t, nil, false)
	frames := [][]byte{
		p.Frame(true, opcode.Text, "one"),
		p.Frame(false, opcode.Text, "t"),
		p.Frame(true, opcode.Ping, ""),
		p.Frame(true, opcode.Continuation, "wo"),
		p.Frame(true, opcode.Binary, strings.Repeat("3", 130)),
	}
	all := bytes.Join(frames, nil)
	ends := []int{len(frames[0]), len(bytes.Join(frames[:4], nil)), len(all)}
	messages := []string{"one", "two", strings.Repeat("3", 130)}
	type outcome struct {
		whole []string
		err   error
	}
	for _, way := range breaks {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			outcomes := make(chan outcome)
			address, config := startHTTP2(t, false, listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
				whole, err := drain(testContext(t), c)
				outcomes <- outcome{whole, err}
				return err
			}))
			h := wstest.DialH2(t, address, config)
			for cut := range len(all) + 1 {
				if strings.Contains(way.name, "GOAWAY") || strings.Contains(way.name, "lost") {
					h = wstest.DialH2(t, address, config)
				}
				s := h.Connect("/")
				s.Opened()
				s.Write(all[:cut])
				way.end(s)
				got := <-outcomes
				want := 0
				for want < len(ends) && ends[want] <= cut {
					want++
				}
				resets := !strings.HasPrefix(way.name, "END_STREAM")
				if fmt.Sprint(got.whole) != fmt.Sprint(messages[:want]) && !resets || len(got.whole) > want {
					t.Errorf("cut at %d: the messages are %.50q", cut, got.whole)
				}
				if !errors.Is(got.err, io.ErrUnexpectedEOF) || errors.Is(got.err, io.EOF) {
					t.Errorf("cut at %d: the end is %v", cut, got.err)
				}
			}
		})
	}
}

// What is written fails once the client has reset the stream, and so do writes that wait for its window.
func TestResetEndsWritesThatWaitOverHTTP2(t *testing.T) {
	for _, way := range breaks[1:] {
		t.Run(way.name, func(t *testing.T) {
			errs := make(chan error, 1)
			h := dialHTTP2(t, true, listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
				err := c.WriteBinary(testContext(t), make([]byte, 1<<20))
				errs <- err
				return err
			}))
			s := h.Connect("/")
			s.Opened()
			s.AwaitFull()
			way.end(s)
			if err := <-errs; err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the write ended with %v", err)
			}
		})
	}
}

func TestAbortResetsAStreamWhoseWriteWaits(t *testing.T) {
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		if r.URL.Path == "/stays" {
			return echo(r, c)
		}
		var writes sync.WaitGroup
		writes.Go(func() {
			if err := c.WriteBinary(testContext(t), make([]byte, 1<<20)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the write ended with %v", err)
			}
		})
		c.Receive(testContext(t)) // until the client is full
		c.Abort()
		writes.Wait()
		return nil
	}))
	stays := h.Connect("/stays").Opened()
	s := h.Connect("/")
	p := s.Opened()
	s.AwaitFull()
	p.SendFrame(true, opcode.Text, "full")
	if err := s.End(); err != wstest.H2InternalError {
		t.Errorf("the stream has ended with %v", err)
	}
	io.Copy(io.Discard, s) // gives the room of the connection back
	stays.SendFrame(true, opcode.Text, "hello")
	stays.Want(true, opcode.Text, "hello")
}

// The idle timeout has reset the stream when the hook is called, and only then the engine notes why the connection ends.
func TestConnectionOverHTTP2IsDoneOnlyWhenItHasEnded(t *testing.T) {
	var served *conn
	ended := make(chan error, 1)
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
		served = c
		c.WriteBinary(testContext(t), make([]byte, 1<<20)) // more than the window
		<-c.Done()
		ended <- c.Err()
		return nil
	}, stream.IdleTimeout(50*time.Millisecond), stream.WithTrace(&stream.Trace{Timeout: func(error) {
		select {
		case <-served.Done():
			t.Errorf("it is done, and the error is %v", served.Err())
		default:
		}
	}})))
	h.Connect("/").Opened()
	if err := <-ended; !errors.Is(err, stream.ErrIdleTimeout) {
		t.Errorf("it has ended with %v", err)
	}
}

package listen_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// writeOn writes until there is an error, which it checks.
func writeOn(t *testing.T, c *conn, size int) {
	p := make([]byte, size)
	for {
		if err := c.WriteBinary(testContext(t), p); err != nil {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("the write ended with %v", err)
			}
			return
		}
	}
}

// The race detector tells if something is written while package net/http takes the ResponseWriter back, whose memory other
// streams of the connection use then.
func TestWritesEndBeforeTheHandlerReturns(t *testing.T) {
	var writers sync.WaitGroup
	ends := map[string]func(*conn) error{
		"/nil":   func(*conn) error { return nil },
		"/error": func(*conn) error { return errors.New("an error") },
		"/abort": func(c *conn) error { c.Abort(); return nil },
		"/close": func(c *conn) error { c.Close(); return nil },
		"/panic": func(*conn) error { panic("a mistake") },
		"/exit":  func(*conn) error { panic(http.ErrAbortHandler) },
	}
	handler := listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		for _, size := range []int{1, 5000, 100_000} {
			writers.Go(func() { writeOn(t, c, size) })
		}
		writers.Go(func() { c.Receive(testContext(t)) })
		return ends[r.URL.Path](c)
	}, stream.CloseTimeout(1)) // they do not wait
	h := dialHTTP2(t, true, handler)
	for range 40 {
		for path := range ends {
			s := h.Connect(path)
			go io.Copy(io.Discard, s)
			if path == "/nil" || path == "/abort" {
				s.Write(make([]byte, 10)) // not masked
			}
			s.End()
		}
	}
	writers.Wait()
}

// Nobody reads what the server writes, so that all wait when the function returns.
func TestHandlerReturnsWhereWritesWait(t *testing.T) {
	var writers sync.WaitGroup
	full := make(chan struct{})
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		for range 3 {
			writers.Go(func() { writeOn(t, c, 1<<20) })
		}
		<-full
		return nil
	}, stream.CloseTimeout(1)))
	s := h.Connect("/")
	s.Opened()
	s.AwaitFull()
	close(full)
	if err := s.End(); err != wstest.H2InternalError {
		t.Errorf("the stream has ended with %v", err)
	}
	writers.Wait()
}

func TestConnectionOverHTTP2EndsWithTheHandler(t *testing.T) {
	conns := make(chan *conn, 1)
	address, config := startHTTP2(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := listen.Upgrade(w, r, stream.Standard)
		if err != nil {
			t.Error(err)
		}
		conns <- c
	}))
	h := wstest.DialH2(t, address, config)
	for _, act := range []func(*conn) error{
		func(c *conn) error { return c.WriteText(testContext(t), "too late") },
		func(c *conn) error { return c.WriteBinary(testContext(t), make([]byte, 1<<20)) },
		func(c *conn) error { return c.Ping(testContext(t), nil) },
	} {
		s := h.Connect("/")
		c := <-conns
		s.End()
		if err := act(c); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the write ended with %v", err)
		}
		if _, err := c.Receive(testContext(t)); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("the end is %v", err)
		}
		c.Close()
	}
	s := h.Connect("/")
	c := <-conns
	s.End()
	if _, err := c.Receive(testContext(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end is %v", err)
	}
	c.Abort()
}

// Upgrade is safe for a handler that waits for the end of its connection.
func TestHandlerOfOnesOwnWaitsForTheEnd(t *testing.T) {
	h := dialHTTP2(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := listen.Upgrade(w, r, stream.Standard)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		echo(r, c)
	}))
	p := h.Connect("/").Opened()
	p.SendFrame(true, opcode.Text, "hello")
	p.Want(true, opcode.Text, "hello")
	p.SendClose(1000, "")
	p.WantClose(1000)
	p.WantEnd()
}

// A hook that panics is one of several ways in which an open stream is given up before there is a connection.
func TestPanicOfAHookOverHTTP2ResetsTheStream(t *testing.T) {
	told := make(chan error, 1)
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, serveNothing,
		stream.WithTrace(&stream.Trace{Opened: func(stream.Handshake) { panic("a mistake") }}),
		listen.OnError(func(_ *http.Request, err error) { told <- err })))
	if err := h.Connect("/").End(); err != wstest.H2InternalError {
		t.Errorf("the stream has ended with %v", err)
	}
	if err := <-told; err == nil || !strings.Contains(err.Error(), "a mistake") {
		t.Errorf("OnError heard %v", err)
	}
}

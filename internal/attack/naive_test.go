package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// echoAll is a server that holds.
func echoAll(r *http.Request, c *stream.Conn[stream.Message]) error {
	_, err := each(r.Context(), c, echoMessage)
	return err
}

// A naive server opens any connection, believes what it is told, echoes it, and forgets nothing.
type naive struct {
	leaks bool

	mu   sync.Mutex // guards following
	kept []http.Header
}

func (s *naive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	s.mu.Lock()
	s.kept = append(s.kept, r.Header)
	s.mu.Unlock()
	s.serve(raw, rw.Reader, r)
}

func (s *naive) serve(raw net.Conn, r *bufio.Reader, request *http.Request) {
	defer raw.Close()
	io.WriteString(raw, switching+"Sec-WebSocket-Accept: "+handshake.Accept(request.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
	for closed := false; ; {
		h, p, err := receiveNaively(r)
		if err != nil && !closed && s.leaks {
			go func() { select {} }()
		}
		if err != nil {
			return
		}
		h.Masked = false
		raw.Write(append(h.Append(nil), p...))
		if h.Opcode == opcode.Close {
			closed = true
			raw.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		}
	}
}

// receiveNaively makes room for a payload before it comes.
func receiveNaively(r *bufio.Reader) (h frame.Header, p []byte, err error) {
	for n := 2; ; n++ {
		b, err := r.Peek(n)
		if err != nil {
			return h, nil, err
		}
		h, used, err := frame.Parse(b)
		if err == io.ErrUnexpectedEOF {
			continue
		} else if err != nil {
			return h, nil, err
		}
		r.Discard(used)
		p := make([]byte, h.Length)
		_, err = io.ReadFull(r, p)
		frame.Mask(p, h.Key, 0)
		return h, p, err
	}
}

// serveNaively is the naive server behind net/http.
func serveNaively() ([]target, error) {
	return at("handler", func(ln net.Listener) { http.Serve(ln, &naive{leaks: true}) })
}

// serveOneByOne has one client wait for the other, also for the head of its request.
func serveOneByOne() ([]target, error) {
	return at("listener", func(ln net.Listener) {
		for {
			raw, err := ln.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(raw)
			if request, err := http.ReadRequest(r); err == nil {
				new(naive).serve(raw, r, request)
			}
			raw.Close()
		}
	})
}

func at(server string, serve func(net.Listener)) ([]target, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go serve(ln)
	return []target{{Name: "naive", Address: ln.Addr().String(), Host: ln.Addr().String(), Path: "/", First: true, Mode: "standard", Server: server}}, nil
}

// dialNaively takes any response for the right one, any end for a good one, and every server for the same.
func dialNaively(ctx context.Context, o Order) Outcome {
	for range 3 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http"+strings.TrimPrefix(o.URL, "ws"), nil)
		if err != nil {
			break
		}
		request.Header.Set("Authorization", secret)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			break
		}
		response.Body.Close()
		if o.URL = response.Header.Get("Location"); o.URL == "" {
			return Outcome{Opened: true, Messages: 1}
		}
	}
	return Outcome{Err: "no connection"}
}

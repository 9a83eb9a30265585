//go:build linux

package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/listen"
	_ "github.com/litert/websocket/listen/xconnect" // has servers announce WebSocket over HTTP/2
	"github.com/litert/websocket/stream"
)

// writeByteTimeout is when a server of package net/http gives up a client that takes nothing from TCP, and nothing else ends a write
// to it. It is more than the faults last that a transfer gets over, and the pauses of TCP behind them. Package crypto/tls then
// takes tlsFarewell to close what takes nothing.
const (
	writeByteTimeout = 10 * time.Second
	tlsFarewell      = 5 * time.Second
)

// mostOfWrite returns how long a write may wait that nothing takes, and that is to end after d.
func (e *env) mostOfWrite(d time.Duration) time.Duration {
	if e.HTTP2 && e.Role == "server" {
		return max(d, writeByteTimeout+tlsFarewell)
	}
	return d
}

// Each connection is the only stream of its connection of HTTP/2: what ends that is the fault of a trial.

// serveHTTP2 has a server of package net/http take connections from ln, over TLS.
func (e *env) serveHTTP2(ln net.Listener, opts []listen.Option) *door {
	keeper := &keeper{Listener: ln, conns: make(chan *net.TCPConn, 1)}
	flow, group := new(http2Flow), new(listen.Group)
	came := make(chan *end)
	server := &http.Server{
		Handler: e.modeOf().handle(func(r *http.Request, end *end) {
			end.begin(flow, <-keeper.conns)
			select {
			case came <- end:
			case <-r.Context().Done():
			}
		}, append(opts, listen.Join(group), stream.WithTrace(flow.trace()))...),
		TLSConfig: e.forServer,
		ErrorLog:  log.New(io.Discard, "", 0),
		HTTP2:     &http.HTTP2Config{WriteByteTimeout: writeByteTimeout},
	}
	go server.ServeTLS(keeper, "", "")
	accept := func(ctx context.Context) (*end, error) {
		select {
		case end := <-came:
			return end, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &door{ln.Addr().String(), accept, func() error {
		ended, end := context.WithCancel(context.Background())
		end()
		group.Shutdown(ended)
		return server.Close()
	}}
}

// dialHTTP2 opens a stream of a connection that connect makes, which is in raw then.
func (e *env) dialHTTP2(ctx context.Context, url string, opts stream.Option, connect func(context.Context, string, string) (net.Conn, error), raw **net.TCPConn) (*end, error) {
	flow := new(http2Flow)
	transport := &http.Transport{DialContext: connect, TLSClientConfig: e.forClient.Clone(), ForceAttemptHTTP2: true}
	end, err := e.modeOf().dial(ctx, url, opts, stream.WithTrace(flow.trace()), dial.HTTP2(transport))
	if err != nil {
		transport.CloseIdleConnections()
		return nil, err
	}
	end.begin(flow, *raw)
	return end, nil
}

// begin notes what is below a stream of HTTP/2.
func (e *end) begin(flow *http2Flow, raw *net.TCPConn) {
	e.flow, e.raw = flow, raw
	if info, err := e.info(); err == nil {
		flow.before = info.Bytes_acked
	}
}

// Abort is that of the socket. A stream of HTTP/2 takes its connection along, which package net/http would keep.
func (e *end) Abort() error {
	err := e.Socket.Abort()
	if e.flow != nil {
		e.raw.Close()
	}
	return err
}

// An http2Flow counts what an end sends over HTTP/2: package net/http may not have written it when the call has returned.
type http2Flow struct {
	frames atomic.Int64 // bytes of frames of WebSocket
	before uint64       // bytes that had arrived when the connection was opened
}

func (f *http2Flow) trace() *stream.Trace {
	return &stream.Trace{FrameSent: func(h frame.Header) { f.frames.Add(int64(h.Len()) + h.Length) }}
}

// withhold notes that n bytes of a frame that has begun are not sent.
func (f *http2Flow) withhold(n int64) {
	if f != nil {
		f.frames.Add(-n)
	}
}

// hasLeft reports whether the connection has brought as much as was sent. A nil flow is none of HTTP/2, of which nothing is held back.
func (f *http2Flow) hasLeft(info *unix.TCPInfo) bool {
	return f == nil || int64(info.Bytes_acked-f.before) >= f.frames.Load()
}

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"

	_ "github.com/litert/websocket/listen/xconnect" // has the HTTP/2 server of a library announce WebSocket
)

// carriers is how many HTTP/2 connections of the load the streams of a job share.
const carriers = 4

// transports hold one connection each.
var transports = sync.OnceValue(func() (all [carriers]*http.Transport) {
	for i := range all {
		all[i] = &http.Transport{TLSClientConfig: clientTLS(), ForceAttemptHTTP2: true}
	}
	return all
})

// opened counts streams, which take the transports in turn.
var opened atomic.Uint32

// http2Config is that of the server of a library: one stream cannot take the window of all.
var http2Config = &http.HTTP2Config{
	MaxConcurrentStreams:          1 << 10,
	MaxReceiveBufferPerStream:     256 << 10,
	MaxReceiveBufferPerConnection: 16 << 20,
}

// A http2Stream is a stream of the load.
type http2Stream struct {
	*io.PipeWriter
	body   io.ReadCloser
	cancel context.CancelFunc
}

func (s *http2Stream) Read(p []byte) (int, error) { return s.body.Read(p) }

func (s *http2Stream) Close() error {
	s.cancel()
	return s.body.Close()
}

// openStream opens a stream for a WebSocket to addr, which ends after patience.
func openStream(addr string) (*http2Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	body, written := io.Pipe()
	r := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Scheme: "https", Host: addr, Path: "/"},
		Header: http.Header{"Sec-Websocket-Version": {"13"}},
		Body:   body,
	}
	// Where a transport takes the name, which it refuses before it looks for a connection.
	r = r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { r.Header[":protocol"] = []string{"websocket"} },
	}))
	response, err := transports()[opened.Add(1)%carriers].RoundTrip(r)
	if err != nil {
		cancel()
		return nil, err
	}
	s := &http2Stream{written, response.Body, cancel}
	if response.StatusCode != http.StatusOK {
		s.Close()
		return nil, fmt.Errorf("the response is %s", response.Status)
	}
	return s, nil
}

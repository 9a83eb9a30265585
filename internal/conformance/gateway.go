package conformance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	_ "github.com/litert/websocket/listen/xconnect" // has servers announce WebSocket over HTTP/2
)

// A gateway stands between the peer, which speaks HTTP/1.1 over TCP, and an end under test that speaks HTTP/2: it turns the
// opening handshake of the one into that of the other (RFC 8441, section 5), and carries bytes. All its streams share a few
// connections of HTTP/2 without TLS.
type gateway struct {
	server    *http.Server
	transport *http.Transport
	addr      string

	mu     sync.Mutex // guards following
	last   int
	trials map[string]http.Handler // by the value of trialField
}

// trialField is the field of a request that says which trial it belongs to.
const trialField = "Trial"

// Windows as the documentation of package listen recommends them: one stream cannot take that of all.
const (
	streamWindow     = 256 << 10
	connectionWindow = 16 << 20

	// clientWindow has room for all that the peer sends before it is answered. While a DATA frame of a server of package net/http
	// waits for the window of a stream, the WINDOW_UPDATE frames of that stream wait behind it: a client that reads no more before
	// it has sent something stands still then, although the server reads.
	clientWindow = 64 << 20
)

func newGateway() (*gateway, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	windows := &http.HTTP2Config{MaxReceiveBufferPerStream: streamWindow, MaxReceiveBufferPerConnection: connectionWindow}
	g := &gateway{
		transport: &http.Transport{Protocols: plain, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: clientWindow}},
		addr:      ln.Addr().String(),
		trials:    make(map[string]http.Handler),
	}
	g.server = &http.Server{Handler: g, Protocols: plain, HTTP2: windows}
	go g.server.Serve(ln)
	return g, nil
}

// close ends all that is left.
func (g *gateway) close() {
	g.server.Close()
	g.transport.CloseIdleConnections()
}

// expect has h answer a request, whose trialField has the value that is returned.
func (g *gateway) expect(h http.Handler) (trial string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last++
	trial = strconv.Itoa(g.last)
	g.trials[trial] = h
	return trial
}

// take returns what answers the request of the trial, or nil if that has come, or will not.
func (g *gateway) take(trial string) http.Handler {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := g.trials[trial]
	delete(g.trials, trial)
	return h
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := g.take(r.Header.Get(trialField))
	if h == nil {
		http.NotFound(w, r)
		return
	}
	r.Header.Del(trialField)
	h.ServeHTTP(w, r)
}

// toServer carries what the peer, a client, sends over near to the server under test, which is h. It returns an error if the
// request has not got there.
func (g *gateway) toServer(ctx context.Context, near *net.TCPConn, h http.Handler) error {
	defer near.Close()
	trial := g.expect(h)
	err := g.open(ctx, near, trial)
	if g.take(trial) == nil {
		return nil
	}
	return fmt.Errorf("the request has not reached the server: %w", err)
}

// open reads the request of a client from near, sends it as one for a stream, and carries on over that.
func (g *gateway) open(ctx context.Context, near *net.TCPConn, trial string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { near.Close() })()
	in := bufio.NewReader(near)
	r, err := http.ReadRequest(in)
	if err != nil {
		return err
	}
	body, sent := io.Pipe()
	connect := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Scheme: "http", Host: g.addr, Path: r.URL.Path, RawQuery: r.URL.RawQuery},
		Host:   r.Host,
		Header: without(r.Header, "Upgrade", "Connection", "Sec-Websocket-Key"),
		Body:   body,
	}
	connect.Header.Set(trialField, trial)
	// Where a transport takes the name, which it refuses before it looks for a connection.
	connect = connect.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { connect.Header[":protocol"] = []string{"websocket"} },
	}))
	response, err := g.transport.RoundTrip(connect)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return response.Write(near)
	}
	answer := head{"HTTP/1.1 101 Switching Protocols", []string{
		"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", acceptOf(r.Header.Get("Sec-WebSocket-Key")),
	}}
	if _, err := io.WriteString(near, answer.with(response.Header).String()); err != nil {
		return err
	}
	go func() {
		io.Copy(sent, in)
		sent.Close()
	}()
	finish(near, copyAll(near, response.Body))
	<-ctx.Done() // the peer sees what the server does, and leaves when it has seen enough
	return nil
}

// fromClient returns what opens a stream for the client under test if the peer, a server, accepts over near what it asks for.
func fromClient(near *net.TCPConn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer near.Close()
		rc := http.NewResponseController(w)
		rc.EnableFullDuplex()
		if r.Method != http.MethodConnect || r.ProtoMajor != 2 || !slices.Equal(r.Header[":protocol"], []string{"websocket"}) {
			http.Error(w, "no extended CONNECT", http.StatusNotImplemented)
			return
		}
		key := newKey()
		ask := head{"GET " + r.URL.RequestURI() + " HTTP/1.1", []string{
			"Host", r.Host, "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Key", key,
		}}
		if _, err := io.WriteString(near, ask.with(without(r.Header, ":protocol")).String()); err != nil {
			return
		}
		in := bufio.NewReader(near)
		response, err := http.ReadResponse(in, &http.Request{Method: http.MethodGet})
		if err != nil {
			return
		}
		if response.StatusCode != http.StatusSwitchingProtocols {
			w.WriteHeader(response.StatusCode)
			return
		}
		maps.Copy(w.Header(), without(response.Header, "Upgrade", "Connection", "Sec-Websocket-Accept"))
		w.WriteHeader(http.StatusOK)
		rc.Flush()
		var back sync.WaitGroup
		var left atomic.Bool
		back.Go(func() {
			if err := copyAll(near, r.Body); left.Load() {
				near.CloseWrite()
			} else {
				finish(near, err)
			}
		})
		copyAll(flushing{w, rc}, in)
		left.Store(true) // the peer has ended its side, and the stream can only be ended as a whole
		r.Body.Close()
		back.Wait()
	})
}

// copyAll copies until src ends, and returns why that was.
func copyAll(dst io.Writer, src io.Reader) error {
	_, err := io.Copy(dst, src)
	return err
}

// finish ends near as a stream was, by END_STREAM or by a reset.
func finish(near *net.TCPConn, err error) {
	if err == nil {
		near.CloseWrite()
		return
	}
	near.SetLinger(0)
	near.Close()
}

// flushing sends what is written at once.
type flushing struct {
	io.Writer
	rc *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.rc.Flush()
	}
	return n, err
}

// without returns a copy of h without some fields, and without those that package net/http has added.
func without(h http.Header, names ...string) http.Header {
	h = h.Clone()
	for _, name := range append(names, "Date") {
		delete(h, name)
	}
	return h
}

// with returns h with more fields.
func (h head) with(more http.Header) head {
	h.fields = slices.Clone(h.fields)
	for _, name := range slices.Sorted(maps.Keys(more)) {
		h.fields = append(h.fields, name, strings.Join(more[name], ", "))
	}
	return h
}

//go:build interop

package interop_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A session is a host whose program waits for orders.
type session struct {
	*testing.T
	host
	server  *server
	ctx     context.Context
	order   func(line string)
	reports <-chan string
	early   string // a report that came before the connection; empty: none
}

func (s *session) want(report string) {
	s.Helper()
	if got := s.report(); got != report {
		s.Errorf("it reports %q, want %q", got, report)
	}
}

func (s *session) wantPrefix(prefix string) {
	s.Helper()
	if got := s.report(); !strings.HasPrefix(got, prefix) {
		s.Errorf("it reports %q, want %q at the beginning", got, prefix)
	}
}

func (s *session) report() string {
	s.Helper()
	if line := s.early; line != "" {
		s.early = ""
		return line
	}
	select {
	case line, ok := <-s.reports:
		if !ok {
			s.Fatal("the program has ended")
		}
		return strings.TrimRight(line, " ")
	case <-s.ctx.Done():
		s.Fatal("nothing is reported")
	}
	return ""
}

// connect gives an order, and returns the connection that comes of it.
func (s *session) connect(order string, opts ...stream.Option) *stream.Conn[*stream.Reader] {
	s.Helper()
	s.server.prepare(opts)
	s.order(order + " " + s.server.url)
	var conn *stream.Conn[*stream.Reader]
	select {
	case conn = <-s.server.conns:
	case s.early = <-s.reports:
		select {
		case conn = <-s.server.conns:
		default:
			s.Fatalf("it reports %q", s.early)
		}
	case <-s.ctx.Done():
		s.Fatal("it does not connect")
	}
	s.Cleanup(func() { conn.Abort() })
	return conn
}

// connectOpen is connect for a program that tells in a message that the connection is open there, too.
func (s *session) connectOpen(order string) *stream.Conn[*stream.Reader] {
	s.Helper()
	conn := s.connect(order)
	if _, err := conn.Receive(s.ctx); err != nil {
		s.Fatal(err)
	}
	return conn
}

// TestWasm has the program do what only it can tell of, in each host.
func TestWasm(t *testing.T) {
	for _, h := range hosts {
		t.Run(h.name, func(t *testing.T) {
			server := newServer(t)
			order, reports := h.start(t, server)
			for _, check := range wasmChecks {
				if check.browser && !h.browser {
					continue
				}
				ok := t.Run(check.name, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 2*hangs)
					defer cancel()
					check.run(&session{t, h, server, ctx, order, reports, ""})
				})
				if !ok {
					return // what comes now may be of that
				}
			}
		})
	}
}

var wasmChecks = []struct {
	name    string
	browser bool // in a browser alone
	run     func(*session)
}{
	{"what a browser does not have is refused", false, checkRefusals},
	{"control frames are refused, and the connection goes on", false, checkControl},
	{"contexts leave the connection usable, and a message that is given up is cut short", false, checkCancel},
	{"another server sends back what it gets", false, checkLead},
	{"the end of a connection tells what it was", false, checkFailures},
	{"who does not receive holds the sender back", false, checkHold},
	{"who does not receive is not flooded", false, checkFlood},
	{"256 MiB come and go as one message", true, checkBigMessage}, // undici takes 128 MiB
	{"no function is left", false, checkFunctions},
	{"a page that is left says so", true, checkLeave},
}

func checkRefusals(s *session) {
	s.order("options " + s.server.url)
	s.want("all refused")
}

func checkControl(s *session) {
	url, reports := ourselves.server(s.T)
	s.order("control " + url)
	s.want("closed 4011")
	if got := <-reports; got != "closed 4011 as a browser can" {
		s.Errorf("the server reports %q", got)
	}
}

func checkCancel(s *session) {
	url, reports := ourselves.server(s.T)
	s.order("cancel " + url)
	s.wantPrefix("closed: ")
	if got := <-reports; got != "closed 4011 message was aborted" {
		s.Errorf("the server reports %q", got)
	}
}

func checkLead(s *session) {
	url, _ := serverScript("node", "ws.mjs")(s.T)
	s.order("lead " + url)
	s.wantPrefix("closed 4321")
	if s.browser { // in text that comes, undici takes the mark for none of it
		url, _ := ourselves.server(s.T)
		s.order("mark " + url)
		s.want("it is kept")
	}
}

func checkFailures(s *session) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	s.Cleanup(refusing.Close)
	s.order("fail " + webSocketURL(refusing.URL))
	s.wantPrefix("dial : dial: connecting to 127.0.0.1:")

	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { silent.Close() })
	s.order("fail ws://" + silent.Addr().String())
	s.wantPrefix("dial deadline: dial: connecting to 127.0.0.1:")

	s.connectOpen("fail").Abort()
	s.wantPrefix("receive unexpected EOF: ")

	conn := s.connectOpen("fail")
	w, err := conn.NewWriter(s.ctx, opcode.Binary)
	if err == nil {
		_, err = w.Write(big()[:1<<20])
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		s.Fatal(err)
	}
	conn.Abort() // in mid-message
	s.wantPrefix("receive unexpected EOF: ")
}

const (
	wasmTotal  = 256 << 20
	wasmPiece  = 64 << 10
	wasmBounds = 32 << 20 // what may be on the way, with the buffers of the system
)

// checkHold sends to a program that does not receive. With streams, writes are to stall, until it does; without, the
// connection fails.
func checkHold(s *session) {
	conn := s.connect("hold")
	if got, want := s.report(), "over WebSocket"; got != want && !(s.streams && got == want+"Stream") {
		s.Errorf("it is %s", got)
	}
	go conn.Receive(s.ctx) // which ends the connection when the program does
	var sent atomic.Int64
	sum := sha256.New()
	written := make(chan error, 1)
	go func() {
		p := big()[:wasmPiece]
		for sent.Load() < wasmTotal {
			if err := conn.WriteBinary(s.ctx, p); err != nil {
				written <- err
				return
			}
			sum.Write(p)
			sent.Add(wasmPiece)
		}
		written <- nil
	}()
	if !s.streams {
		err := <-written
		s.Logf("%d MiB had left when the connection failed: %v", sent.Load()>>20, err)
		s.order("receive")
		s.want(fmt.Sprint("limit ", 64<<20))
		return
	}
	held := stalled(&sent)
	s.Logf("%.1f MiB had left while nothing was received", float64(held)/(1<<20))
	if held > wasmBounds {
		s.Errorf("%d bytes were taken before the writes stalled", held)
	}
	s.order("receive")
	if err := <-written; err != nil {
		s.Fatal(err)
	}
	if err := conn.Shutdown(s.ctx, closecode.NormalClosure, ""); err != nil {
		s.Error(err)
	}
	s.want(fmt.Sprintf("%d %x closed 1000", wasmTotal, sum.Sum(nil)))
}

// stalled waits until n has not changed for a second.
func stalled(n *atomic.Int64) int64 {
	for last := int64(-1); ; time.Sleep(time.Second) {
		now := n.Load()
		if now == last {
			return now
		}
		last = now
	}
}

// checkFlood receives nothing until the program tells that its writes stall.
func checkFlood(s *session) {
	conn := s.connect("flood")
	taken, err := strconv.Atoi(s.report())
	if err != nil {
		s.Fatal(err)
	}
	s.Logf("%d MiB were taken while nothing was received; at most, the processes of the host had %d MiB", taken>>20, peakOfChildren(s.T)>>20)
	if taken > wasmBounds {
		s.Errorf("%d bytes were taken before a write stalled", taken)
	}
	sum, n := sha256.New(), int64(0)
	for msg, err := range conn.All(s.ctx) {
		if err == nil {
			var k int64
			k, err = io.Copy(sum, msg)
			n += k
		}
		if err != nil {
			s.Fatal(err)
		}
	}
	var end *stream.CloseError
	if !errors.As(conn.Err(), &end) || n != wasmTotal || end.Reason != hex.EncodeToString(sum.Sum(nil)) {
		s.Errorf("%d bytes came, with the digest %x, and %v", n, sum.Sum(nil), conn.Err())
	}
	s.want("closed 1000")
}

func checkBigMessage(s *session) {
	conn := s.connect("big", stream.MaxMessageSize(stream.Unlimited))
	sum := sha256.New()
	began := time.Now()
	w, err := conn.NewWriter(s.ctx, opcode.Binary)
	if err != nil {
		s.Fatal(err)
	}
	for range wasmTotal / len(big()) {
		sum.Write(big())
		if _, err := w.Write(big()); err != nil {
			s.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.Fatal(err)
	}
	msg, err := conn.Receive(s.ctx)
	if err != nil {
		s.Fatal(err)
	}
	back := sha256.New()
	n, err := io.Copy(back, msg)
	if err != nil || n != wasmTotal || string(back.Sum(nil)) != string(sum.Sum(nil)) {
		s.Errorf("%d bytes came back, with another digest (%v)", n, err)
	}
	s.Logf("there and back took %v; at most, the processes of the host had %d MiB", time.Since(began).Round(time.Millisecond), peakOfChildren(s.T)>>20)
	if err := conn.Shutdown(s.ctx, closecode.NormalClosure, ""); err != nil {
		s.Error(err)
	}
	s.want("closed 1000")
}

func checkFunctions(s *session) {
	url, reports := ourselves.server(s.T)
	ended := make(chan struct{})
	defer close(ended)
	go func() { // what the server says of them is of no concern
		for {
			select {
			case <-reports:
			case <-ended:
				return
			}
		}
	}()
	s.order("functions " + url)
	s.want("0 functions are left")
}

func checkLeave(s *session) {
	conn := s.connect("leave")
	_, err := conn.Receive(s.ctx)
	if stream.CloseCode(err) != closecode.GoingAway {
		s.Errorf("the page has left with %v", err)
	}
}

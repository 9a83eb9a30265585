package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A serving is a Group.Serve that runs.
type serving struct {
	group    listen.Group
	server   *http.Server
	ln       net.Listener
	end      context.CancelFunc
	returned chan error
}

// newServing returns one that start starts. Its server has WebSocket at /a, and what set adds.
func newServing(t *testing.T, set func(*http.ServeMux), opts ...listen.Option) *serving {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{ln: ln, returned: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("/a", listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		_, err := c.Receive(r.Context())
		return err
	}, append(opts, listen.Join(&s.group))...))
	if set != nil {
		set(mux)
	}
	s.server = &http.Server{Handler: mux, ErrorLog: log.New(io.Discard, "", 0)}
	return s
}

func (s *serving) start(t *testing.T, patience time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	s.end = cancel
	go func() { s.returned <- s.group.Serve(ctx, s.server, s.ln, patience) }()
}

// wantEnded checks what Serve has returned, and that ln is closed.
func (s *serving) wantEnded(t *testing.T, want error) {
	t.Helper()
	if err := <-s.returned; !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
	if conn, err := net.Dial("tcp", s.ln.Addr().String()); err == nil {
		conn.Close()
		t.Error("it still listens")
	}
	if !eventually(t, func() bool { return s.group.Known() == 0 }) { // what was cut may still be ending
		t.Errorf("%d connections are known", s.group.Known())
	}
}

// answers reads a close frame with 1001, and answers it.
func (c *client) answers(t *testing.T) {
	t.Helper()
	if code := c.closing(t); code != 1001 {
		t.Errorf("code is %d, want 1001", code)
	}
	io.WriteString(c, closeFrame)
	if !c.ended() {
		t.Error("the connection is open")
	}
}

func TestServeEndsConnectionsAndThenAwaitsRequests(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	asked, goOn := make(chan struct{}), make(chan struct{})
	s := newServing(t, func(mux *http.ServeMux) {
		mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-goOn
			io.WriteString(w, "whole")
		})
	})
	s.start(t, hangs)
	slow := connect(t, s.ln.Addr(), "GET /slow HTTP/1.1\r\n"+host+"\r\n")
	<-asked
	c := connect(t, s.ln.Addr(), proper+"\r\n").opened(t)
	s.end()
	if code := c.closing(t); code != 1001 {
		t.Errorf("code is %d, want 1001", code)
	}
	// The connection has not ended, so that the server answers, and lets nobody in.
	if response, _ := connect(t, s.ln.Addr(), proper+"\r\n").response(t); response.StatusCode != 503 {
		t.Errorf("status is %d, want 503", response.StatusCode)
	}
	io.WriteString(c, closeFrame)
	if !c.ended() {
		t.Error("the connection is open")
	}
	select {
	case err := <-s.returned:
		t.Fatalf("the request is not awaited; the error is %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	if response, body := slow.response(t); response.StatusCode != 200 || body != "whole" {
		t.Errorf("the response is %d %q", response.StatusCode, body)
	}
	s.wantEnded(t, nil)
}

func TestServeWithTLSEndsConnectionsOfBothVersions(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	pair, roots := wstest.Certificate(t, "example.com")
	s := newServing(t, nil)
	s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.start(t, hangs)
	config := &tls.Config{RootCAs: roots, ServerName: "example.com"}
	h := wstest.DialH2(t, s.ln.Addr().String(), config)
	defer h.Close()
	p := h.Connect("/a").Opened()
	secure, err := tls.Dial("tcp", s.ln.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, secure, proper+"\r\n").opened(t)
	s.end()
	p.WantClose(closecode.GoingAway)
	p.SendClose(closecode.GoingAway, "")
	p.WantEnd()
	c.answers(t)
	s.wantEnded(t, nil)
}

func TestServeCutsWhatIsLeftAfterItsPatience(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	asked, gone := make(chan struct{}), make(chan struct{})
	s := newServing(t, func(mux *http.ServeMux) {
		mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
			close(gone)
		})
	}, stream.CloseTimeout(hangs))
	s.start(t, 50*time.Millisecond)
	slow := connect(t, s.ln.Addr(), "GET /slow HTTP/1.1\r\n"+host+"\r\n")
	<-asked
	c := connect(t, s.ln.Addr(), proper+"\r\n").opened(t)
	s.end()
	for _, c := range []*client{c, slow} {
		if _, err := io.Copy(io.Discard, c.r); errors.Is(err, os.ErrDeadlineExceeded) { // and no answer to the close frame
			t.Error("a connection is open")
		}
	}
	<-gone
	s.wantEnded(t, context.DeadlineExceeded)
}

func TestServeWhoseContextHasEndedServesNobody(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newServing(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.returned <- s.group.Serve(ctx, s.server, s.ln, hangs)
	s.wantEnded(t, nil)
}

func TestServeEndsConnectionsAlsoOfAServerThatStops(t *testing.T) {
	for _, way := range []struct {
		name string
		stop func(*serving)
		want error
	}{
		{"Shutdown", func(s *serving) { s.server.Shutdown(context.Background()) }, http.ErrServerClosed},
		{"Close", func(s *serving) { s.server.Close() }, http.ErrServerClosed},
		{"closed listener", func(s *serving) { s.ln.Close() }, net.ErrClosed},
	} {
		t.Run(way.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			s := newServing(t, nil)
			s.start(t, hangs)
			defer s.end()
			c := connect(t, s.ln.Addr(), proper+"\r\n").opened(t)
			way.stop(s)
			c.answers(t)
			s.wantEnded(t, way.want)
		})
	}
}

func TestServeWithTLSWantsACertificate(t *testing.T) {
	s := newServing(t, nil)
	s.server.TLSConfig = new(tls.Config)
	s.returned <- s.group.Serve(t.Context(), s.server, s.ln, hangs)
	s.wantEnded(t, os.ErrNotExist) // that of the file of the certificate
}

// A listener that cannot be closed has no connections that would have to be cut.
func TestServeEndsInOrderWhateverClosingTheListenerSays(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newServing(t, nil)
	s.ln = grudging{s.ln}
	s.start(t, hangs)
	c := connect(t, s.ln.Addr(), proper+"\r\n").opened(t)
	s.end()
	c.answers(t)
	s.wantEnded(t, nil)
}

// A grudging listener says that it cannot be closed, and is.
type grudging struct{ net.Listener }

func (g grudging) Close() error {
	g.Listener.Close()
	return errors.New("not closed")
}

func TestAHookThatPanicsInServeDoesSoInItsCaller(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := newServing(t, nil, stream.WithTrace(&stream.Trace{
		CloseSent: func(closecode.Code, string) { panic("a mistake") },
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer func() {
			if value := recover(); value != "a mistake" {
				t.Errorf("recovered %v", value)
			}
			s.returned <- nil
		}()
		s.group.Serve(ctx, s.server, s.ln, hangs)
	}()
	c := connect(t, s.ln.Addr(), proper+"\r\n").opened(t)
	cancel()
	c.answers(t)
	s.wantEnded(t, nil)
}

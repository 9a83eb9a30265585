package listen_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestAGroupShakesHandsWithEveryoneAndAwaitsTheFunctions(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var group listen.Group
	goOn, got := make(chan struct{}), make(chan error, 1)
	upgraded := make(chan *conn, 1)
	mux := http.NewServeMux()
	mux.Handle("/a", listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		_, err := c.Receive(r.Context())
		got <- err
		<-goOn
		return err
	}, listen.Join(&group)))
	mux.HandleFunc("/b", func(w http.ResponseWriter, r *http.Request) {
		c, err := listen.Upgrade(w, r, stream.Standard, listen.Join(&group))
		if err != nil {
			t.Error(err)
		}
		upgraded <- c
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	clients := []*client{
		connect(t, server.Listener.Addr(), proper+"\r\n").opened(t),
		connect(t, server.Listener.Addr(), "GET /b"+proper[len("GET /a"):]+"\r\n").opened(t),
	}
	<-upgraded
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() { ended <- group.Shutdown(testContext(t)) }()
	}
	for _, c := range clients {
		if code := c.closing(t); code != 1001 {
			t.Errorf("code is %d, want 1001", code)
		}
		io.WriteString(c, closeFrame)
		c.Close()
	}
	if err := <-got; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Receive: error is %v, want net.ErrClosed", err)
	}
	select {
	case err := <-ended:
		t.Errorf("Shutdown has not awaited the function, and returned %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(goOn)
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := group.Shutdown(testContext(t)); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestAGroupAbortsWhenTheContextEnds(t *testing.T) {
	var group listen.Group
	goOn := make(chan struct{})
	server := httptest.NewServer(listen.Handler(stream.Standard, func(*http.Request, *conn) error {
		<-goOn
		return nil
	}, listen.Join(&group), stream.CloseTimeout(hangs)))
	defer server.Close()
	defer close(goOn)
	c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := group.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}
	c.closing(t)
	if !c.ended() {
		t.Error("the connection is open")
	}
}

func TestAReasonThatDoesNotFitShutsNothingDown(t *testing.T) {
	var group listen.Group
	server := httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		_, err := c.Receive(r.Context())
		return err
	}, listen.Join(&group)))
	defer server.Close()
	l, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	clients := []*client{
		connect(t, server.Listener.Addr(), proper+"\r\n").opened(t),
		connect(t, l.Addr(), proper+"\r\n").opened(t),
	}
	for i, shutdown := range []func(context.Context, string) error{group.ShutdownReason, l.ShutdownReason} {
		for _, reason := range []string{strings.Repeat("x", 124), "\xff"} {
			if err := shutdown(testContext(t), reason); !errors.As(err, new(*stream.ArgumentError)) {
				t.Errorf("error is %v, want *stream.ArgumentError", err)
			}
		}
		ended := make(chan error, 1)
		longest := strings.Repeat("x", 123)
		go func() { ended <- shutdown(testContext(t), longest) }()
		c := clients[i]
		if first, payload := c.frame(t); first != 0x88 || payload != "\x03\xe9"+longest {
			t.Errorf("frame is %x %q, want a close frame with 1001 and the reason", first, payload)
		}
		io.WriteString(c, closeFrame)
		c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestAGroupThatShutsDownLetsNobodyIn(t *testing.T) {
	var group listen.Group
	option, told := listening()
	server := httptest.NewServer(listen.Handler(stream.Standard, serveNothing, listen.Join(&group), option))
	defer server.Close()
	if err := group.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	if response, _ := connect(t, server.Listener.Addr(), proper+"\r\n").response(t); response.StatusCode != 503 {
		t.Errorf("status is %d, want 503", response.StatusCode)
	}
	if got := <-told; !errors.Is(got.err, net.ErrClosed) {
		t.Errorf("told is %v, want net.ErrClosed", got.err)
	}
}

func TestAGroupEndsWhileClientsConnect(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for range 20 {
		var group listen.Group
		server := httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
			_, err := c.Receive(r.Context())
			return err
		}, listen.Join(&group)))
		var clients sync.WaitGroup
		for range 20 {
			c := connect(t, server.Listener.Addr(), proper+"\r\n")
			clients.Go(func() {
				response, _ := c.response(t)
				if response.StatusCode == http.StatusSwitchingProtocols {
					if code := c.closing(t); code != 1001 {
						t.Errorf("code is %d, want 1001", code)
					}
				} else if response.StatusCode != 503 {
					t.Errorf("status is %d", response.StatusCode)
				}
				c.Close()
			})
		}
		if err := group.Shutdown(testContext(t)); err != nil {
			t.Error(err)
		}
		clients.Wait()
		server.Close()
	}
}

// The zero Group needs nothing of its members' memory once they have gone.
func TestAGroupForgetsConnectionsThatHaveEnded(t *testing.T) {
	var group listen.Group
	server := httptest.NewServer(listen.Handler(stream.Standard, serveNothing, listen.Join(&group)))
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	c.closing(t)
	c.Close()
	if !eventually(t, func() bool { return group.Known() == 0 }) {
		t.Errorf("%d connections are known", group.Known())
	}
}

func TestAHookThatPanicsInShutdownOfAGroupDoesSoInItsCaller(t *testing.T) {
	var group listen.Group
	upgraded := make(chan *conn, 3)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := listen.Upgrade(w, r, stream.Standard, listen.Join(&group), stream.WithTrace(&stream.Trace{
			CloseSent: func(closecode.Code, string) { panic("a mistake") },
		}))
		if err != nil {
			t.Error(err)
		}
		upgraded <- c
	}))
	defer server.Close()
	for range cap(upgraded) {
		connect(t, server.Listener.Addr(), proper+"\r\n"+closeFrame).opened(t)
		<-upgraded
	}
	defer func() {
		if value := recover(); value != "a mistake" {
			t.Errorf("recovered %v", value)
		}
		if n := group.Known(); n > 0 {
			t.Errorf("%d connections are known", n)
		}
	}()
	group.Shutdown(testContext(t))
}

func TestAGroupAwaitsTheFunctionAlsoOfAConnectionWhoseHookPanics(t *testing.T) {
	var group listen.Group
	goOn := make(chan struct{})
	var returned atomic.Bool
	server := httptest.NewServer(listen.Handler(stream.Standard, func(*http.Request, *conn) error {
		<-goOn
		returned.Store(true)
		return nil
	}, listen.Join(&group), stream.WithTrace(&stream.Trace{
		CloseSent: func(closecode.Code, string) { panic("a mistake") },
		Ended:     func(stream.Summary) { close(goOn) },
	})))
	defer server.Close()
	connect(t, server.Listener.Addr(), proper+"\r\n"+closeFrame).opened(t)
	if !eventually(t, func() bool { return group.Known() == 1 }) {
		t.Fatal("the connection is not known")
	}
	defer func() {
		if value := recover(); value != "a mistake" || !returned.Load() {
			t.Errorf("recovered %v, and that the function has returned is %v", value, returned.Load())
		}
	}()
	group.Shutdown(testContext(t))
}

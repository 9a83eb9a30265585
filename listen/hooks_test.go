package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// misbehaviours are what a function of the program may do instead of returning.
var misbehaviours = map[string]func(){
	"panic":  func() { panic("a mistake") },
	"Goexit": runtime.Goexit,
}

// tolerant has an HTTP server keep silent about panics.
func tolerant(t *testing.T, h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// misbehaveTwice has the hook Opened misbehave for two connections.
func misbehaveTwice(misbehave func()) listen.Option {
	var n atomic.Int32
	return stream.WithTrace(&stream.Trace{Opened: func(stream.Handshake) {
		if n.Add(1) <= 2 {
			misbehave()
		}
	}})
}

func TestAHookThatDoesNotReturnTakesNothingOfAListener(t *testing.T) {
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			told := listen.OnError(func(*http.Request, error) {})
			l := listenLocally(t, misbehaveTwice(misbehave), listen.MaxPending(1), told)
			for range 2 {
				if c := connect(t, l.Addr(), proper+"\r\n").opened(t); !c.ended() {
					t.Error("the connection is open")
				}
			}
			if !eventually(t, func() bool { return l.Known() == 0 }) {
				t.Errorf("%d connections are known", l.Known())
			}
			c := connect(t, l.Addr(), proper+"\r\n"+helloFrame).opened(t)
			receiveHello(t, acceptFrom(t, l))
			c.Close()
			if err := l.Shutdown(testContext(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAHookThatDoesNotReturnTakesNothingOfUpgrade(t *testing.T) {
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			var group listen.Group
			server := tolerant(t, listen.Handler(stream.Standard, serveNothing, misbehaveTwice(misbehave), listen.Join(&group)))
			for range 2 {
				if c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t); !c.ended() {
					t.Error("the connection is open")
				}
			}
			c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
			if code := c.closing(t); code != 1000 {
				t.Errorf("code is %d, want 1000", code)
			}
			c.Close()
			if err := group.Shutdown(testContext(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAHookThatPanicsDoesNotEndShutdown(t *testing.T) {
	errs := make(chan error, 2)
	trace := stream.WithTrace(&stream.Trace{FrameReceived: func(frame.Header) { panic("a mistake") }})
	l := listenLocally(t, trace, listen.OnError(func(_ *http.Request, err error) { errs <- err }))
	c := connect(t, l.Addr(), proper+"\r\n").opened(t)
	acceptFrom(t, l)
	io.WriteString(c, closeFrame)
	if err := l.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	var told *listen.PanicError
	if err := <-errs; !errors.As(err, &told) || told.Value != "a mistake" {
		t.Errorf("error is %v", err)
	}
	if l.Known() != 0 {
		t.Errorf("%d connections are known", l.Known())
	}
}

func TestAFunctionOfTLSThatDoesNotReturnTakesNothing(t *testing.T) {
	cert, roots := wstest.Certificate(t, "example.com")
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int32
			errs := make(chan error, 1)
			l := listenLocally(t, listen.MaxPending(1), listen.TLSConfig(&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				if n.Add(1) == 1 {
					misbehave()
				}
				return &cert, nil
			}}), listen.OnError(func(_ *http.Request, err error) { errs <- err }))
			dial := func() *tls.Conn {
				conn, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				return tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "example.com"})
			}
			bad := dial()
			defer bad.Close()
			if err := bad.Handshake(); err == nil {
				t.Error("TLS has opened")
			}
			var told *listen.PanicError
			if err := <-errs; !errors.As(err, &told) {
				t.Errorf("error is %v", err)
			}
			newClient(t, dial(), proper+"\r\n").opened(t)
		})
	}
}

func TestAPanicOfOnErrorTakesNothingOfAListener(t *testing.T) {
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			l := listenLocally(t, listen.MaxPending(1), listen.OnError(func(*http.Request, error) { misbehave() }))
			for _, text := range []string{requestLine + host + "\r\n", "nonsense\r\n\r\n"} {
				c := connect(t, l.Addr(), text)
				if _, err := io.ReadAll(c.r); err != nil {
					t.Errorf("the connection is open: %v", err)
				}
			}
			c := connect(t, l.Addr(), requestLine)
			c.Close()
			connect(t, l.Addr(), proper+"\r\n").opened(t)
		})
	}
}

func TestAPanicOfAHandlerIsToldAndGoesOn(t *testing.T) {
	var logged safeBuffer
	errs := make(chan error, 1)
	server := httptest.NewUnstartedServer(listen.Handler(stream.Standard, panicking, listen.OnError(func(r *http.Request, err error) {
		if r == nil || r.URL.Path != "/a" {
			t.Errorf("request is %v", r)
		}
		errs <- err
	})))
	server.Config.ErrorLog = log.New(&logged, "", 0)
	server.Start()
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	var told *listen.PanicError
	if err := <-errs; !errors.As(err, &told) || told.Value != "a mistake" || !strings.Contains(string(told.Stack), "listen_test.panicking") {
		t.Errorf("error is %#v", err)
	}
	if code := c.closing(t); code != 1011 {
		t.Errorf("code is %d, want 1011", code)
	}
	c.Close()
	if !eventually(t, func() bool {
		return strings.Contains(logged.String(), "a mistake") && strings.Contains(logged.String(), "listen_test.panicking")
	}) {
		t.Errorf("logged is %q", logged.String())
	}
}

func TestOnErrorThatDoesNotReturnTakesNothingInTLS(t *testing.T) {
	cert, roots := wstest.Certificate(t, "example.com")
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			l := listenLocally(t, listen.MaxPending(1), listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}),
				listen.OnError(func(*http.Request, error) { misbehave() }))
			if c := connect(t, l.Addr(), "nonsense"); !eventually(t, c.ended) {
				t.Error("the connection is open")
			}
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			newClient(t, tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: "example.com"}), proper+"\r\n").opened(t)
		})
	}
}

func TestOnErrorThatDoesNotReturnEndsNoListener(t *testing.T) {
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			l, err := listen.NewListener(&scarceListener{Listener: ln, accepted: 1}, stream.Standard,
				listen.OnError(func(*http.Request, error) { misbehave() }))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			connect(t, l.Addr(), proper+"\r\n").opened(t)
		})
	}
}

func TestOnErrorThatDoesNotReturnLeavesNothingOpenBehindShutdown(t *testing.T) {
	for name, misbehave := range misbehaviours {
		t.Run(name, func(t *testing.T) {
			trace := stream.WithTrace(&stream.Trace{FrameReceived: func(frame.Header) { panic("a mistake") }})
			l := listenLocally(t, trace, listen.OnError(func(*http.Request, error) { misbehave() }))
			c := connect(t, l.Addr(), proper+"\r\n").opened(t)
			acceptFrom(t, l)
			io.WriteString(c, helloFrame)
			if err := l.Shutdown(testContext(t)); err != nil {
				t.Error(err)
			}
			if l.Known() != 0 {
				t.Errorf("%d connections are known", l.Known())
			}
		})
	}
}

// The hooks are those that a closing handshake may call.
func TestAHookThatPanicsBehindAHandlersFunctionIsTold(t *testing.T) {
	for name, trace := range map[string]*stream.Trace{
		"FrameReceived": {FrameReceived: func(frame.Header) { panic("a mistake") }},
		"CloseSent":     {CloseSent: func(closecode.Code, string) { panic("a mistake") }},
		"CloseReceived": {CloseReceived: func(closecode.Code, string) { panic("a mistake") }},
	} {
		t.Run(name, func(t *testing.T) {
			var group listen.Group
			option, told := listening()
			server := tolerant(t, listen.Handler(stream.Standard, serveNothing, stream.WithTrace(trace), option, listen.Join(&group)))
			c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
			c.closing(t)
			io.WriteString(c, closeFrame)
			var panicked *listen.PanicError
			if got := <-told; !errors.As(got.err, &panicked) || panicked.Value != "a mistake" || got.r == nil {
				t.Errorf("told is %v of %v", got.err, got.r)
			}
			if _, err := io.ReadAll(c.r); err != nil {
				t.Errorf("the connection is open: %v", err)
			}
			if err := group.Shutdown(testContext(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAHookThatPanicsWhereShutdownCutsAHandshakeHoldsUpNoGroup(t *testing.T) {
	var group listen.Group
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	option, told := listening()
	server := tolerant(t, listen.Handler(stream.Standard, serveNothing, listen.Join(&group), option, stream.WithTrace(&stream.Trace{
		Opened: func(stream.Handshake) { group.Shutdown(ctx) },
		Ended:  func(stream.Summary) { panic("a mistake") },
	})))
	c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	var panicked *listen.PanicError
	if got := <-told; !errors.As(got.err, &panicked) {
		t.Errorf("told is %v", got.err)
	}
	if !c.ended() {
		t.Error("the connection is open")
	}
	if err := group.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
}

func TestAPanicAtAListenerThatTellsNobodyIsLogged(t *testing.T) {
	var logged safeBuffer
	defer log.SetOutput(log.Writer())
	log.SetOutput(&logged)
	l := listenLocally(t, misbehaveTwice(func() { panic("a mistake") }))
	for _, request := range []string{requestLine + host, proper} { // a refusal is not logged
		if c := connect(t, l.Addr(), request+"\r\n"); !eventually(t, c.ended) {
			t.Error("the connection is open")
		}
	}
	l.Close()
	if text := logged.String(); strings.Count(text, "listen: ") != 1 || !strings.Contains(text, "a mistake") || !strings.Contains(text, "misbehaveTwice") {
		t.Errorf("logged is %q", text)
	}
}

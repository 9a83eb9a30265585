package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// stages are connections at every stage of their life.
type stages struct {
	silent, halfway    *client // before and within the request
	waiting            *client // opened, not accepted
	accepted, received *client
	conn, receiving    *conn
	receiveErr         chan error
}

func openStages(t *testing.T, l *listener) stages {
	t.Helper()
	var s stages
	s.accepted = connect(t, l.Addr(), proper+"\r\n").opened(t)
	s.conn = acceptFrom(t, l)
	s.received = connect(t, l.Addr(), proper+"\r\n").opened(t)
	s.receiving = acceptFrom(t, l)
	s.receiveErr = make(chan error, 1)
	go func() {
		_, err := s.receiving.Receive(context.Background())
		s.receiveErr <- err
	}()
	s.waiting = connect(t, l.Addr(), proper+"\r\n").opened(t)
	s.silent = connect(t, l.Addr(), "")
	s.halfway = connect(t, l.Addr(), proper)
	return s
}

func (s stages) clients() map[string]*client {
	return map[string]*client{
		"silent": s.silent, "halfway": s.halfway, "waiting": s.waiting, "accepted": s.accepted, "received": s.received,
	}
}

func checkClosed(t *testing.T, l *listener) {
	t.Helper()
	if _, err := l.Accept(testContext(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept: error is %v, want net.ErrClosed", err)
	}
	if conn, err := net.Dial(l.Addr().Network(), l.Addr().String()); err == nil {
		conn.Close()
		t.Error("still listens")
	}
	if n := l.Known(); n != 0 {
		t.Errorf("%d connections are known", n)
	}
	if err := l.Close(); err != nil {
		t.Errorf("Close after that: %v", err)
	}
	if err := l.Shutdown(testContext(t)); err != nil {
		t.Errorf("Shutdown after that: %v", err)
	}
}

func TestCloseDropsEverything(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l := listenLocally(t)
	s := openStages(t, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	checkClosed(t, l)
	for name, c := range s.clients() {
		if !c.ended() {
			t.Errorf("%s: the connection is open", name)
		}
	}
	if s.conn.Connected() || s.receiving.Connected() {
		t.Error("a connection has not ended")
	}
	if err := <-s.receiveErr; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Receive: error is %v, want net.ErrClosed", err)
	}
}

func TestCloseEndsAccept(t *testing.T) {
	l := listenLocally(t)
	time.AfterFunc(20*time.Millisecond, func() { l.Close() })
	if _, err := l.Accept(testContext(t)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error is %v, want net.ErrClosed", err)
	}
}

func TestShutdownShakesHandsWithEveryone(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l := listenLocally(t, stream.CloseTimeout(hangs))
	s := openStages(t, l)
	var clients sync.WaitGroup
	var answered atomic.Int32
	for name, c := range map[string]*client{"waiting": s.waiting, "accepted": s.accepted, "received": s.received} {
		clients.Go(func() {
			if code := c.closing(t); code != 1001 {
				t.Errorf("%s: code is %d, want 1001", name, code)
			}
			time.Sleep(50 * time.Millisecond) // so that a Shutdown that does not wait is seen
			answered.Add(1)
			io.WriteString(c, closeFrame)
			if !c.ended() {
				t.Errorf("%s: the connection is open", name)
			}
		})
	}
	if err := l.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	if n := answered.Load(); n != 3 {
		t.Errorf("waited for %d clients, want 3", n)
	}
	checkClosed(t, l)
	clients.Wait()
	if !s.silent.ended() || !s.halfway.ended() {
		t.Error("a handshake goes on")
	}
	<-s.receiveErr
}

func TestShutdownAbortsWhenItsContextEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l := listenLocally(t, stream.CloseTimeout(hangs))
	s := openStages(t, l) // none of which answers
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := l.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want context.DeadlineExceeded", err)
	}
	checkClosed(t, l)
	for name, c := range s.clients() {
		if name != "silent" && name != "halfway" {
			c.closing(t)
		}
		if !c.ended() {
			t.Errorf("%s: the connection is open", name)
		}
	}
	<-s.receiveErr
}

func TestShutdownWaitsNoLongerThanTheCloseTimeout(t *testing.T) {
	l := listenLocally(t, stream.CloseTimeout(50*time.Millisecond))
	openStages(t, l)
	if err := l.Shutdown(testContext(t)); err != nil {
		t.Error(err)
	}
	checkClosed(t, l)
}

func TestCloseEndsResponsesThatNobodyReads(t *testing.T) {
	pipes := newPipeListener()
	l, err := listen.NewListener(pipes, stream.Standard, listen.HandshakeTimeout(0))
	if err != nil {
		t.Fatal(err)
	}
	newClient(t, pipes.dial(t), proper+"\r\n") // over a pipe, the response waits for a reader
	if !eventually(t, func() bool { return l.Known() > 0 }) {
		t.Fatal("no connection is known")
	}
	closesWithin(t, l, hangs)
}

// closesWithin fails the test if Close of l takes longer than d.
func closesWithin(t *testing.T, l *listener, d time.Duration) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Close()
	}()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("Close takes longer than %v", d)
	}
}

func TestCloseWhileClientsConnect(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for range 20 {
		pipes := newPipeListener()
		l, err := listen.NewListener(pipes, stream.Standard)
		if err != nil {
			t.Fatal(err)
		}
		var clients sync.WaitGroup
		for range 20 {
			clients.Go(func() {
				ours, theirs := net.Pipe()
				defer ours.Close()
				select {
				case pipes.conns <- theirs:
				case <-pipes.done:
					return
				}
				if _, err := io.WriteString(ours, proper+"\r\n"); err == nil {
					io.Copy(io.Discard, ours) // until the server closes it
				}
			})
		}
		clients.Go(func() { l.Close() })
		clients.Go(func() { l.Shutdown(testContext(t)) })
		clients.Wait()
		if n := l.Known(); n != 0 {
			t.Errorf("%d connections are known", n)
		}
	}
}

// Such a function may ask another server for the certificate, and waits as long as its context lets it.
func TestTheContextOfTLSEndsWithTheHandshakeAndTheListener(t *testing.T) {
	for name, end := range map[string]struct {
		timeout time.Duration
		close   bool
	}{"timeout": {100 * time.Millisecond, false}, "Close": {0, true}} {
		t.Run(name, func(t *testing.T) {
			asked := make(chan struct{})
			option, told := listening()
			l := listenLocally(t, option, listen.HandshakeTimeout(end.timeout), listen.TLSConfig(&tls.Config{
				GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
					close(asked)
					<-hello.Context().Done()
					return nil, hello.Context().Err()
				},
			}))
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
			<-asked
			if !end.close {
				if got := <-told; !errors.Is(got.err, os.ErrDeadlineExceeded) {
					t.Errorf("told is %v", got.err)
				}
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// connectFrom connects from another address of the loopback interface.
func connectFrom(t testing.TB, host string, addr net.Addr, text string) *client {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("not all of 127.0.0.0/8 is of this machine")
	}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(host)}}
	conn, err := d.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn, text)
}

// skipUnlessSilenceIsKnown is for tests in which nothing begins before something has come.
func skipUnlessSilenceIsKnown(t *testing.T) {
	t.Helper()
	if !listen.CanAwaitFirst {
		t.Skip("the system does not tell whether something has come")
	}
}

// besiege has n sockets open that send nothing, each of which is opened again when it is cut. It returns when all have been
// open, and what ends it.
func besiege(t testing.TB, addr net.Addr, n int) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var sockets, opened sync.WaitGroup
	opened.Add(n)
	for range n {
		sockets.Go(func() {
			first := sync.OnceFunc(opened.Done)
			defer first()
			for ctx.Err() == nil {
				conn, err := (&net.Dialer{Timeout: hangs}).DialContext(ctx, "tcp", addr.String())
				if err != nil {
					continue
				}
				first()
				stop := context.AfterFunc(ctx, func() { conn.Close() })
				conn.Read(make([]byte, 1))
				stop()
				conn.Close()
			}
		})
	}
	opened.Wait()
	return sync.OnceFunc(func() {
		cancel()
		sockets.Wait()
	})
}

func TestSilentSocketsOfOneHostDoNotKeepOthersOut(t *testing.T) {
	l := listenLocally(t, listen.MaxPending(16))
	defer besiege(t, l.Addr(), 500)()
	for range 3 {
		connectFrom(t, "127.0.0.2", l.Addr(), proper+"\r\n"+helloFrame).opened(t)
		receiveHello(t, acceptFrom(t, l))
	}
}

// The honest client is on another address, and opens a connection while one host holds silent sockets, each of which is
// opened again when it is cut.
func BenchmarkOpeningBesideSilentSockets(b *testing.B) {
	l := listenLocally(b)
	defer besiege(b, l.Addr(), 9_000)()
	for b.Loop() {
		c := connectFrom(b, "127.0.0.2", l.Addr(), proper+"\r\n").opened(b)
		acceptFrom(b, l).Abort()
		c.Close()
	}
}

// Behind a proxy all are of one host, and have sent all of the request when they come.
func TestNoneIsDroppedThatHasSentItsRequest(t *testing.T) {
	const n = 200
	var dropped atomic.Int32
	l := listenLocally(t, listen.MaxPending(4), listen.OnError(func(*http.Request, error) { dropped.Add(1) }))
	var clients sync.WaitGroup
	defer clients.Wait()
	for range n {
		c := connect(t, l.Addr(), proper+"\r\n")
		clients.Go(func() { c.opened(t) })
	}
	for range n {
		acceptFrom(t, l)
	}
	if n := dropped.Load(); n > 0 {
		t.Errorf("%d connections were dropped", n)
	}
}

func TestWhatGivesWayWhileItBeginsToSpeakIsNotWaitedFor(t *testing.T) {
	skipUnlessSilenceIsKnown(t)
	_, conn := wstest.TCP(t)
	goesOn := make(chan bool, 1)
	go func() { goesOn <- listen.SpeakDropped(conn) }()
	select {
	case yes := <-goesOn:
		if yes {
			t.Error("a connection that has given way shakes hands")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a connection that has given way waits for a place for ever")
	}
}

func TestTheOldestSilentOneOfTheHostThatHasMostGivesWay(t *testing.T) {
	errs := make(chan error, 10)
	l := listenLocally(t, listen.MaxPending(1), listen.OnError(func(_ *http.Request, err error) { errs <- err }))
	waiting := connect(t, l.Addr(), proper+"\r\n"+helloFrame).opened(t)
	silent := []*client{connectFrom(t, "127.0.0.2", l.Addr(), "")}
	for range 15 { // with which the line is full
		silent = append(silent, connect(t, l.Addr(), ""))
	}
	connectFrom(t, "127.0.0.3", l.Addr(), "")
	if !silent[1].ended() {
		t.Error("the connection is open")
	}
	var which *listen.ConnError
	if err := <-errs; !errors.Is(err, listen.ErrDropped) || !errors.As(err, &which) || which.Addr.String() != silent[1].LocalAddr().String() {
		t.Errorf("error is %v, want that %v was dropped", err, silent[1].LocalAddr())
	}
	if len(errs) > 0 {
		t.Errorf("another error is %v", <-errs)
	}
	receiveHello(t, acceptFrom(t, l))
	waiting.Close()
}

// A stutterer sends nothing behind the first bytes until it may.
type stutterer struct {
	net.Conn
	begun bool
	goOn  <-chan struct{}
}

func (c *stutterer) Write(p []byte) (int, error) {
	if c.begun {
		return c.Conn.Write(p)
	}
	c.begun = true
	n, err := c.Conn.Write(p[:len(p)/2])
	if err == nil {
		<-c.goOn
		var rest int
		rest, err = c.Conn.Write(p[n:])
		n += rest
	}
	return n, err
}

func TestHalfAClientHelloIsNotSilent(t *testing.T) {
	skipUnlessSilenceIsKnown(t)
	cert, roots := wstest.Certificate(t, "example.com")
	l := listenLocally(t, listen.MaxPending(2), listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}))
	overTLS := func(c net.Conn) net.Conn {
		return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: "example.com"})
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	goOn, begun := make(chan struct{}), make(chan *client)
	go func() { begun <- newClient(t, overTLS(&stutterer{Conn: dial(), goOn: goOn}), proper+"\r\n"+helloFrame) }()
	connect(t, l.Addr(), "")
	if !eventually(t, func() bool { return l.Pending() == [2]int{1, 1} }) {
		t.Fatalf("pending are %v", l.Pending())
	}
	newClient(t, overTLS(dial()), proper+"\r\n").opened(t)
	acceptFrom(t, l)
	close(goOn)
	(<-begun).opened(t)
	receiveHello(t, acceptFrom(t, l))
}

func TestASlowHandshakeGivesWayAfterASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, pipes := listenAtPipes(t, listen.MaxPending(2), listen.HandshakeTimeout(time.Hour))
		first := newClient(t, pipes.dial(t), requestLine)
		time.Sleep(500 * time.Millisecond)
		second := newClient(t, pipes.dial(t), requestLine+host)
		begun := time.Now()
		next := newClient(t, pipes.dial(t), proper+"\r\n").opened(t)
		if waited := time.Since(begun); waited != 500*time.Millisecond {
			t.Errorf("the next client waited %v", waited)
		}
		if !first.ended() {
			t.Error("the slowest handshake goes on")
		}
		acceptFrom(t, l)
		io.WriteString(second, upgrade+connection+key+version+"\r\n")
		second.opened(t)
		next.Close()
	})
}

// A scarceListener lacks descriptors once.
type scarceListener struct {
	net.Listener
	accepted int
}

func (l *scarceListener) Accept() (net.Conn, error) {
	if l.accepted++; l.accepted == 2 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestASilentOneGivesWayWhereDescriptorsAreScarce(t *testing.T) {
	skipUnlessSilenceIsKnown(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := listen.NewListener(&scarceListener{Listener: ln}, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	begun := time.Now()
	if silent := connect(t, l.Addr(), ""); !silent.ended() {
		t.Error("the connection is open")
	}
	if waited := time.Since(begun); waited < 100*time.Millisecond { // within which it may be about to speak
		t.Errorf("it was dropped after %v", waited)
	}
	connect(t, l.Addr(), proper+"\r\n").opened(t)
}

func TestMaxPerHostBoundsOpenConnections(t *testing.T) {
	errs := make(chan error, 1)
	l := listenLocally(t, listen.MaxPerHost(2), listen.OnError(func(r *http.Request, err error) {
		if r == nil {
			t.Error("no request")
		}
		errs <- err
	}))
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	open := acceptFrom(t, l)
	connect(t, l.Addr(), proper+"\r\n").opened(t)
	if response, _ := connect(t, l.Addr(), proper+"\r\n").response(t); response.StatusCode != 429 {
		t.Errorf("status is %d, want 429", response.StatusCode)
	}
	var refused *listen.Error
	if err := <-errs; !errors.As(err, &refused) || refused.StatusCode != 429 {
		t.Errorf("error is %v", err)
	}
	connectFrom(t, "127.0.0.2", l.Addr(), proper+"\r\n").opened(t)
	open.Abort()
	connect(t, l.Addr(), proper+"\r\n").opened(t)
}

func TestMaxPerHostDoesNotCountWhatHasNoAddress(t *testing.T) {
	l := listenAt(t, "unix", t.TempDir()+"/s", listen.MaxPerHost(1))
	for range 3 {
		connect(t, l.Addr(), proper+"\r\n").opened(t)
		acceptFrom(t, l)
	}
}

func TestAHostIsWhatASubscriberHas(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:80":              "192.0.2.1",
		"[::ffff:192.0.2.1]:80":     "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::",
		"[2001:db8:1:2::]:81":       "2001:db8:1:2::",
		"[2001:db8:1:3::]:81":       "2001:db8:1:3::",
		"[fe80::1%eth0]:80":         "fe80::",
		"@":                         "invalid IP",
		"":                          "invalid IP",
		"pipe":                      "invalid IP",
	} {
		if got := listen.HostIn(remote).String(); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

// The model of a crowd is a list.
func TestACrowdFindsTheFirstOfTheHostThatHasMost(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		var c listen.Crowd
		var model []*listen.Place
		for range 300 {
			if random.IntN(5) < 3 || len(model) == 0 {
				model = append(model, c.Add(netip.AddrFrom4([4]byte{byte(random.IntN(5))})))
			} else {
				i := random.IntN(len(model))
				c.Remove(model[i])
				model = append(model[:i:i], model[i+1:]...)
			}
			counts := make(map[netip.Addr]int)
			first := make(map[netip.Addr]*listen.Place)
			most := 0
			for _, p := range model {
				counts[p.Host()]++
				most = max(most, counts[p.Host()])
				if first[p.Host()] == nil {
					first[p.Host()] = p
				}
			}
			switch got := c.First(); {
			case got == nil && most > 0, got != nil && (counts[got.Host()] != most || first[got.Host()] != got):
				t.Fatalf("seed %d: the first is %v", seed, got)
			}
		}
	}
}

// A flakyListener returns connections in turns with errors that are temporary, but for lack of nothing.
type flakyListener struct {
	net.Listener
	failed chan struct{} // has an element for each error
	fails  bool
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.fails = !l.fails; !l.fails {
		l.failed <- struct{}{}
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EINTR}
	}
	return l.Listener.Accept()
}

func TestNoneGivesWayWhereNothingIsScarce(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	flaky := &flakyListener{Listener: ln, failed: make(chan struct{}, 10)}
	l, err := listen.NewListener(flaky, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	slow := connect(t, l.Addr(), "")
	<-flaky.failed
	connect(t, l.Addr(), proper+"\r\n").opened(t) // the error is dealt with
	io.WriteString(slow, proper+"\r\n")
	slow.opened(t)
}

// A barrenListener returns one connection, and lacks descriptors from then on.
type barrenListener struct {
	*pipeListener
	accepted bool
}

func (l *barrenListener) Accept() (net.Conn, error) {
	if l.accepted {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	l.accepted = true
	return l.pipeListener.Accept()
}

func TestErrorsOfAcceptingHoldUpNoHandshake(t *testing.T) {
	cert, _ := wstest.Certificate(t, "example.com")
	synctest.Test(t, func(t *testing.T) {
		pipes := newPipeListener()
		l, err := listen.NewListener(&barrenListener{pipeListener: pipes}, stream.Standard, listen.HandshakeTimeout(time.Hour),
			listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		conn := tls.Client(pipes.dial(t), &tls.Config{InsecureSkipVerify: true}) // its clock is that of the test
		time.Sleep(5 * time.Second)
		begun := time.Now()
		newClient(t, conn, proper+"\r\n").opened(t)
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("the handshake took %v", waited)
		}
	})
}

func TestARequestThatHasComeGivesWayToNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, pipes := listenAtPipes(t, listen.MaxPending(1), stream.WithTrace(&stream.Trace{
			Opened: func(stream.Handshake) { time.Sleep(5 * time.Second) },
		}))
		first := newClient(t, pipes.dial(t), proper+"\r\n"+helloFrame).opened(t)
		next := make(chan net.Conn)
		go func() { next <- pipes.dial(t) }()
		receiveHello(t, acceptFrom(t, l))
		newClient(t, <-next, proper+"\r\n").opened(t)
		first.Close()
	})
}

// The HTTP server waits for the body before it closes the connection.
func TestARefusedRequestWhoseBodyDoesNotComeGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, pipes := listenAtPipes(t, listen.MaxPending(1), listen.HandshakeTimeout(time.Hour))
		first := newClient(t, pipes.dial(t), proper+"Content-Length: 5\r\n\r\n")
		if response, _ := first.response(t); response.StatusCode != 400 {
			t.Errorf("status is %d, want 400", response.StatusCode)
		}
		begun := time.Now()
		newClient(t, pipes.dial(t), proper+"\r\n").opened(t)
		if waited := time.Since(begun); waited > time.Second {
			t.Errorf("the next client waited %v", waited)
		}
		l.Close()
	})
}

package transport_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/gate"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// slow is what no call takes that waits for nothing.
const slow = 10 * time.Second

func TestCloseWriteLetsThePeerReadTheEnd(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, peer := pair(t, tr, transport.Config{})
		err := c.CloseWrite(time.Now().Add(time.Minute))
		if tr.Name == "pipe" || tr.Name == "no deadlines" {
			if err != errors.ErrUnsupported {
				t.Errorf("CloseWrite: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if n, err := peer.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("the peer read %d, %v", n, err)
		}
		go peer.Write([]byte("hello"))
		if got := readAll(t, c, 5); got != "hello" {
			t.Errorf("then %q came", got)
		}
		c.Close(time.Minute)
	})
}

// TLS takes up to 5 s for its farewell, or for ever where deadlines do not work.
func TestTheFarewellOfTLSIsBounded(t *testing.T) {
	for name, kind := range map[string]func() (io.ReadWriteCloser, net.Conn){"deadlines": tlsOverPipe, "none": tlsWithoutDeadlines} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := kind()
				defer peer.Close()
				c := transport.New(a, transport.Config{})
				began := time.Now()
				if err := c.CloseWrite(began.Add(time.Second)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("CloseWrite: %v", err)
				}
				c.Discard(began.Add(2 * time.Second))
				c.Close(time.Second)
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A counted conn counts how often it is closed.
type counted struct {
	net.Conn
	closed atomic.Int32
}

func (c *counted) Close() error {
	c.closed.Add(1)
	return c.Conn.Close()
}

func TestATransportIsClosedOnce(t *testing.T) {
	ends := map[string]func(c *transport.Conn){
		"Cut":        func(c *transport.Conn) { c.Cut() },
		"Close":      func(c *transport.Conn) { c.Close(time.Second) },
		"Close now":  func(c *transport.Conn) { c.Close(0) },
		"CloseWrite": func(c *transport.Conn) { c.CloseWrite(time.Now().Add(time.Second)); c.Close(time.Second) },
		"at once": func(c *transport.Conn) {
			var all sync.WaitGroup
			for range 4 {
				all.Go(c.Cut)
				all.Go(func() { c.Close(time.Second) })
			}
			all.Wait()
		},
	}
	for name, end := range ends {
		for _, secure := range []bool{false, true} {
			below := new(counted)
			var rwc io.ReadWriteCloser = below
			var peer net.Conn
			if secure {
				rwc, peer = tlsOver(func(c net.Conn) net.Conn { below.Conn = c; return below })
			} else {
				below.Conn, peer = net.Pipe()
			}
			go io.Copy(io.Discard, peer)
			c := transport.New(rwc, transport.Config{})
			end(c)
			end(c)
			if n := below.closed.Load(); n != 1 {
				t.Errorf("%s, TLS %v: closed %d times", name, secure, n)
			}
			peer.Close()
		}
	}
}

func TestCloseSaysTheFarewellOfTLS(t *testing.T) {
	for _, clean := range []bool{false, true} {
		a, peer := tlsOverPipe()
		c := transport.New(a, transport.Config{})
		came := make(chan []byte, 1)
		go func() {
			p, _ := io.ReadAll(peer)
			came <- p
		}()
		if clean {
			c.Close(time.Minute)
		} else {
			c.Cut()
		}
		if p := <-came; len(p) > 0 != clean {
			t.Errorf("clean %v: the peer read %x", clean, p)
		}
		peer.Close()
	}
}

func TestTheEndUnblocksWhatWaits(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		for name, end := range map[string]func(c *transport.Conn){
			"Cut":   (*transport.Conn).Cut,
			"Close": func(c *transport.Conn) { c.Close(10 * time.Millisecond) },
		} {
			c, _ := pair(t, tr, transport.Config{})
			failed := make(chan error, 2)
			go func() { _, _, err := c.Await(background, 1); failed <- err }()
			go func() {
				_, err := c.Write(background, nil, make([]byte, 64<<20))
				failed <- err
			}()
			time.Sleep(10 * time.Millisecond)
			began := time.Now()
			end(c)
			for range 2 {
				wantKind(t, <-failed, transport.Lost, nil)
			}
			if took := time.Since(began); took > slow {
				t.Errorf("%s took %v", name, took)
			}
		}
	})
}

// Neither a write that is under way over TLS, nor a peer that reads nothing, nor deadlines that do not work are waited for.
func TestCutNeverWaits(t *testing.T) {
	kinds := map[string]func() (io.ReadWriteCloser, net.Conn){
		"tls":                   tlsOverPipe,
		"tls without deadlines": tlsWithoutDeadlines,
		"what wraps tls":        func() (io.ReadWriteCloser, net.Conn) { a, b := tlsOverPipe(); return wrapped{a.(net.Conn)}, b },
		"tls in tls": func() (io.ReadWriteCloser, net.Conn) {
			a, b := tlsOverPipe()
			return tls.Client(a.(net.Conn), &tls.Config{}), b
		},
	}
	for name, kind := range kinds {
		for _, writing := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, peer := kind()
					defer peer.Close()
					c := transport.New(a, transport.Config{})
					if name != "tls in tls" && (c.TLS() == nil) != (name == "what wraps tls") {
						t.Errorf("TLS is %v", c.TLS())
					}
					var all sync.WaitGroup
					if writing {
						all.Go(func() { c.Write(background, nil, data) })
						synctest.Wait()
					}
					began := time.Now()
					c.Cut()
					if took := time.Since(began); took > 100*time.Millisecond || took > 0 && name != "what wraps tls" {
						t.Errorf("it took %v", took)
					}
					all.Wait()
					if took := time.Since(began); took > 5*time.Second {
						t.Errorf("the write took %v", took)
					}
				})
			})
		}
	}
}

func TestWhatATransportIs(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, _ := pair(t, tr, transport.Config{})
		socket := tr.Name == "tcp" || tr.Name == "unix"
		if c.Vectored() != socket {
			t.Errorf("Vectored is %v", c.Vectored())
		}
		state := c.TLS()
		if (state != nil) != strings.HasPrefix(tr.Name, "tls") || state != nil && !state.HandshakeComplete {
			t.Errorf("TLS is %v", state)
		}
		if unknown := c.LocalAddr().String() == "unknown" && c.RemoteAddr().Network() == "unknown"; unknown != (tr.Name == "no deadlines") {
			t.Errorf("the addresses are %v and %v", c.LocalAddr(), c.RemoteAddr())
		}
	})
}

// A releasing transport tells when it uses nothing any more.
type releasing struct {
	io.ReadWriteCloser
	released *gate.Latch
}

func (r releasing) Released() *gate.Latch { return r.released }

func TestCutWaitsALittleForWhatIsStillUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for released, want := range map[time.Duration]time.Duration{
			0:                     0,
			50 * time.Millisecond: 50 * time.Millisecond,
			time.Minute:           100 * time.Millisecond,
		} {
			a, b := net.Pipe()
			defer b.Close()
			r := releasing{wstest.Bare{ReadWriteCloser: a}, new(gate.Latch)}
			c := transport.New(r, transport.Config{})
			began := time.Now()
			time.AfterFunc(released, func() { r.released.Set() })
			c.Cut()
			if took := time.Since(began); took != want {
				t.Errorf("released after %v, it took %v", released, took)
			}
			<-c.Released()
			if took := time.Since(began); took != released {
				t.Errorf("released after %v, it was told after %v", released, took)
			}
		}
	})
}

// A write that is ended closes what is below, but not the connection: its owner hears of the end first.
func TestNothingIsReleasedBeforeTheConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		r := releasing{wstest.Bare{ReadWriteCloser: a}, new(gate.Latch)}
		r.released.Set()
		c := transport.New(r, transport.Config{Idle: time.Second})
		if _, err := c.Write(background, nil, data[:1]); !wantKind(t, err, transport.Idle, nil).Broken {
			t.Error("the write has not closed the transport")
		}
		synctest.Wait()
		select {
		case <-c.Released():
			t.Error("it is told before the connection is closed")
		default:
		}
		c.Cut()
		<-c.Released()
	})
}

// A wrappedTLS connection is TLS that New does not see.
type wrappedTLS struct{ *tls.Conn }

func TestCutClosesWhatIsBelowTLSWhereThatHasNoDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := net.Pipe()
		cert, roots := wstest.Certificate(t, "a.example")
		above := tls.Client(noDeadlines{a}, &tls.Config{RootCAs: roots, ServerName: "a.example"})
		server := tls.Server(peer, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true})
		shaken := make(chan error, 1)
		go func() { shaken <- server.Handshake() }()
		if err := errors.Join(above.Handshake(), <-shaken); err != nil {
			t.Fatal(err)
		}
		transport.New(wrappedTLS{above}, transport.Config{}).Cut() // its farewell is not read
		if n, err := io.Copy(io.Discard, peer); n > 0 || err != nil {
			t.Errorf("the peer reads %d bytes, %v", n, err)
		}
	})
}

// What comes of it are datagrams, of which a read loses what it has no room for.
func TestASocketThatKeepsBoundariesIsNoStream(t *testing.T) {
	ln, err := net.Listen("unixpacket", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Skip(err)
	}
	defer ln.Close()
	a, err := net.Dial("unixpacket", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := transport.New(a, transport.Config{})
	defer c.Cut()
	if c.Vectored() || c.AwaitsBare() {
		t.Errorf("Vectored is %v, AwaitsBare %v", c.Vectored(), c.AwaitsBare())
	}
}

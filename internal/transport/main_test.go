package transport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/internal/buffer"
	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// certificate is that of all servers over pipes, which their clients do not check.
var certificate = func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(100, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}()

// background are bounds that end nothing.
var background = transport.Bounds{Ctx: context.Background()}

// data is what is sent, no two parts of which are the same.
var data = func() []byte {
	p := make([]byte, 4<<20)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}()

// within bounds what must not hang.
func within(t testing.TB) transport.Bounds {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return transport.Bounds{Ctx: ctx}
}

// open returns the connection over rwc, which the test's end cuts.
func open(t testing.TB, rwc io.ReadWriteCloser, cfg transport.Config) *transport.Conn {
	t.Helper()
	c := transport.New(rwc, cfg)
	t.Cleanup(c.Cut)
	return c
}

// pair returns a connection over a transport of the kind tr, and its peer, which the test's end closes.
func pair(t testing.TB, tr wstest.Transport, cfg transport.Config) (*transport.Conn, io.ReadWriteCloser) {
	t.Helper()
	a, b := tr.Pair(t)
	c := open(t, a, cfg)
	t.Cleanup(func() { below(b).Close() })
	return c, b
}

// below returns what can be closed without a farewell.
func below(rwc io.ReadWriteCloser) io.Closer {
	if t, ok := rwc.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return rwc
}

// onAll runs test over each kind of transport.
func onAll(t *testing.T, test func(t *testing.T, tr wstest.Transport)) {
	t.Helper()
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) { test(t, tr) })
	}
	others := wstest.Transport{Name: "tls of others", Pair: func(t testing.TB) (io.ReadWriteCloser, io.ReadWriteCloser) { a, b := wstest.TLS(t); return b, a }}
	t.Run(others.Name, func(t *testing.T) { test(t, others) })
}

// wantKind checks that err is an *Error of kind that matches cause, unless that is nil, and returns it.
func wantKind(t testing.TB, err error, kind transport.Kind, cause error) *transport.Error {
	t.Helper()
	var failed *transport.Error
	if !errors.As(err, &failed) || failed.Kind != kind || cause != nil && !errors.Is(err, cause) {
		t.Errorf("got %#v (%v), want kind %d, %v", err, err, kind, cause)
		return &transport.Error{}
	}
	return failed
}

// readAll reads n bytes from c.
func readAll(t testing.TB, c *transport.Conn, n int) string {
	t.Helper()
	p := make([]byte, n)
	for got := 0; got < n; {
		k, err := c.Read(within(t), p[got:])
		if err != nil {
			t.Fatalf("Read behind %d of %d bytes: %v", got, n, err)
		}
		got += k
	}
	return string(p)
}

// A strangeContext ends with an error that is none of the usual ones.
type strangeContext struct {
	context.Context
	err error
}

func (c strangeContext) Err() error {
	if c.Context.Err() != nil {
		return c.err
	}
	return nil
}

// wantWaitsHoldLittle checks that connections hold no buffer while they wait, behind a byte that send has their peers send.
// It cuts them.
func wantWaitsHoldLittle(t *testing.T, open []*transport.Conn, send func(i int)) {
	t.Helper()
	conns := int64(len(open))
	before := int64(census.Take().Heap)
	ended := make(chan error, conns)
	for i, c := range open {
		go func() {
			err := await(c, within(t)) // a byte, and then nothing
			if err == nil {
				ended <- nil
				err = await(c, within(t))
			}
			ended <- err
		}()
		send(i)
	}
	for range conns {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(50 * time.Millisecond) // all wait, at last; if not, they hold less
	if each := (int64(census.Take().Heap) - before) / conns; each > 4<<10 {
		t.Errorf("a connection that waits takes %d bytes more", each)
	}
	for _, c := range open {
		c.Cut()
		<-ended
	}
}

// await has c wait, and returns what came of that, without the buffer.
func await(c *transport.Conn, b transport.Bounds) error {
	buf, _, err := c.Await(b, buffer.Small)
	buffer.Give(buf)
	return err
}

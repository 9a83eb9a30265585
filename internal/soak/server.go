package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A farm is all there is to connect to.
type farm struct {
	dir    string
	cert   tls.Certificate
	roots  *x509.CertPool
	tally  *tally
	foul   tally // of hostile clients, whose faults are not ours
	places [4]place
	served sync.WaitGroup // connections of servers
}

// A place is where one server after the other listens.
type place struct {
	network string
	secure  bool
	url     atomic.Pointer[string]
	ln      *listen.Listener[*stream.Reader] // of keep
	opened  int                              // of keep

	// of a place with HTTP/2
	http2     bool
	transport *http.Transport
	shared    atomic.Pointer[net.Conn] // that was dialled last
	server    *http.Server             // of keepHTTP2
	group     *listen.Group            // of keepHTTP2
	served    atomic.Uint64
}

// open opens all places.
func (f *farm) open() error {
	f.places[0].network, f.places[1].network, f.places[2].network = "tcp", "unix", "tcp"
	f.places[2].secure = true
	p := &f.places[3]
	p.network, p.secure, p.http2, p.transport = "tcp", true, true, f.newTransport(p)
	for i := range f.places {
		if err := f.listen(&f.places[i]); err != nil {
			return err
		}
	}
	return nil
}

// listen starts the next server of a place.
func (f *farm) listen(p *place) (err error) {
	if p.http2 {
		return f.listenHTTP2(p)
	}
	address, opts := "127.0.0.1:0", serverOptions()
	if p.network == "unix" {
		address = filepath.Join(f.dir, fmt.Sprint(p.opened))
	}
	scheme := "ws"
	if p.secure {
		scheme, opts = "wss", append(opts, listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{f.cert}}))
	}
	p.opened++
	p.ln, err = listen.Listen(p.network, address, stream.Standard, opts...)
	if err != nil {
		return err
	}
	url := scheme + "://" + p.ln.Addr().String() + "/"
	if p.network == "unix" {
		url = "ws+unix://" + filepath.ToSlash(address) + ":/"
	}
	p.url.Store(&url)
	return nil
}

func serverOptions() []listen.Option {
	return []listen.Option{
		stream.CloseTimeout(time.Second),
		listen.HandshakeTimeout(time.Second),
		stream.Compression(stream.CompressionConfig{}),
	}
}

// keep keeps a place in service until ctx ends: its servers come and go, too.
func (f *farm) keep(ctx context.Context, p *place, r *rand.Rand) {
	if p.http2 {
		f.keepHTTP2(ctx, p, r)
		return
	}
	for {
		life, end := context.WithTimeout(ctx, time.Duration(1+r.IntN(5000))*time.Millisecond)
		for conn, err := range p.ln.All(life) {
			if err != nil {
				break
			}
			seed := r.Uint64()
			f.served.Go(func() { f.serve(conn, rand.New(rand.NewPCG(seed, 1))) })
		}
		end()
		if ctx.Err() != nil || r.IntN(2) == 0 {
			grace, cancel := context.WithTimeout(context.Background(), time.Duration(r.IntN(500))*time.Millisecond)
			p.ln.Shutdown(grace)
			cancel()
		}
		p.ln.Close()
		if ctx.Err() != nil {
			return
		}
		if err := f.listen(p); err != nil {
			f.tally.fault(err)
			return
		}
	}
}

// serve sends everything back, until the connection ends or it has had enough.
func (f *farm) serve(conn *stream.Conn[*stream.Reader], r *rand.Rand) {
	defer conn.Abort()
	tally := f.tally
	if conn.Handshake().Resource == hostilePath {
		tally = &f.foul
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if r.IntN(4) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(200))*time.Millisecond)
		defer cancel()
	}
	for msg, err := range conn.All(ctx) {
		if err != nil {
			tally.ended(conn.Err())
			break
		}
		if tally.echo(ctx, conn.Socket, msg, r) != nil {
			break
		}
	}
	switch r.IntN(4) {
	case 0:
		conn.Close()
	case 1:
		conn.Shutdown(context.Background(), closecode.GoingAway, "enough")
	}
}

// echo sends msg back: as it comes, or when it is whole.
func (t *tally) echo(ctx context.Context, s *stream.Socket, msg *stream.Reader, r *rand.Rand) error {
	if r.IntN(2) == 0 {
		p, err := msg.Bytes()
		t.received(p, err)
		if err != nil {
			return err
		}
		return s.WriteBinary(ctx, p)
	}
	w, err := s.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, msg); err != nil {
		return err
	}
	return w.Close()
}

// certificate makes one for the loopback address.
func certificate() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(1000 * time.Hour),
		BasicConstraintsValid: true,
		IsCA:                  true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, err
}

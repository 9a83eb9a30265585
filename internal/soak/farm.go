package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A plan is what there shall be.
type plan struct {
	Dir     string // of the certificate, and of UNIX sockets
	Clients int    // at the same time, at most
	Stay    time.Duration
	Seed    uint64
}

// patience is how long a peer may take that is well: the longer, the more there are.
func (p plan) patience() time.Duration {
	return time.Second + p.Stay/10 + time.Duration(p.Clients)*time.Millisecond
}

// A farm is all there is to connect to, and those who do.
type farm struct {
	plan
	cert   tls.Certificate
	roots  *x509.CertPool
	foul   tally // of hostile clients, whose faults are not ours
	places [len(transports)]place
	tell   func(i int, at string) // the URL of the next server of a place; nil: there is nobody to tell
}

// transports are what the places are reached over.
var transports = [...]string{"TCP", "UNIX", "TLS", "HTTP/2"}

// A place is where one server after the other listens.
type place struct {
	network string
	secure  bool
	url     atomic.Pointer[string] // nil before the first server
	tally   *tally
	found   func(at string)                  // notes the URL of the next server
	ln      *listen.Listener[*stream.Reader] // of keep
	count   int                              // of keep
	open    sync.WaitGroup                   // connections, of keep

	// of a place with HTTP/2
	http2  bool
	shared *connections
	server *http.Server  // of keepHTTP2
	group  *listen.Group // of keepHTTP2
	served atomic.Uint64
}

// newFarm returns a farm of which nothing is open.
func newFarm(shall plan, all *tallies) (f *farm, err error) {
	f = &farm{plan: shall}
	if f.cert, f.roots, err = loadCertificate(f.Dir); err != nil {
		return nil, err
	}
	for i := range f.places {
		p := &f.places[i]
		p.network, p.tally = "tcp", &all[i]
		p.found = func(at string) {
			p.url.Store(&at)
			if f.tell != nil {
				f.tell(i, at)
			}
		}
	}
	f.places[1].network = "unix"
	f.places[2].secure = true
	p := &f.places[3]
	p.secure, p.http2, p.shared = true, true, newConnections(f.roots)
	return f, nil
}

// run has clients and servers come and go until ctx ends.
func (f *farm) run(ctx context.Context) error {
	servers, err := f.keepAll(ctx)
	if err != nil {
		return err
	}
	f.comeAndGo(ctx)
	servers.Wait()
	return nil
}

// keepAll opens all places, and keeps them in service until ctx ends. All of their connections have ended once servers has.
func (f *farm) keepAll(ctx context.Context) (servers *sync.WaitGroup, err error) {
	servers = new(sync.WaitGroup)
	for i := range f.places {
		p := &f.places[i]
		if err := f.listen(p); err != nil {
			return nil, err
		}
		servers.Go(func() {
			f.keep(ctx, p, rand.New(rand.NewPCG(f.Seed, uint64(i))))
			p.open.Wait()
		})
	}
	return servers, nil
}

// comeAndGo has clients come and go until ctx ends: of ten, one is hostile and one stuck.
func (f *farm) comeAndGo(ctx context.Context) {
	var all sync.WaitGroup
	for i := range f.Clients {
		r := rand.New(rand.NewPCG(f.Seed, uint64(1000+i)))
		all.Go(func() {
			for ctx.Err() == nil {
				p := &f.places[r.IntN(len(f.places))]
				if p.url.Load() == nil { // of no server in another process has been heard
					time.Sleep(10 * time.Millisecond)
					continue
				}
				switch i % 10 {
				case 0:
					f.intrude(p, r)
				case 1:
					f.stick(p, r)
				default:
					f.visit(ctx.Done(), p, r)
				}
			}
		})
	}
	all.Wait()
	for i := range f.places {
		f.places[i].shared.close()
	}
}

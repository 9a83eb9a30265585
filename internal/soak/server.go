package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// listen starts the next server of a place.
func (f *farm) listen(p *place) (err error) {
	if p.http2 {
		return f.listenHTTP2(p)
	}
	address, opts := "127.0.0.1:0", f.serverOptions()
	if p.network == "unix" {
		address = filepath.Join(f.Dir, fmt.Sprintf("%d-%d", os.Getpid(), p.count))
	}
	scheme := "ws"
	if p.secure {
		scheme, opts = "wss", append(opts, listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{f.cert}}))
	}
	p.count++
	p.ln, err = listen.Listen(p.network, address, stream.Standard, opts...)
	if err != nil {
		return err
	}
	url := scheme + "://" + p.ln.Addr().String() + "/"
	if p.network == "unix" {
		url = "ws+unix://" + filepath.ToSlash(address) + ":/"
	}
	p.found(url)
	return nil
}

// serverOptions have a peer that is stuck be found soon.
func (f *farm) serverOptions() []listen.Option {
	return []listen.Option{
		stream.CloseTimeout(time.Second),
		stream.IdleTimeout(f.patience()),
		stream.KeepAlive(f.patience() / 2),
		listen.HandshakeTimeout(f.patience()),
		stream.Compression(stream.CompressionConfig{}),
	}
}

// life returns how long a server lives.
func (f *farm) life(r *rand.Rand) time.Duration {
	return time.Duration(1+r.IntN(5000))*time.Millisecond + time.Duration(r.IntN(20))*f.Stay
}

// keep keeps a place in service until ctx ends: its servers come and go, too.
func (f *farm) keep(ctx context.Context, p *place, r *rand.Rand) {
	if p.http2 {
		f.keepHTTP2(ctx, p, r)
		return
	}
	for {
		life, end := context.WithTimeout(ctx, f.life(r))
		for conn, err := range p.ln.All(life) {
			if err != nil {
				break
			}
			seed := r.Uint64()
			p.open.Go(func() { f.serve(p, conn, rand.New(rand.NewPCG(seed, 1))) })
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
			p.tally.fault(err)
			return
		}
	}
}

// serve sends everything back, until the connection ends or it has had enough.
func (f *farm) serve(p *place, conn *stream.Conn[*stream.Reader], r *rand.Rand) {
	defer conn.Abort()
	tally := p.tally
	if conn.Handshake().Resource == hostilePath {
		tally = &f.foul
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if r.IntN(4) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(200))*time.Millisecond+f.Stay)
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

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A visitor is one connection of a client.
type visitor struct {
	*stream.Conn[*stream.Reader]
	raw   net.Conn // below it
	tally *tally
	stay  time.Duration
	over  <-chan struct{} // closed once it is not to stay any longer
}

// visit opens a connection, uses it, and leaves in one way or another, soon once over is closed.
func (f *farm) visit(over <-chan struct{}, p *place, r *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*f.patience())
	defer cancel()
	if r.IntN(8) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(5000))*time.Microsecond)
		defer cancel()
	}
	v := &visitor{tally: p.tally, stay: f.Stay, over: over}
	opts := []dial.Option{
		stream.CloseTimeout(time.Second),
		stream.KeepAlive(time.Duration(r.IntN(2)) * f.patience() / 2),
	}
	if r.IntN(2) == 0 {
		opts = append(opts, stream.Compression(stream.CompressionConfig{Deflate: stream.Deflate{
			ClientNoContextTakeover: r.IntN(2) == 0,
			ServerNoContextTakeover: r.IntN(2) == 0,
			ServerMaxWindowBits:     9 + r.IntN(7),
		}}))
	}
	var err error
	if p.http2 {
		err = v.dialHTTP2(ctx, p, opts)
	} else {
		err = v.dial(ctx, p, f.roots, opts)
	}
	if err != nil {
		p.tally.count(refused)
		time.Sleep(10 * time.Millisecond) // there may be no server for a while
		return
	}
	p.tally.count(connected)
	defer v.Abort()
	v.use(r)
	p.tally.ended(v.Err())
}

// dial opens a connection of its own.
func (v *visitor) dial(ctx context.Context, p *place, roots *x509.CertPool, opts []dial.Option) (err error) {
	opts = append(opts, dial.Proxy(nil), dial.TLSConfig(&tls.Config{RootCAs: roots}),
		dial.NetDial(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			v.raw = conn
			return conn, err
		}))
	v.Conn, err = dial.Dial(ctx, *p.url.Load(), stream.Standard, opts...)
	return err
}

// use sends some messages, which come back, while something may happen.
func (v *visitor) use(r *rand.Rand) {
	messages := make([][]byte, r.IntN(6))
	for i := range messages {
		messages[i] = newMessage(r)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var parts sync.WaitGroup
	seed, mishap := r.Uint64(), r.IntN(16)
	when := v.pause(r)*2 + time.Duration(r.IntN(20000))*time.Microsecond
	defer time.AfterFunc(when, func() { v.happen(mishap, cancel) }).Stop()
	back := 0
	parts.Go(func() { back = v.receive(ctx, messages) })
	parts.Go(func() {
		r := rand.New(rand.NewPCG(seed, 2))
		for _, p := range messages {
			select {
			case <-time.After(v.pause(r)):
			case <-v.over:
			case <-ctx.Done():
			}
			if v.send(ctx, p, r) != nil {
				cancel() // what was given up does not come back
				return
			}
		}
	})
	parts.Wait()
	if back == len(messages) && v.Shutdown(ctx, closecode.NormalClosure, "") == nil {
		v.tally.count(orderly)
	}
}

// pause returns how long to wait before the next message.
func (v *visitor) pause(r *rand.Rand) time.Duration {
	return time.Duration(r.Float64() * float64(v.stay))
}

// happen is what may happen meanwhile.
func (v *visitor) happen(what int, cancel func()) {
	switch what {
	case 0:
		v.raw.Close()
	case 1:
		if tcp, ok := v.raw.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset
		}
		v.raw.Close()
	case 2:
		v.Abort()
	case 3:
		v.Close()
	case 4:
		cancel()
	case 5:
		v.Shutdown(context.Background(), closecode.GoingAway, "")
	case 6:
		v.Ping(context.Background(), []byte("?"))
	}
}

func (v *visitor) send(ctx context.Context, p []byte, r *rand.Rand) error {
	var opts []stream.WriterOption
	switch r.IntN(4) {
	case 0:
		return v.WriteBinary(ctx, p)
	case 1:
		opts = append(opts, stream.SingleFrame(len(p)))
	case 2:
		opts = append(opts, stream.FragmentSize(1+r.IntN(10_000)))
	}
	w, err := v.NewWriter(ctx, opcode.Binary, opts...)
	if err != nil {
		return err
	}
	defer w.Abort()
	if r.IntN(16) == 0 {
		p = p[:len(p)-1] // given up
	}
	if _, err := io.Copy(w, bytes.NewReader(p)); err != nil {
		return err
	}
	if !isWhole(p) {
		w.Abort()
		return errors.New("given up")
	}
	return w.Close()
}

// receive returns how many of the messages have come back.
func (v *visitor) receive(ctx context.Context, messages [][]byte) (back int) {
	for _, sent := range messages {
		msg, err := v.Receive(ctx)
		if err != nil {
			return back
		}
		p, err := msg.Bytes()
		v.tally.received(p, err)
		if err != nil {
			return back
		}
		v.tally.echoed(sent, p)
		back++
	}
	return back
}

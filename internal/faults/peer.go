//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/litert/websocket/stream"
)

// peerVariable is set in the environment of a process that is to be the other end of a connection: to the order, in JSON.
const peerVariable = "FAULTS_PEER"

// A peerOrder tells a process how to be the other end.
type peerOrder struct {
	Variant  variant // whose role is that of the end that is not here
	Network  string
	Identity []byte
	Address  string // of the server; empty: the process is that, and says where on its standard output
	Act      string // one of acts
}

// acts are what a peer does with its connection, until that ends.
var acts = map[string]func(context.Context, *link) error{
	"idle": func(ctx context.Context, l *link) error {
		return errors.Join(l.other.send(ctx, newContent(little), little), l.other.receiveForEver(ctx))
	},
	"in mid-message": func(ctx context.Context, l *link) error {
		if err := l.other.send(ctx, newContent(little), little); err != nil {
			return err
		}
		return errors.Join(l.begin(ctx), l.other.receiveForEver(ctx))
	},
	"digest": func(ctx context.Context, l *link) error { // what has come in a transfer
		d := newDigest()
		for d.n.Load() < transferred {
			if err := l.other.receive(ctx, d); err != nil {
				return err
			}
		}
		return errors.Join(l.other.WriteBinary(ctx, d.Sum(nil)), l.other.receiveForEver(ctx))
	},
}

// bePeer is the process of a peer. It ends with its standard input.
func bePeer(spec string) (status int) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel()
		io.Copy(io.Discard, os.Stdin)
	}()
	var o peerOrder
	err := json.Unmarshal([]byte(spec), &o)
	if err == nil {
		err = o.carryOut(ctx)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "the peer:", err)
		return 1
	}
	return 0
}

func (o peerOrder) carryOut(ctx context.Context) error {
	e := &env{variant: o.Variant, ctx: ctx}
	if err := e.useNetwork(o.Network, o.Identity); err != nil {
		return err
	}
	opts := []stream.Option{stream.IdleTimeout(0)}
	var other *end
	if o.Address == "" {
		d, err := e.serve(opts)
		if err != nil {
			return err
		}
		defer d.close()
		fmt.Println(d.address)
		if other, err = d.accept(ctx); err != nil {
			return err
		}
	} else {
		var err error
		if other, err = e.dial(ctx, e.url(o.Address), opts); err != nil {
			return err
		}
	}
	defer other.Abort()
	return acts[o.Act](ctx, &link{other: other})
}

// A peer is a process that is the other end, from outside.
type peer struct {
	process *exec.Cmd
	in      io.Closer
	out     *bufio.Reader
}

// meet starts a peer that acts so, and returns this end of the connection to it, and what closes all.
func (e *env) meet(act string, opts ...stream.Option) (l *end, p *peer, closeAll func(), err error) {
	o := peerOrder{Variant: e.variant, Network: e.network, Identity: e.identity, Act: act}
	if e.Role == "client" {
		if p, err = o.start(); err != nil {
			return nil, nil, nil, err
		}
		address, err := p.out.ReadString('\n')
		if err == nil {
			l, err = e.dial(e.ctx, e.url(strings.TrimSpace(address)), opts)
		}
		if err != nil {
			return nil, nil, nil, errors.Join(err, p.end())
		}
		return l, p, func() { l.Abort(); p.end() }, nil
	}
	d, err := e.serve(opts)
	if err != nil {
		return nil, nil, nil, err
	}
	o.Address = d.address
	if p, err = o.start(); err != nil {
		d.close()
		return nil, nil, nil, err
	}
	if l, err = d.accept(e.ctx); err != nil {
		d.close()
		return nil, nil, nil, errors.Join(err, p.end())
	}
	return l, p, func() { d.close(); p.end() }, nil
}

func (o peerOrder) start() (*peer, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	spec, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	p := &peer{process: exec.Command(program)}
	p.process.Env = append(os.Environ(), peerVariable+"="+string(spec))
	p.process.Stderr = os.Stderr
	if p.in, err = p.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	return p, p.process.Start()
}

// end ends the process. Called again, it does nothing.
func (p *peer) end() error {
	p.process.Process.Kill()
	p.in.Close()
	p.process.Wait()
	return nil
}

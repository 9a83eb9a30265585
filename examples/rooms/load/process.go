package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"time"
)

// A process is one that listens at an address.
type process struct {
	*exec.Cmd
	addr string
}

// start starts a program, whose arguments have the address in them at which it is to listen, and waits until it does. It ends with ctx.
func start(ctx context.Context, program string, args func(addr string) []string) (*process, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{addr: ln.Addr().String()}
	ln.Close()
	p.Cmd = exec.CommandContext(ctx, program, args(p.addr)...)
	if err := p.Start(); err != nil {
		return nil, err
	}
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.addr)
		if err == nil {
			conn.Close()
			return p, nil
		}
		if ctx.Err() != nil || time.Now().After(until) {
			p.end()
			return nil, fmt.Errorf("%s does not listen: %w", program, err)
		}
	}
}

func (p *process) end() {
	p.Process.Kill()
	p.Wait()
}

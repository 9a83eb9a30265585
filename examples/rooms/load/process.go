package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
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

// cpu returns the time that the process has used of the CPUs, as Linux tells it.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, behindName, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behindName)
	if len(fields) < 13 {
		return 0, errors.New("the system does not tell the time of a process")
	}
	const tick = 10 * time.Millisecond
	ticks := 0
	for _, field := range fields[11:13] { // of the program, and of the system for it
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

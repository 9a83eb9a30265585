//go:build unix

package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestASignalEndsATunnelOverWhichNothingGoes(t *testing.T) {
	connected := make(chan struct{})
	addr := serveTunnel(t, serveTCP(t, func(conn net.Conn) {
		conn.Write([]byte("hello\n"))
		close(connected)
		conn.Read(make([]byte, 1)) // until the end
	}), "")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, self, "connect", "ws://"+addr)
	program.Env = append(os.Environ(), "TUNNEL_IS_THE_PROGRAM=1", "TUNNEL_TOKEN="+token)
	stdin, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	<-connected
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "hello\n" {
		t.Errorf("through the tunnel comes %q, %v", line, err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	program.Wait()
	if ctx.Err() != nil {
		t.Error("it goes on")
	}
}

//go:build linux

package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A process is one that a test has started. It ends with the test at the latest, with all that it has started.
type process struct {
	*exec.Cmd
	wait func() error
}

func start(t *testing.T, cmd *exec.Cmd) process {
	t.Helper()
	said := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second // for the output of what it has started
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := process{cmd, sync.OnceValue(cmd.Wait)}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		p.wait()
		if t.Failed() {
			t.Logf("%v has said:\n%s", cmd.Args, said.Bytes()[max(0, said.Len()-4<<10):])
		}
	})
	return p
}

// startRole starts this program in a role of play.
func startRole(t *testing.T, role string, args ...string) process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "ROOMS_ROLE="+role)
	return start(t, cmd)
}

// startNodeAt starts a node as a process of its own, and waits until it is ready.
func startNodeAt(t *testing.T, addr, nats string) process {
	t.Helper()
	p := startRole(t, "node", "-addr", addr, "-nats", "nats://"+nats, "-spread", "2s", "-refresh", "500ms")
	awaitReady(t, addr)
	return p
}

func awaitReady(t *testing.T, addr string) {
	t.Helper()
	defer http.DefaultClient.CloseIdleConnections()
	eventually(t, addr+" is ready", func() bool {
		response, err := http.Get("http://" + addr + "/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// end has p end in order.
func end(t *testing.T, p process) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := p.wait(); err != nil {
		t.Errorf("%v ends with %v", p.Args, err)
	}
}

// startNATSAt starts a NATS server as a process of its own, which keeps messages in dir, and waits until it listens.
func startNATSAt(t *testing.T, addr, dir string) process {
	t.Helper()
	p := startRole(t, "nats", addr, dir)
	eventually(t, "NATS listens", func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return p
}

// backend is the host of what is started again at the same address: connections are from 127.0.0.1, and take no port of it.
const backend = "127.0.0.2"

// freeAddress returns an address of host that nobody listens at.
func freeAddress(t *testing.T, host string) string {
	t.Helper()
	ln, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// startHAProxy starts HAProxy before the nodes, with haproxy.cfg. Its function has it read that again.
func startHAProxy(t *testing.T, nodes []string) (addr string, reload func()) {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("HAProxy is not installed; .ci/run installs it")
	}
	conf, err := os.ReadFile("haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	addr = freeAddress(t, "127.0.0.1")
	text := strings.NewReplacer("127.0.0.1:8080", addr, "127.0.0.1:8081", nodes[0], "127.0.0.1:8082", nodes[1], "127.0.0.1:8083", nodes[2],
		"hard-stop-after 10m", "hard-stop-after 1s").Replace(string(conf))
	name := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, exec.Command(program, "-W", "-db", "-f", name))
	awaitReady(t, addr)
	return addr, func() {
		if err := p.Process.Signal(syscall.SIGUSR2); err != nil {
			t.Error(err)
		}
	}
}

func TestANodeThatCannotRunSaysWhy(t *testing.T) {
	for _, args := range [][]string{{"-refresh", "0"}, {"-spread", "-1s"}, {"-addr", "nowhere"}, {"-nats", "nats://127.0.0.1:1"}} {
		p := startRole(t, "node", append([]string{"-addr", "localhost:0"}, args...)...)
		late := time.AfterFunc(hangs, func() { p.Process.Kill() })
		var exit *exec.ExitError
		if err := p.wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%q: it ends with %v, want 1", args, err)
		}
		late.Stop()
	}
}

func TestNodesWithNATSOfTheirOwnShareNoFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	var nodes []process
	for range 2 {
		addr := freeAddress(t, "127.0.0.1")
		nodes = append(nodes, startRole(t, "node", "-addr", addr))
		awaitReady(t, addr)
		c, _ := enter(t, addr, "a", "")
		say(t, c, "1", "hello")
		c.Abort()
	}
	for _, p := range nodes {
		end(t, p)
	}
	if stores, err := filepath.Glob(filepath.Join(dir, "rooms*")); err != nil || len(stores) != 2 {
		t.Errorf("the folders are %q, %v", stores, err)
	}
}

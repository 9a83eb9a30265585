//go:build interop

package interop_test

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
)

// python is Debian's, which has Debian's packages; the first one in the PATH may be another.
const python = "/usr/bin/python3"

// startScript starts a script of the folder peers in a role. The lines of its output are closed when it has ended.
func startScript(t *testing.T, interpreter, script, role string, env ...string) (stdin io.Writer, lines <-chan string) {
	t.Helper()
	cmd := exec.Command(interpreter, filepath.Join("peers", script), role)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	out := make(chan string, 1)
	start(t, cmd, append(env,
		environment(),
		"INTEROP_SUBPROTOCOLS="+strings.Join(offered, ","),
		"PYTHONDONTWRITEBYTECODE=1")...)
	stopped := make(chan struct{})
	t.Cleanup(func() { close(stopped) })
	go func() {
		defer close(out)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			select {
			case out <- s.Text():
			case <-stopped:
				return
			}
		}
	}()
	return stdin, out
}

// serverScript returns what starts a script as a server.
func serverScript(interpreter, script string) func(t *testing.T) (url string, reports <-chan string) {
	return func(t *testing.T) (string, <-chan string) {
		address, lines := listeningScript(t, interpreter, script)
		return "ws://" + address + "/", lines
	}
}

// secureServerScript is serverScript for a script that speaks TLS.
func secureServerScript(interpreter, script string) func(t *testing.T) (url string, reports <-chan string) {
	return func(t *testing.T) (string, <-chan string) {
		cert, _ := wstest.Certificate(t, "127.0.0.1")
		address, lines := listeningScript(t, interpreter, script, "INTEROP_CERTIFICATE="+writeCertificate(t, cert))
		return "wss://" + address + "/", lines
	}
}

// listeningScript starts a script as a server, and returns its address.
func listeningScript(t *testing.T, interpreter, script string, env ...string) (address string, lines <-chan string) {
	t.Helper()
	_, lines = startScript(t, interpreter, script, "server", env...)
	select {
	case line := <-lines:
		port, ok := strings.CutPrefix(line, "listening ")
		if !ok {
			t.Fatalf("%s says %q", script, line)
		}
		return "127.0.0.1:" + port, lines
	case <-time.After(hangs):
		t.Fatalf("%s does not listen", script)
	}
	return "", nil
}

// clientScript returns what starts a script as a client.
func clientScript(interpreter, script string) func(*testing.T, *server) (func(url string), <-chan string) {
	return func(t *testing.T, _ *server) (func(string), <-chan string) {
		stdin, lines := startScript(t, interpreter, script, "client")
		return func(url string) { fmt.Fprintln(stdin, url) }, lines
	}
}

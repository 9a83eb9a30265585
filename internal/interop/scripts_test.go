//go:build interop

package interop_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// python is Debian's, which has Debian's packages; the first one in the PATH may be another.
const python = "/usr/bin/python3"

// startScript starts a script of the folder peers in a role.
func startScript(t *testing.T, interpreter, script, role string) *process {
	t.Helper()
	env := []string{
		fmt.Sprintf("INTEROP_COMPRESSION=%t", compression),
		"INTEROP_SUBPROTOCOLS=" + strings.Join(offered, ","),
		"PYTHONDONTWRITEBYTECODE=1",
	}
	return start(t, env, interpreter, filepath.Join("peers", script), role)
}

// serverScript returns what starts a script as a server.
func serverScript(interpreter, script string) func(t *testing.T) (url string, reports <-chan string) {
	return func(t *testing.T) (string, <-chan string) {
		p := startScript(t, interpreter, script, "server")
		select {
		case line := <-p.lines:
			port, ok := strings.CutPrefix(line, "listening ")
			if !ok {
				t.Fatalf("%s says %q", script, line)
			}
			return "ws://127.0.0.1:" + port + "/", p.lines
		case <-time.After(hangs):
			t.Fatalf("%s does not listen", script)
		}
		return "", nil
	}
}

// clientScript returns what starts a script as a client.
func clientScript(interpreter, script string) func(*testing.T, *server) (func(url string), <-chan string) {
	return func(t *testing.T, _ *server) (func(string), <-chan string) {
		p := startScript(t, interpreter, script, "client")
		return func(url string) { fmt.Fprintln(p.stdin, url) }, p.lines
	}
}

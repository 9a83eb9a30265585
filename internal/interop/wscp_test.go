//go:build interop

package interop_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// wscp builds the command once, and returns its path.
var wscp = sync.OnceValues(func() (string, error) {
	name := filepath.Join(wasmDir, "wscp")
	cmd := exec.Command("go", "build", "-o", name, "./cmd/wscp")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

// serveFolder runs "wscp serve" for a new folder, and returns that and the address.
func serveFolder(t *testing.T, flags ...string) (dir, address string) {
	t.Helper()
	dir = tempDir(t)
	address, _ = serveIn(t, dir, flags...)
	return dir, address
}

// serveIn runs "wscp serve" for a folder, until the test ends, or it is killed.
func serveIn(t *testing.T, dir string, flags ...string) (address string, server *os.Process) {
	t.Helper()
	name, err := wscp()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, append(append([]string{"serve", "-addr", "127.0.0.1:0"}, flags...), dir)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_, address, ok := strings.Cut(strings.TrimSpace(line), "://")
	if !ok {
		t.Fatalf("wscp says %q, %v", line, err)
	}
	return strings.TrimSuffix(address, "/"), cmd.Process
}

// newToken writes a file with a token.
func newToken(t *testing.T, token string) (path string) {
	t.Helper()
	path = filepath.Join(tempDir(t), "token")
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

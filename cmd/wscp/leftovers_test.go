//go:build unix && !aix && !solaris

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
)

// startProcess starts "wscp serve" for dir as a process of its own. What is before it on the command line may be a shell.
func startProcess(t *testing.T, dir string, command ...string) (url string, process *exec.Cmd) {
	t.Helper()
	args := append(slices.Clone(command[1:]), "serve", "-addr", "127.0.0.1:0", dir)
	cmd := exec.CommandContext(testContext(t), command[0], args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, url, _ = strings.Cut(strings.TrimSpace(line), " at ")
	return url, cmd
}

func testKilledServer(t *testing.T, name string) {
	dir := t.TempDir()
	url, server := startProcess(t, dir, name)
	beginPut(t, served{dir: dir, url: url})
	killed := filetest.List(t, dir)
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	server.Wait()
	filetest.CheckDir(t, dir, killed...)

	alive := filetest.MakeDir(t, dir, "alive") // comes behind what was left
	url, _ = startProcess(t, alive, name)
	conn, w := beginPut(t, served{dir: alive, url: url})
	written := filetest.List(t, alive)
	left := filetest.Write(t, "", filetest.MakeDir(t, dir, "last"), draft.Prefix+strings.Repeat("A", 26))
	startProcess(t, dir, name)
	await(t, "what was left is removed", func() bool {
		_, err := os.Stat(left)
		return os.IsNotExist(err)
	})
	filetest.CheckDir(t, dir, "alive", "last")
	filetest.CheckDir(t, alive, written...)

	rest := filetest.Random(1 << 20)[:2000000-1<<20]
	if _, err := io.WriteString(w, rest); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := conn.WriteText(testContext(t), sumOf([]byte(filetest.Random(1<<20)+rest))); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(testContext(t), conn); err != nil {
		t.Error(err)
	}
	filetest.CheckDir(t, alive, "file")
}

func testFullDisk(t *testing.T, name string) {
	dir := t.TempDir()
	// A limit on the size of files takes the place of a full disk: it is an error of the write, too.
	url, _ := startProcess(t, dir, "sh", "-c", `ulimit -f 512; exec "$0" "$@"`, name)
	source := sparseFile(t, t.TempDir(), "source")
	for range 2 {
		mustFail(t, `the other side says: "file": file too large`, "put", source, url+"file")
		filetest.CheckDir(t, dir)
	}
	mustRun(t, "put", filetest.Write(t, "content", t.TempDir(), "small"), url+"file")
	filetest.Check(t, "content", dir, "file")

	s, full := startServer(t), t.TempDir()
	sparseFile(t, s.dir, "file")
	for _, flags := range []string{"", "-continue"} {
		p := start(t, "sh", "-c", `ulimit -f 512; exec "$0" get `+flags+` "$@"`, name, s.url+"file", filepath.Join(full, "file"))
		if p.Wait(); p.ProcessState.ExitCode() != 1 || p.stderr.String() != "wscp get: \"file\": file too large\n" {
			t.Errorf("status %d, %q", p.ProcessState.ExitCode(), &p.stderr)
		}
		filetest.CheckDir(t, full)
	}
}

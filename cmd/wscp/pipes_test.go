//go:build unix && !aix && !solaris

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/litert/websocket/internal/filetest"
)

// piped runs the command, with an input and another one as descriptor 3, and returns what it has printed.
func piped(t *testing.T, name string, input io.Reader, third *os.File, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(testContext(t), name, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &out, &errs
	if third != nil {
		cmd.ExtraFiles = []*os.File{third}
	}
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// testPipes puts and gets through pipes of every kind.
func testPipes(t *testing.T, name string) {
	s := startServer(t)
	content := filetest.Random(3<<20 + 7)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"-", "/dev/stdin", "/dev/fd/3", fifo} {
		if _, err := os.Stat("/dev/fd/0"); err != nil && strings.HasPrefix(source, "/dev") {
			continue
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer w.Close()
			if source == "/dev/fd/3" {
				io.WriteString(w, content)
			}
		}()
		if source == fifo {
			go os.WriteFile(fifo, []byte(content), 0)
		}
		_, stderr, err := piped(t, name, strings.NewReader(content), r, "put", source, s.url+"file")
		r.Close()
		if err != nil {
			t.Fatalf("%s: %v: %s", source, err, stderr)
		}
		filetest.Check(t, content, s.dir, "file")
		if err := os.Remove(filepath.Join(s.dir, "file")); err != nil {
			t.Fatal(err)
		}
	}

	if _, stderr, err := piped(t, name, strings.NewReader(""), nil, "put", "-", s.url+"empty"); err != nil {
		t.Errorf("%v: %s", err, stderr)
	}
	filetest.Check(t, "", s.dir, "empty")
	filetest.Write(t, content, s.dir, "file")
	stdout, stderr, err := piped(t, name, nil, nil, "get", "-digest", s.url+"file", "-")
	if err != nil || stdout != content || !strings.Contains(stderr, "get ") || !strings.Contains(stderr, "  -\n") {
		t.Errorf("%d bytes, %v: %s", len(stdout), err, stderr)
	}
	for _, args := range [][]string{{"put", "-continue", "-", s.url + "other"}, {"put", "-retry", "1m", "-", s.url + "other"}, {"get", "-continue", s.url + "file", "-"}} {
		if stdout, stderr, err := piped(t, name, strings.NewReader(content), nil, args...); err == nil || stdout != "" || !strings.Contains(stderr, "are for files") {
			t.Errorf("%q: %v: %s", args, err, stderr)
		}
	}
	filetest.CheckDir(t, s.dir, "empty", "file")
}

// testFailingPipes has sources fail, and readers go away.
func testFailingPipes(t *testing.T, name string) {
	s := startServer(t, "-max-size", "1MiB")
	filetest.Write(t, "old", s.dir, "file")
	checkOld := func() {
		t.Helper()
		await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
		filetest.CheckDir(t, s.dir, "file")
		filetest.Check(t, "old", s.dir, "file")
	}
	if runtime.GOOS == "linux" {
		memory, err := os.Open("/proc/self/mem") // of which nothing can be read at 0
		if err != nil {
			t.Fatal(err)
		}
		defer memory.Close()
		if _, stderr, err := piped(t, name, memory, nil, "put", "-", s.url+"file"); err == nil || !strings.Contains(stderr, "input/output error") {
			t.Errorf("%v: %s", err, stderr)
		}
		checkOld()
	}
	if _, stderr, err := piped(t, name, strings.NewReader(filetest.Random(2<<20)), nil, "put", "-", s.url+"file"); err == nil || !strings.Contains(stderr, "more than the 1 MiB") {
		t.Errorf("%v: %s", err, stderr)
	}
	checkOld()

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGKILL} {
		p := &process{Cmd: exec.CommandContext(testContext(t), name, "put", "-", s.url+"file")}
		p.Stdin, p.Stderr = r, &p.stderr
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, filetest.Random(100000)); err != nil {
			t.Fatal(err)
		}
		await(t, "the server writes", func() bool { return partial(s.dir) })
		if sig == syscall.SIGINT {
			p.checkSignal(t, sig, "wscp put: interrupted\n")
		} else {
			p.Process.Kill()
			p.Wait()
		}
		checkOld()
	}
}

// testReaders has what reads a get stop, or stand still until the command is interrupted.
func testReaders(t *testing.T, name string) {
	s := startServer(t)
	sparseFile(t, s.dir, "file")
	for _, stops := range []bool{true, false} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p := &process{Cmd: exec.CommandContext(testContext(t), name, "get", s.url+"file", "-")}
		p.Stdout, p.Stderr = w, &p.stderr
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if _, err := io.ReadFull(r, make([]byte, 100000)); err != nil {
			t.Fatal(err)
		}
		if !stops {
			p.checkSignal(t, syscall.SIGTERM, "wscp get: interrupted\n")
			continue
		}
		r.Close()
		if p.Wait(); p.ProcessState.ExitCode() != 1 || !strings.Contains(p.stderr.String(), "broken pipe") {
			t.Errorf("status %d: %s", p.ProcessState.ExitCode(), &p.stderr)
		}
	}
}

//go:build unix && !aix && !solaris

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
)

// buildCommand builds the command as it is run in earnest.
func buildCommand(t *testing.T) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "wscp")
	if out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return name
}

// A process is a running command.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	return startIn(t, testContext(t), name, args...)
}

// startIn is start for what may take longer.
func startIn(t *testing.T, ctx context.Context, name string, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.CommandContext(ctx, name, args...)}
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCommand(t *testing.T) {
	name := buildCommand(t)
	t.Run("demo stays below 64 MiB", func(t *testing.T) { testDemoMemory(t, name) })
	t.Run("signals end a demo", func(t *testing.T) { testSignalledDemo(t, name) })
	t.Run("a signal ends a put", func(t *testing.T) { testSignalledPut(t, name) })
	t.Run("demo cleans up when nobody reads", func(t *testing.T) { testUnreadDemo(t, name) })
	t.Run("what a killed server leaves is removed", func(t *testing.T) { testKilledServer(t, name) })
	t.Run("a full disk is told", func(t *testing.T) { testFullDisk(t, name) })
	t.Run("a put goes on that was killed", func(t *testing.T) { testKilled(t, name) })
	t.Run("a put goes on when the server is there again", func(t *testing.T) { testRestart(t, name) })
	t.Run("transfers go on when the network is there again", func(t *testing.T) { testOutage(t, name) })
	t.Run("pipes", func(t *testing.T) { testPipes(t, name) })
	t.Run("pipes that fail", func(t *testing.T) { testFailingPipes(t, name) })
	t.Run("readers of a get", func(t *testing.T) { testReaders(t, name) })
	t.Run("connect", func(t *testing.T) { testConnect(t, name) })
	t.Run("TLS", func(t *testing.T) { testTLS(t, name) })
}

func testDemoMemory(t *testing.T, name string) {
	if runtime.GOOS != "linux" {
		t.Skip("nothing else tells the peak")
	}
	setTemp(t)
	p := start(t, name, "demo", "-size", "128MiB")
	done := make(chan error, 1)
	go func() { done <- p.Wait() }()
	peak, running := 0, true
	for running {
		select {
		case err := <-done:
			if running = false; err != nil || p.stderr.Len() > 0 {
				t.Fatalf("%v: %s", err, &p.stderr)
			}
		case <-time.After(time.Millisecond):
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
			if _, line, ok := strings.Cut(string(status), "VmHWM:"); ok {
				fmt.Sscan(line, &peak)
			}
		}
	}
	if !demoOutput.MatchString(p.stdout.String()) {
		t.Errorf("the output is %q", &p.stdout)
	}
	if peak < 1<<10 || peak >= 64<<10 {
		t.Errorf("the peak is %d KiB", peak)
	}
}

func testSignalledDemo(t *testing.T, name string) {
	dir := setTemp(t)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := start(t, name, "demo", "-size", "300MiB")
		await(t, "the demo transfers", func() bool {
			found, err := filepath.Glob(filepath.Join(dir, "*", "served", draft.Prefix+"*"))
			return err == nil && found != nil
		})
		p.checkSignal(t, sig, "wscp demo: interrupted\n")
		filetest.CheckDir(t, dir)
	}
}

func testSignalledPut(t *testing.T, name string) {
	s := startServer(t)
	source := sparseFile(t, t.TempDir(), "source")
	begin := func(command string, args ...string) *process {
		p := start(t, command, append(args, "put", source, s.url+"file")...)
		await(t, "the server writes", func() bool { return underWay(s.dir) })
		return p
	}
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGHUP} {
		begin(name).checkSignal(t, sig, "wscp put: interrupted\n")
		await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
	}
	p := begin("sh", "-c", `trap "" HUP; exec "$0" "$@"`, name) // as nohup does
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	before := sizeOfPartial(s.dir)
	await(t, "it goes on", func() bool { return sizeOfPartial(s.dir) > before+1<<20 })
	p.checkSignal(t, syscall.SIGTERM, "wscp put: interrupted\n")
	await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
	filetest.CheckDir(t, s.dir)
}

// checkSignal sends sig, and checks that the process ends with status 1 and the complaint.
func (p *process) checkSignal(t *testing.T, sig os.Signal, complaint string) {
	t.Helper()
	if err := p.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	p.Wait()
	if p.ProcessState.ExitCode() != 1 || p.stderr.String() != complaint {
		t.Errorf("%v: status %d, complaint %q; want 1 and %q", sig, p.ProcessState.ExitCode(), &p.stderr, complaint)
	}
}

func testUnreadDemo(t *testing.T, name string) {
	dir := setTemp(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	cmd := exec.CommandContext(testContext(t), name, "demo", "-size", "1MiB")
	cmd.Stdout = w
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
	filetest.CheckDir(t, dir)
}

func testTLS(t *testing.T, name string) {
	if runtime.GOOS == "darwin" {
		t.Skip("the system's roots cannot be replaced")
	}
	dir := t.TempDir()
	certFile, keyFile := writePair(t)
	s := startServer(t, "-cert", certFile, "-key", keyFile)
	if !strings.HasPrefix(s.url, "wss://") {
		t.Fatalf("the URL is %s", s.url)
	}

	want := filetest.Random(3<<20 + 1)
	source, copied := filetest.Write(t, want, dir, "source"), filepath.Join(dir, "copied")
	mustFail(t, "certificate", "put", source, s.url+"file")
	t.Setenv("SSL_CERT_FILE", certFile)
	for _, args := range [][]string{{"put", source, s.url + "file"}, {"get", s.url + "file", copied}} {
		if out, err := exec.CommandContext(testContext(t), name, args...).CombinedOutput(); err != nil {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
	filetest.Check(t, want, copied)
	filetest.CheckDir(t, s.dir, "file")
}

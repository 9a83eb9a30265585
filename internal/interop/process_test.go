//go:build interop

package interop_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A process runs beside the test, and ends with it at the latest, with all that it has started.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string // of its standard output; closed at its end
}

// running are the processes that have not been waited for.
var running sync.Map // of int, the process id

// start starts a program with a folder of its own for what it may write. If the test fails, it shows what the program
// has said in its standard error.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	home := tempDir(t)
	cmd := exec.Command(name, args...)
	cmd.Env = append(append(os.Environ(), "HOME="+home, "TMPDIR="+home), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	p := &process{cmd: cmd, lines: make(chan string, 64)}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (the script .ci/run installs what is needed)", err)
	}
	running.Store(cmd.Process.Pid, nil)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		for range p.lines { // so that its reader comes to its end
		}
		<-read
		cmd.Wait()
		running.Delete(cmd.Process.Pid)
		reap(t)
		if t.Failed() {
			t.Logf("standard error of %s:\n%s", name, tail(stderr.Bytes()))
		}
	})
	return p
}

// tail returns the last lines of p, which may be long.
func tail(p []byte) []byte {
	const most = 4 << 10
	return p[max(0, len(p)-most):]
}

// tempDir returns a folder with a short name, as the sockets of browsers need.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// adopt makes this process the parent of those whose own has ended, below it.
func adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// reap ends all children of this process that it has not started itself: adopted ones.
func reap(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(hangs); ; time.Sleep(10 * time.Millisecond) {
		orphans := children(t)
		if len(orphans) == 0 {
			return
		}
		for _, pid := range orphans {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
		if time.Now().After(until) {
			t.Fatalf("processes %v do not end", orphans)
		}
	}
}

// children returns those that are not in running.
func children(t *testing.T) (pids []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if _, ours := running.Load(pid); ours {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat") // fails if it has ended meanwhile
		_, behindName, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(behindName); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			pids = append(pids, pid)
		}
	}
	return pids
}

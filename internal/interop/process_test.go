//go:build interop

package interop_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// running are the processes that have not been waited for.
var running sync.Map // of int, the process id

// start starts a program, with a folder of its own for what it may write. It ends with the test at the latest, with all
// that it has started. If the test fails, what the program has said is shown: its standard error, and its standard
// output if that goes nowhere else.
func start(t *testing.T, cmd *exec.Cmd, env ...string) {
	t.Helper()
	home := tempDir(t)
	cmd.Env = append(append(os.Environ(), "HOME="+home, "TMPDIR="+home), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second // for the output of what it has started
	said := new(bytes.Buffer)
	cmd.Stderr = said
	if cmd.Stdout == nil {
		cmd.Stdout = said
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (the script .ci/run installs what is needed)", err)
	}
	running.Store(cmd.Process.Pid, nil)
	t.Cleanup(func() {
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		cmd.Wait()
		running.Delete(cmd.Process.Pid)
		reap(t)
		if t.Failed() {
			t.Logf("%s has said:\n%s", filepath.Base(cmd.Path), tail(said.Bytes()))
		}
	})
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

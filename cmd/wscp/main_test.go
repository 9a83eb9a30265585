package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/internal/draft"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hangs is how long a test waits for what must not hang.
const hangs = 30 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	t.Cleanup(cancel)
	return ctx
}

// wscp runs the command, and returns its exit status and what it printed.
func wscp(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	status = run(ctx, args, &out, &err)
	return status, out.String(), err.String()
}

// mustRun runs the command, which must succeed without a complaint.
func mustRun(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	status, stdout, stderr := wscp(testContext(t), args...)
	if status != 0 || stderr != "" {
		t.Fatalf("wscp %q: status %d: %s", args, status, stderr)
	}
	return stdout
}

// mustFail runs the command, which must end with status 1 and the complaint.
func mustFail(t *testing.T, complaint string, args ...string) {
	t.Helper()
	status, stdout, stderr := wscp(testContext(t), args...)
	if status != 1 || stdout != "" || !strings.Contains(stderr, complaint) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("wscp %q: status %d, output %q, complaint %q; want status 1 and one line with %q", args, status, stdout, stderr, complaint)
	}
}

// A served directory is what a running "wscp serve" serves.
type served struct {
	dir, url string
	log, out *lockedBuffer
	stop     func() (status int)
}

// startServer runs "wscp serve" for a new directory until stop is called, or the test ends.
func startServer(t *testing.T, flags ...string) served {
	t.Helper()
	return startServerAt(t, "127.0.0.1:0", t.TempDir(), flags...)
}

// startServerAt is startServer for another address and directory.
func startServerAt(t *testing.T, addr, dir string, flags ...string) served {
	t.Helper()
	s := served{dir: dir, log: new(lockedBuffer), out: new(lockedBuffer)}
	ctx, cancel := context.WithCancel(t.Context())
	stdout, w := io.Pipe()
	status := make(chan int, 1)
	args := slices.Concat([]string{"serve", "-addr", addr}, flags, []string{s.dir})
	go func() { status <- run(ctx, args, w, s.log) }()
	output := bufio.NewReader(stdout)
	line, err := output.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(s.out, output)
	_, url, _ := strings.Cut(line, " at ")
	s.url = strings.TrimSpace(url)
	s.stop = sync.OnceValue(func() int {
		cancel()
		defer w.Close()
		return <-status
	})
	t.Cleanup(func() {
		if status := s.stop(); status != 0 {
			t.Errorf("serve: status %d", status)
		}
	})
	return s
}

type lockedBuffer struct {
	mu sync.Mutex // guards following
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// partial reports whether a file that is not whole is in dir.
func partial(dir string) bool { return sizeOfPartial(dir) >= 0 }

// underWay reports whether a part of a file is in dir.
func underWay(dir string) bool { return sizeOfPartial(dir) > 0 }

// sizeOfPartial returns the size of the file in dir that is not whole, or -1 if there is none.
func sizeOfPartial(dir string) int64 {
	names, _ := filepath.Glob(filepath.Join(dir, draft.Prefix+"*"))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			return info.Size()
		}
	}
	return -1
}

// awaitLog waits until the server has logged text.
func (s served) awaitLog(t *testing.T, text string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the server says: %s", s.log)
		}
	})
	await(t, "the server has logged "+text, func() bool { return strings.Contains(s.log.String(), text) })
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for start := time.Now(); !so(); time.Sleep(time.Millisecond) {
		if time.Since(start) > hangs {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestBadUsageIsStatus2(t *testing.T) {
	tests := []struct {
		complaint string
		args      []string
	}{
		{"no command", nil},
		{`"fly" is not a command`, []string{"fly"}},
		{"put: 0 arguments instead of 2 FILE... URL", []string{"put"}},
		{"put: 1 arguments instead of 2", []string{"put", "a"}},
		{"get: 3 arguments instead of 2", []string{"get", "a", "b", "c"}},
		{"serve: 0 arguments instead of 1 DIR", []string{"serve"}},
		{"demo: 1 arguments instead of 0", []string{"demo", "a"}},
		{`"fly" is not a command`, []string{"help", "fly"}},
		{"-x", []string{"put", "-x", "a", "b"}},
		{"a number of bytes", []string{"demo", "-size", "big"}},
		{"-size", []string{"demo", "-size"}},
		{"-cert and -key go together", []string{"serve", "-cert", "a", "."}},
		{"-cert and -key go together", []string{"serve", "-key", "a", "."}},
		{"-cert", []string{"serve", "-cert", "", "-key", "", "."}},
		{"-token-file", []string{"serve", "-token-file", "", "."}},
		{"-token-file", []string{"put", "-token-file=", "a", "b"}},
		{"-addr", []string{"serve", "-addr", "", "."}},
		{"-max-connections is at least 1", []string{"serve", "-max-connections", "0", "."}},
		{"a number of bytes", []string{"serve", "-max-size", "-1", "."}},
		{"a host is a name", []string{"serve", "-host", "", "."}},
		{"a host is a name", []string{"serve", "-host", "http://example.com", "."}},
		{"a host is a name", []string{"serve", "-host", "bücher.example", "."}},
	}
	for _, tt := range tests {
		status, stdout, stderr := wscp(t.Context(), tt.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, tt.complaint) || !strings.Contains(stderr, "usage: wscp") {
			t.Errorf("wscp %q: status %d, output %q, complaint %q; want status 2 and %q", tt.args, status, stdout, stderr, tt.complaint)
		}
	}
}

func TestHelpIsNotAMistake(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"--help"}, {"help"}} {
		if status, stdout, stderr := wscp(t.Context(), args...); status != 0 || stdout != usage() || stderr != "" {
			t.Errorf("wscp %q: status %d, output %q, complaint %q", args, status, stdout, stderr)
		}
	}
	for _, c := range commands() {
		for _, args := range [][]string{{c.name, "-h"}, {"help", c.name}} {
			status, stdout, stderr := wscp(t.Context(), args...)
			if status != 0 || stdout != c.help() || stderr != "" {
				t.Errorf("wscp %q: status %d, output %q, complaint %q", args, status, stdout, stderr)
			}
		}
		for _, example := range c.examples {
			if !strings.Contains(c.help(), example) || !strings.Contains(example, "wscp "+c.name) {
				t.Errorf("%s: the example is %q", c.name, example)
			}
		}
	}
}

func TestTheManualHasAllCommandsAndFlags(t *testing.T) {
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	flags := 0
	for _, c := range commands() {
		if !strings.Contains(string(manual), "\n//\t"+c.usage()+"\n") {
			t.Errorf("%q is missing", c.usage())
		}
		newSettings().flags(c.name).VisitAll(func(f *flag.Flag) {
			if flags++; !strings.Contains(string(manual), "-"+f.Name+" ") {
				t.Errorf("-%s is missing", f.Name)
			}
		})
	}
	if flags == 0 {
		t.Error("no command has flags")
	}
}

package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var size = flag.Int64("size", 256<<20, "how many `bytes` the large file has")

// program is the program objects, which TestMain builds.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "objects")
	if err != nil {
		log.Fatal(err)
	}
	program = filepath.Join(dir, "objects.exe")
	said, err := exec.Command("go", "build", "-o", program, "github.com/litert/websocket/examples/objects").CombinedOutput()
	if err != nil {
		log.Fatalf("%v: %s", err, said)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		os.RemoveAll(dir)
		os.Exit(code)
	}))
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// startServer starts the program objects, which the test ends, and returns its URL.
func startServer(t *testing.T) (server *exec.Cmd, url string) {
	t.Helper()
	server = exec.Command(program, "-addr", "localhost:0", "-dir", t.TempDir())
	said, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	copied := make(chan struct{})
	t.Cleanup(func() {
		if server.Process.Signal(syscall.SIGTERM) != nil { // it has ended, or nothing tells a process to end here
			server.Process.Kill()
		}
		defer time.AfterFunc(time.Minute, func() { server.Process.Kill() }).Stop()
		<-copied
		server.Wait()
	})
	for url == "" && lines.Scan() {
		t.Log(lines.Text())
		if _, rest, ok := strings.Cut(lines.Text(), "ws://"); ok {
			url, _, _ = strings.Cut("ws://"+rest, "/put")
		}
	}
	go func() {
		defer close(copied)
		io.Copy(io.Discard, said)
	}()
	if url == "" {
		t.Fatal("the server has not started")
	}
	return server, url
}

// makeFile makes a file of random bytes.
func makeFile(t *testing.T, path string, size int64) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, io.LimitReader(rand.NewChaCha8([32]byte{1}), size)); err != nil {
		t.Fatal(err)
	}
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// mostMemory returns how many bytes a process has had in memory at most, where that is known.
func mostMemory(t *testing.T, pid int) (size int64, known bool) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0, false
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(rest, &size); err != nil {
		t.Fatal(err)
	}
	return size << 10, true
}

func TestALargeFileGoesThereAndBackInLittleMemoryAndGoesOnWhereItWasCut(t *testing.T) {
	const memory = 128 << 20
	process, server := startServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute+time.Duration(*size>>20)*time.Second/4)
	defer cancel()
	dir := t.TempDir()
	there, back := filepath.Join(dir, "there"), filepath.Join(dir, "back")
	makeFile(t, there, *size)
	want := sumOf(t, there)
	if said, err := put(ctx, server, there, "a/large file"); err != nil || said != fmt.Sprintf("%d bytes are stored", *size) {
		t.Fatalf("%q, %v", said, err)
	}

	cut, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- get(cut, server, "a/large file", back) }()
	for info, err := os.Stat(back + ".part"); err != nil || info.Size() < *size/8; info, err = os.Stat(back + ".part") {
		if ctx.Err() != nil {
			t.Fatal("nothing comes")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; err == nil {
		t.Log("the download was faster than its end")
	} else if err := get(ctx, server, "a/large file", back); err != nil {
		t.Fatal(err)
	}
	if got := sumOf(t, back); got != want {
		t.Errorf("the sum is %s; want %s", got, want)
	}
	if most, known := mostMemory(t, process.Process.Pid); known {
		t.Logf("the server has had %d MiB of memory at most", most>>20)
		if most > memory {
			t.Errorf("%d bytes are more than %d", most, memory)
		}
	}
}

func TestADownloadSendsNothingTwiceAndIsChecked(t *testing.T) {
	_, server := startServer(t)
	ctx, dir := testContext(t), t.TempDir()
	there, back := filepath.Join(dir, "there"), filepath.Join(dir, "back")
	makeFile(t, there, 1<<20)
	if err := run(ctx, server, []string{"put", there, "object"}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(there)
	if err != nil {
		t.Fatal(err)
	}
	for _, have := range []int{0, 1, 1 << 19, 1 << 20} {
		if err := os.WriteFile(back+".part", content[:have], 0o666); err != nil {
			t.Fatal(err)
		}
		if err := run(ctx, server, []string{"get", "object", back}); err != nil || sumOf(t, back) != sumOf(t, there) {
			t.Errorf("with %d bytes beforehand: %v", have, err)
		}
	}
	for _, other := range []string{"something else", strings.Repeat("longer than the object", 1<<16)} {
		if err := os.WriteFile(back+".part", []byte(other), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := run(ctx, server, []string{"get", "object", back}); !errors.Is(err, errReplaced) {
			t.Errorf("what was there was sent again, or not checked: %v", err)
		}
		if err := run(ctx, server, []string{"get", "object", back}); err != nil {
			t.Errorf("the next time: %v", err)
		}
	}
}

func TestAServerThatIsToEndDoesSoInOrder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing tells a process to end there")
	}
	server, _ := startServer(t)
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if state, err := server.Process.Wait(); err != nil || !state.Success() {
		t.Errorf("%v, %v", state, err)
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	_, server := startServer(t)
	ctx, dir := testContext(t), t.TempDir()
	for _, args := range [][]string{
		{}, {"put"}, {"put", filepath.Join(dir, "no file"), "object"}, {"get", "no object", filepath.Join(dir, "back")},
		{"get", "no object", filepath.Join(dir, "no directory", "back")},
	} {
		if err := run(ctx, server, args); err == nil {
			t.Errorf("%q: nothing is said", args)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}

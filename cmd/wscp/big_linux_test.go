package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/internal/filetest"
)

var gigabytes = flag.Bool("big", false, "run the test that moves 20 GiB, of which the disk needs 20 GiB, too")

const twentyGiB = 20 << 30

// peak returns how much memory a process that has ended has had, in KiB.
func peak(cmd *exec.Cmd) int64 { return int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) }

func TestTwentyGiBInConstantMemory(t *testing.T) {
	if !*gigabytes {
		t.Skip("without -big")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	name, near, far := buildCommand(t), t.TempDir(), t.TempDir()
	source := filepath.Join(near, "source")
	if err := os.Truncate(filetest.Write(t, "", source), twentyGiB); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(ctx, name, "serve", "-addr", "127.0.0.1:0", far)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	output := bufio.NewReader(stdout)
	line, err := output.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, output)
	_, url, _ := strings.Cut(strings.TrimSpace(line), " at ")

	begun := time.Now()
	put := startIn(t, ctx, name, "put", "-digest", source, url+"file")
	if err := put.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &put.stderr)
	}
	t.Logf("put: %v, %d KiB", time.Since(begun), peak(put.Cmd))
	if info, err := os.Stat(filepath.Join(far, "file")); err != nil || info.Size() != twentyGiB {
		t.Errorf("%v, %v", info, err)
	}

	begun = time.Now()
	var got zeros
	get := exec.CommandContext(ctx, name, "get", "-q", "-digest", url+"file", "-")
	var says strings.Builder
	get.Stdout, get.Stderr = &got, &says
	if err := get.Run(); err != nil || got.n != twentyGiB || got.odd {
		t.Errorf("%d bytes, %v: %s", got.n, err, &says)
	}
	t.Logf("get: %v, %d KiB", time.Since(begun), peak(get))
	sum, _, _ := strings.Cut(says.String(), " ")
	if len(sum) != 64 || !strings.Contains(put.stdout.String(), sum) {
		t.Errorf("put has the sum %s, and get %s", &put.stdout, sum)
	}

	server.Process.Signal(os.Interrupt)
	if err := server.Wait(); err != nil {
		t.Error(err)
	}
	for what, cmd := range map[string]*exec.Cmd{"put": put.Cmd, "get": get, "serve": server} {
		if kib := peak(cmd); kib >= 64<<10 {
			t.Errorf("%s: the peak is %d KiB", what, kib)
		}
	}
	t.Logf("serve: %d KiB", peak(server))
}

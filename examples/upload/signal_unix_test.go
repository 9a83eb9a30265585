//go:build unix

package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestASignalLeavesNothingOfAnUpload(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		program := exec.CommandContext(ctx, self, "-addr", "localhost:0", "-dir", dir)
		program.Env = append(os.Environ(), "UPLOAD_IS_THE_PROGRAM=1")
		stderr, err := program.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(stderr)
		said.Scan()
		_, at, ok := strings.Cut(said.Text(), "open ")
		if !ok {
			t.Fatalf("it says %q", said.Text())
		}
		conn := open(t, strings.TrimSuffix(at, "/"), "file")
		if _, err := conn.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		w, err := conn.NewWriter(ctx, opcode.Binary)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString("half of it"); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for files, err := os.ReadDir(dir); len(files) == 0; files, err = os.ReadDir(dir) {
			if err != nil || ctx.Err() != nil {
				t.Fatalf("nothing is stored: %v", err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := program.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Receive(ctx); stream.CloseCode(err) != closecode.GoingAway {
			t.Errorf("%v: the end is %v, want 1001", signal, err)
		}
		for said.Scan() {
		}
		if err := program.Wait(); err != nil {
			t.Errorf("%v: the program ends with %v", signal, err)
		}
		awaitFiles(t, dir, map[string]string{})
	}
}

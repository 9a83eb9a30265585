package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

// What a client tells that it has, the server keeps until all is sent.
func TestWhatIsToldOfFilesMayNotTakeMuchMemory(t *testing.T) {
	s := startServer(t)
	filetest.Write(t, "content", s.dir, "file")
	c := dialFor(t, s.url, transfer.GetProtocol)
	var list strings.Builder
	for i := 0; list.Len() < 5<<20; i++ {
		fmt.Fprintf(&list, `{"name": "%01000d", "offset": 1, "sha256": "%064x"}`, i, i+1)
	}
	told(`{"continue": true}`, list.String())(testContext(t), c) // the server may have refused it before all is sent
	_, err := c.Receive(testContext(t))
	if stream.CloseCode(err) != closecode.InternalError || !strings.Contains(err.Error(), "takes more than 4 MiB to be told") {
		t.Errorf("the server says %v", err)
	}
}

// What does not go into the text is not told, and sent again if the other end has it.
func TestADirectoryMayHaveMoreThanIsTold(t *testing.T) {
	s, dir := startServer(t), t.TempDir()
	one := filetest.Write(t, "x", s.dir, "one")
	parent := filetest.MakeDir(t, dir, filepath.Join(slices.Repeat([]string{strings.Repeat("d", 200)}, 4)...))
	for i := range 5000 { // names that make over 4 MiB
		if err := os.Link(one, filepath.Join(parent, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*hangs)
	defer cancel()
	if status, stdout, stderr := wscp(ctx, "get", "-continue", s.url, dir); status != 0 || !strings.Contains(stdout, " 1 files") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	filetest.Check(t, "x", dir, "one")
}

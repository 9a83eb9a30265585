package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

// What a client tells that it has, the server keeps until all is sent.
func TestWhatIsToldOfFilesMayNotTakeMuchMemory(t *testing.T) {
	s := startServer(t)
	writeFile(t, "content", s.dir, "file")
	c := dialFor(t, s.url, getProtocol)
	var list strings.Builder
	for i := 0; list.Len() < 5<<20; i++ {
		fmt.Fprintf(&list, `{"name": "%d", "offset": 1, "sha256": "%064x"}`, i, i+1)
	}
	told(`{"continue": true}`, list.String())(testContext(t), c) // the server may have refused it before all is sent
	_, err := c.Receive(testContext(t))
	if stream.CloseCode(err) != closecode.InternalError || !strings.Contains(err.Error(), "takes more than 4 MiB to be told") {
		t.Errorf("the server says %v", err)
	}
}

// What does not go into the text is sent.
func TestADirectoryMayHaveMoreThanIsTold(t *testing.T) {
	s, dir := startServer(t), makeDir(t, t.TempDir(), "many")
	const count = 5000 // with names that make over 4 MiB
	long := filepath.Join(slices.Repeat([]string{strings.Repeat("d", 200)}, 4)...)
	for _, parent := range []string{dir, filepath.Join(s.dir, "many")} {
		makeDir(t, parent, long)
		for i := range count {
			writeFile(t, "x", parent, long, fmt.Sprint(i))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*hangs)
	defer cancel()
	for _, args := range [][]string{{"put", "-continue", dir, s.url}, {"get", "-continue", s.url + "many/", dir}} {
		status, stdout, stderr := wscp(ctx, args...)
		if status != 0 || !strings.Contains(stdout, " files") {
			t.Errorf("%s: status %d, %q, %q", args[0], status, stdout, stderr)
		}
	}
}

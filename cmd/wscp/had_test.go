package main

import (
	"fmt"
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
	s := startServer(t)
	dir, back := makeDir(t, t.TempDir(), "many"), t.TempDir()
	const count = 14000 // with names that make over 4 MiB
	for i := range count {
		name := fmt.Sprintf("%0200d", i)
		writeFile(t, "x", dir, name)
		writeFile(t, "x", back, name)
	}
	mustRun(t, "put", dir, s.url)
	status, stdout, stderr := wscp(testContext(t), "put", "-continue", dir, s.url)
	if status != 0 || !strings.Contains(stderr, " files were there already") || strings.Contains(stderr, fmt.Sprint(count)) {
		t.Errorf("put: status %d, %q, %q", status, stdout, stderr)
	}
	mustRun(t, "get", "-continue", s.url+"many/", back)
	if n := len(list(t, back)); n != count {
		t.Errorf("there are %d files instead of %d", n, count)
	}
}

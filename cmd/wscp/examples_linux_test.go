package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/filetest"
)

// The first examples of serve, put and get belong together, for a client that knows the server by a name which the server does not
// know. In the test that is an address of the loopback interface, all of which only Linux has.
func TestTheExamplesWorkTogether(t *testing.T) {
	served, dir := t.TempDir(), t.TempDir()
	t.Chdir(dir)
	filetest.Write(t, "correct-horse", dir, "secret.txt")
	filetest.Write(t, "content", dir, "disk.img")
	example := func(command string, replaced ...string) []string {
		c, err := find(command)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(strings.NewReplacer(replaced...).Replace(strings.TrimPrefix(c.examples[0], "wscp ")))
	}
	args := example("serve", ":8443", "0.0.0.0:0")
	s := startServerAt(t, "127.0.0.1:0", served, args[1:len(args)-1]...)
	_, port, _ := strings.Cut(strings.TrimPrefix(s.url, "wss://"), ":")
	await(t, "the fingerprint is shown", func() bool { return strings.Contains(s.out.String(), "-fingerprint ") })
	_, fingerprint, _ := strings.Cut(strings.TrimSpace(s.out.String()), "-fingerprint ")
	for _, command := range []string{"put", "get"} {
		mustRun(t, example(command, "host:8443/", "127.0.0.2:"+port, "HEX", fingerprint)...)
		filetest.Check(t, "content", served, "disk.img")
		filetest.Check(t, "content", dir, "disk.img")
		os.Remove(filepath.Join(dir, "disk.img"))
	}
}

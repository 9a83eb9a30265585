//go:build unix && !aix && !solaris

package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/filetest"
)

// outage is how long the network takes nothing, before its connections are cut.
const outage = 10 * time.Second

// testOutage has the network fail in the middle of a put and a get that retry.
func testOutage(t *testing.T, name string) {
	ctx, cancel := context.WithTimeout(t.Context(), outage+2*hangs)
	defer cancel()
	dir, near := t.TempDir(), t.TempDir()
	content := filetest.Random(2 * inHalf)
	source, copied := filetest.Write(t, content, t.TempDir(), "source"), filepath.Join(near, "copied")
	filetest.Write(t, content, dir, "there")
	url, _ := startProcess(t, dir, name)
	there, back := startToll(t, served{url: url}, inHalf, false), startToll(t, served{url: url}, inHalf, false)
	put := startIn(t, ctx, name, "put", "-retry", "1m", source, there.url+"file")
	get := startIn(t, ctx, name, "get", "-retry", "1m", back.url+"there", copied)
	await(t, "half of both is there", func() bool { return sizeOfPartial(dir) >= inHalf/2 && sizeOfPartial(near) >= inHalf/2 })
	time.Sleep(outage)
	there.drop()
	back.drop()
	for _, client := range []*process{put, get} {
		if err := client.Wait(); err != nil || !strings.Contains(client.stderr.String(), "goes on at") {
			t.Errorf("%v: %s", err, &client.stderr)
		}
	}
	filetest.Check(t, content, dir, "file")
	filetest.Check(t, content, copied)
	filetest.CheckDir(t, dir, "file", "there")
	filetest.CheckDir(t, near, "copied")
}

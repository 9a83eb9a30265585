//go:build interop

package interop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const (
	interruptedSize = 32 << 20 // of a file
	interruptedAt   = 12 << 20 // what goes through the strait at first
)

// An interruption is an upload of which no more gets through.
type interruption struct {
	*strait
	server   *os.Process
	dir, url string
	path     string // of the file
	content  []byte
}

// interrupt has a page upload a file through a strait, until no more goes through, and the server has most of that.
func interrupt(t *testing.T, b browser) *interruption {
	t.Helper()
	i := &interruption{dir: tempDir(t)}
	var address string
	address, i.server = serveIn(t, i.dir)
	i.strait, address = newStrait(t, address, interruptedAt)
	i.path, i.content = newFile(t, "file", interruptedSize)
	i.url = "http://" + address + "/"
	b.open(t, i.url)
	b.choose(t, "chooser", i.path)
	waitFor(t, "a part of the file", func() (bool, string) {
		n := hidden(i.dir)
		return n > interruptedAt/2, fmt.Sprint(n)
	})
	return i
}

// hidden returns how much is in the folder of what is not whole.
func hidden(dir string) (n int64) {
	names, _ := filepath.Glob(filepath.Join(dir, ".wscp-*"))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

// checkResumed waits until the file is uploaded, and checks that little more than its rest has been sent after the interruption.
func (i *interruption) checkResumed(t *testing.T, b browser) {
	t.Helper()
	checkUploaded(t, b, i.dir, "file", i.content)
	if n := i.through(); n > interruptedSize+interruptedAt/2+1<<20 {
		t.Errorf("%d bytes went through for a file of %d", n, interruptedSize)
	}
}

// restore lets everything through.
func (i *interruption) restore() { i.open(1 << 40) }

// reload loads the page anew, once it cannot go on by itself.
func (i *interruption) reload(t *testing.T, b browser) {
	t.Helper()
	b.open(t, "about:blank")
	i.cut()
	i.restore()
	b.open(t, i.url)
}

func testPageReload(t *testing.T, b browser) {
	i := interrupt(t, b)
	i.reload(t, b)
	eventually(t, b, says("Nothing is in this folder."))
	b.choose(t, "chooser", i.path)
	i.checkResumed(t, b)
}

func testPageCut(t *testing.T, b browser) {
	i := interrupt(t, b)
	i.cut()
	i.restore()
	i.checkResumed(t, b)
}

func testPageServer(t *testing.T, b browser) {
	i := interrupt(t, b)
	i.server.Kill()
	eventually(t, b, says("Trying again in "))
	address, _ := serveIn(t, i.dir)
	i.lead(address)
	i.restore()
	i.checkResumed(t, b)
}

func testPageTokenAgain(t *testing.T, b browser) {
	i := interrupt(t, b)
	i.server.Kill()
	address, _ := serveIn(t, i.dir, "-token-file", newToken(t, "secret"))
	i.lead(address)
	i.restore()
	eventually(t, b, state("failed"))
	eventually(t, b, says("The server asks for its token again."))
}

func testPageCancel(t *testing.T, b browser) {
	i := interrupt(t, b)
	mustEval(t, b, press("Cancel"))
	eventually(t, b, state("failed"))
	i.cut()
	i.restore()
	mustEval(t, b, press("Try again"))
	i.checkResumed(t, b)
}

// What the server has of a file is thrown away for another one of its name.
func testPageOtherFile(t *testing.T, b browser) {
	i := interrupt(t, b)
	i.reload(t, b)
	other, content := newFile(t, "file", interruptedSize-1)
	b.choose(t, "chooser", other)
	checkUploaded(t, b, i.dir, "file", content)
	if n := hidden(i.dir); n > 0 {
		t.Errorf("%d bytes are left of the first file", n)
	}
}

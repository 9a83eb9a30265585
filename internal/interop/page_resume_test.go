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

// interrupt has a page upload a file through a strait, until no more goes through, and the server has most of that.
func interrupt(t *testing.T, b browser) (s *strait, dir, url, path string, content []byte) {
	t.Helper()
	dir, address := serveFolder(t)
	s, address = newStrait(t, address, interruptedAt)
	path, content = newFile(t, "file", interruptedSize)
	url = "http://" + address + "/"
	b.open(t, url)
	b.choose(t, "chooser", path)
	waitFor(t, "a part of the file", func() (bool, string) {
		n := hidden(dir)
		return n > interruptedAt/2, fmt.Sprint(n)
	})
	return s, dir, url, path, content
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

// checkResumed checks that little more than the rest of the file has been sent after the interruption.
func checkResumed(t *testing.T, s *strait) {
	t.Helper()
	if n := s.through(); n > interruptedSize+interruptedAt/2+1<<20 {
		t.Errorf("%d bytes went through for a file of %d", n, interruptedSize)
	}
}

// leave leaves the page, so that it does not go on by itself, and opens the strait.
func leave(t *testing.T, b browser, s *strait) {
	t.Helper()
	b.open(t, "about:blank")
	s.cut()
	s.open(1 << 40)
}

func testPageReload(t *testing.T, b browser) {
	s, dir, url, path, content := interrupt(t, b)
	leave(t, b, s)
	b.open(t, url)
	eventually(t, b, says("Nothing is in this folder."))
	b.choose(t, "chooser", path)
	checkUploaded(t, b, dir, "file", content)
	checkResumed(t, s)
}

func testPageCut(t *testing.T, b browser) {
	s, dir, _, _, content := interrupt(t, b)
	s.cut()
	s.open(1 << 40)
	checkUploaded(t, b, dir, "file", content)
	checkResumed(t, s)
}

// What the server has of a file is thrown away for another one of its name.
func testPageOtherFile(t *testing.T, b browser) {
	s, dir, url, _, _ := interrupt(t, b)
	leave(t, b, s)
	b.open(t, url)
	other, content := newFile(t, "file", interruptedSize-1)
	b.choose(t, "chooser", other)
	checkUploaded(t, b, dir, "file", content)
	if n := hidden(dir); n > 0 {
		t.Errorf("%d bytes are left of the first file", n)
	}
}

package stream_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/litert/websocket/stream"
)

// The check of UTF-8 reads nothing around the text: what does ends the process, as the text stands between two pages that
// cannot be read.
func TestTheCheckOfTextKeepsToItsBytes(t *testing.T) {
	page := os.Getpagesize()
	memory, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(memory)
	for _, guard := range [][]byte{memory[:page], memory[2*page:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	between := memory[page : 2*page : 2*page]
	copy(between, strings.Repeat("κόσμε 😀 ", page))
	for n := range 300 {
		for _, p := range [][]byte{between[:n], between[page-n:]} {
			stream.CheckText(nil, p, nil)
		}
	}
	if !stream.CheckText(between[:len("κόσμε")], nil, nil) {
		t.Error("what is right is refused")
	}
}

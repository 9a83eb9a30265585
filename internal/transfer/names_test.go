package transfer_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
)

func TestWhatAPathAsksFor(t *testing.T) {
	for path, want := range map[string]struct {
		name  string
		isDir bool
	}{
		"/": {".", true}, "/a": {"a", false}, "/a/": {"a", true}, "/a/b c": {"a/b c", false}, "/..file": {"..file", false}, "a": {"a", false},
	} {
		name, isDir, err := transfer.Asked(path)
		if filepath.ToSlash(name) != want.name || isDir != want.isDir || err != nil {
			t.Errorf("%q: %q, %v, %v", path, name, isDir, err)
		}
	}
	for _, path := range []string{"", "/.", "/..", "/../a", "/a/../b", "//a", "/a//b", "/./a", "/a\x00", "/a\n", "/\x1b[2J", "/\x7f", "/\u0085", "/.wscp-x", "/a/.WSCP-x/b", "/.w\u017fcp-x/"} {
		if name, _, err := transfer.Asked(path); !transfer.Final(err) || strings.ContainsAny(err.Error(), "\x00\n\x1b") {
			t.Errorf("%q: %q, %v", path, name, err)
		}
	}
}

func TestLinksThatStayInADirectory(t *testing.T) {
	for _, tt := range []struct {
		name, target string
		want         bool
	}{
		{"l", "a", true},
		{"l", "a/b", true},
		{"l", "./a", true},
		{"l", ".", true},
		{"a/l", "../b", true},
		{"a/b/l", "../../c", true},
		{"l", "..", false},
		{"l", "../a", false},
		{"a/l", "../../b", false},
		{"a/b/l", "../c/../..", false}, // c may be a link
		{"l", "a/..", false},
		{"l", "/a", false},
		{"l", ".wscp-x", false},
		{"a/l", "../.WSCP-x/y", false},
	} {
		if got := transfer.StaysWithin(filepath.FromSlash(tt.name), filepath.FromSlash(tt.target)); got != tt.want {
			t.Errorf("%s to %s: %v", tt.name, tt.target, got)
		}
	}
}

func TestADirectoryThatIsToldOftenTakesNoMemory(t *testing.T) {
	if kept, err := transfer.PlantDirectory(t.Context(), filetest.OpenRoot(t, t.TempDir()), "d", 3); kept != 1 || err != nil {
		t.Errorf("%d entries are kept of one directory, %v", kept, err)
	}
}

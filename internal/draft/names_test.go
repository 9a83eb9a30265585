package draft_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
)

func TestNamesThatAreHidden(t *testing.T) {
	for name, want := range map[string]bool{
		".wscp-": true, ".wscp-x": true, "a/.wscp-x/b": true, ".WSCP-x": true, ".w\u017fcp-x": true, draft.PartialName("a/b"): true,
		"": false, ".": false, "a": false, ".wscp": false, "a.wscp-x": false, "wscp-x": false,
	} {
		if got := draft.IsHidden(filepath.FromSlash(name)); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestLinksTakeThePlaceOfFilesAndLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it needs a privilege")
	}
	dir := t.TempDir()
	root := filetest.OpenRoot(t, dir)
	filetest.Write(t, "content", dir, "file")
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, target string
		keep, fails  bool
	}{
		{"new", "one", true, false},
		{"new", "two", false, false},
		{"new", "three", true, true},
		{"file", "two", true, true},
		{"file", "two", false, false},
		{"folder", "two", false, true},
		{"missing/link", "two", false, true},
	} {
		err := draft.Symlink(root, tt.name, tt.target, tt.keep)
		if _, refused := err.(*draft.Refusal); (err != nil) != tt.fails || refused != tt.fails {
			t.Errorf("%s to %s: %v", tt.name, tt.target, err)
		}
	}
	filetest.CheckDir(t, dir, "file", "folder", "new")
	for _, name := range []string{"file", "new"} {
		if got, err := root.Readlink(name); err != nil || got != "two" {
			t.Errorf("%s leads to %q, %v", name, got, err)
		}
	}
}

package draft_test

import (
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/osfile"
)

func TestWhatIsALeftover(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	name := draft.Prefix + strings.Repeat("A", 26)
	kept := []string{".wscp-", ".wscp-short", ".wscp-" + strings.Repeat("a", 26), ".wscp-" + strings.Repeat("1", 26), "wscp-" + strings.Repeat("A", 26), name + "A"}
	for _, other := range kept {
		filetest.Write(t, "", dir, other)
	}
	folder := strings.Replace(name, "A", "B", 1)
	if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
		t.Fatal(err)
	}
	link := strings.Replace(name, "A", "C", 1)
	if err := os.Symlink(filetest.Write(t, "", t.TempDir(), name), filepath.Join(dir, link)); err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, "", dir, name)
	if err := os.Chmod(filetest.Write(t, "", dir, folder, name), 0o400); err != nil { // in the place of one that cannot be written to
		t.Fatal(err)
	}

	locked := strings.Replace(name, "A", "D", 1)
	file, err := os.Create(filepath.Join(dir, locked))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := osfile.Lock(file); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	draft.RemoveLeftovers(t.Context(), filetest.OpenRoot(t, dir), log.New(&said, "", 0))
	want := append(kept, folder, link, locked)
	slices.Sort(want)
	filetest.CheckDir(t, dir, want...)
	filetest.CheckDir(t, filepath.Join(dir, folder))
	if strings.Count(said.String(), "was left behind, and is removed\n") != 2 {
		t.Errorf("the log is %q", &said)
	}
}

func TestWhatCanBeResumedIsKeptForADay(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"young": draft.PartialTime - time.Hour, "old": draft.PartialTime + time.Minute} {
		then := time.Now().Add(-age)
		if err := os.Chtimes(filetest.Write(t, "abc", dir, draft.PartialName(name)), then, then); err != nil {
			t.Fatal(err)
		}
	}
	var said strings.Builder
	draft.RemoveLeftovers(t.Context(), filetest.OpenRoot(t, dir), log.New(&said, "", 0))
	filetest.CheckDir(t, dir, draft.PartialName("young"))
	if strings.Count(said.String(), "was left behind, and is removed\n") != 1 {
		t.Errorf("the log is %q", &said)
	}
}

//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
)

// makeTree makes a directory with all that is kept of one.
func makeTree(t *testing.T) (dir string) {
	t.Helper()
	dir = filetest.MakeDir(t, t.TempDir(), "tree")
	filetest.MakeDir(t, dir, "empty")
	filetest.MakeDir(t, dir, "sub dir", "inner")
	for name, content := range map[string]string{
		"a": "a", "no bytes": "", "sub dir/ünï": filetest.Random(70000), "sub dir/inner/" + strings.Repeat("n", 200): "x", "sub dir/inner/tool": "#!",
	} {
		filetest.Write(t, content, dir, filepath.FromSlash(name))
	}
	for name, mode := range map[string]fs.FileMode{"a": 0o600, "sub dir/inner/tool": 0o751, "sub dir/inner": 0o555, "empty": 0o700} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "sub dir/inner"), 0o755) })
	for name, target := range map[string]string{"link": "sub dir/ünï", "sub dir/up": "../a", "nowhere": "missing"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "empty", "sub dir/inner", "sub dir"} {
		if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Unix(1e9, 5000)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents returns what is in a directory: modes, times and bytes, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := fmt.Sprint(info.Mode(), " ", info.ModTime().UTC())
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += " " + fmt.Sprint(len(content)) + string(content[:min(len(content), 100)])
		case info.Mode().Type() == fs.ModeSymlink:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			text = "link to " + target
		}
		rel, err := filepath.Rel(dir, name)
		found[rel] = text
		return err
	})
	if err != nil {
		t.Error(err)
	}
	t.Cleanup(func() {
		filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				os.Chmod(name, 0o755) // so that it can be removed
			}
			return nil
		})
	})
	return found
}

func checkSame(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(contents(t, want), contents(t, got)); diff != "" {
		t.Errorf("%s differs from %s:\n%s", got, want, diff)
	}
}

func TestDirectoriesKeepAll(t *testing.T) {
	s := startServer(t)
	dir := makeTree(t)
	if got := mustRun(t, "put", "-digest", dir, s.url); !strings.Contains(got, "5 files") || !strings.Contains(got, "  tree/a\n") {
		t.Errorf("put printed %q", got)
	}
	filetest.CheckDir(t, s.dir, "tree")
	checkSame(t, filepath.Join(s.dir, "tree"), dir)
	mustRun(t, "put", dir+"/", s.url+"deep/down/")
	checkSame(t, filepath.Join(s.dir, "deep", "down"), dir)
	back := filepath.Join(t.TempDir(), "new", "back")
	mustRun(t, "get", s.url+"tree/", back)
	checkSame(t, back, dir)
	whole := t.TempDir()
	mustRun(t, "get", s.url, whole)
	checkSame(t, filepath.Join(whole, "deep", "down"), dir)
}

func TestSeveralFilesGoToADirectory(t *testing.T) {
	s := startServer(t)
	dir := t.TempDir()
	a, b := filetest.Write(t, "a", dir, "a"), filetest.Write(t, "b", dir, "b?%2e#")
	filetest.MakeDir(t, s.dir, "to")
	mustRun(t, "put", a, b, makeTree(t), s.url+"to/")
	filetest.CheckDir(t, filepath.Join(s.dir, "to"), "a", filepath.Base(b), "tree")
	mustRun(t, "put", b, s.url)
	filetest.Check(t, "b", s.dir, filepath.Base(b))
	to := t.TempDir()
	mustRun(t, "get", s.url+"to/a", to)
	filetest.Check(t, "a", to, "a")
	if status, _, stderr := wscp(t.Context(), "put", a, b, s.url+"to"); status != 2 || !strings.Contains(stderr, "ends with a slash") {
		t.Errorf("status %d, %q", status, stderr)
	}
	mustFail(t, "missing", "put", a, filepath.Join(dir, "missing"), s.url+"to/")
	root := strings.TrimSuffix(s.url, "/")
	mustRun(t, "put", a, root)
	filetest.Check(t, "a", s.dir, "a")
	mustRun(t, "get", root, filepath.Join(to, "root"))
	filetest.Check(t, "a", to, "root", "a")
	for complaint, args := range map[string][]string{
		"gets its name from the URL": {"put", "-", s.url}, "does not go to a pipe": {"get", s.url, "-"},
		`several would be "a"`: {"put", a, b, filepath.Join(makeTree(t), "a"), s.url},
	} {
		if status, _, stderr := wscp(t.Context(), args...); status != 2 || !strings.Contains(stderr, complaint) {
			t.Errorf("%q: status %d, %q", args, status, stderr)
		}
	}
	mustFail(t, "the other side says", "get", s.url+"missing/", filepath.Join(to, "x"))
	mustFail(t, "the other side says", "get", s.url+"to/a/", filepath.Join(to, "x"))
}

func TestWhatIsThereIsNotSentAgain(t *testing.T) {
	s := startServer(t)
	dir, back := makeTree(t), t.TempDir()
	mustRun(t, "put", dir, s.url)
	mustRun(t, "get", s.url+"tree/", back)
	filetest.Write(t, "b", dir, "a") // as long as it was
	filetest.Write(t, "new", dir, "new")
	for _, args := range [][]string{{"put", "-continue", dir, s.url}, {"get", "-continue", s.url + "tree/", back}} {
		status, stdout, stderr := wscp(testContext(t), args...)
		if status != 0 || !strings.Contains(stdout, "3 files") || args[0] == "put" && !strings.Contains(stderr, "3 files were there already") {
			t.Errorf("%q: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
	checkSame(t, filepath.Join(s.dir, "tree"), dir)
	checkSame(t, back, dir)
}

// hostileEntries are those of which nothing must be written.
func hostileEntries() (texts []string) {
	for _, name := range []string{"../x", "/x", "a/../../x", "..", ".", "a//x", "./x", "a\nb", "\x1b", ".wscp-x", "a/.WSCP-x/y", "out/x", "a\x00b", strings.Repeat("n", 300)} {
		text, _ := json.Marshal(message{Name: name, Mode: 0o644, Length: new(int64(3))})
		texts = append(texts, string(text))
	}
	for name, target := range map[string]string{
		"x": "../x", "y": "/etc/passwd", "a/z": "../../x", "../l": "a",
		"up":     "a/up/..", // a/up leads to the directory itself
		"a/up/l": "../x",
		"hidden": ".wscp-part-x", "a/hidden": "../.WSCP-x/y",
	} {
		text, _ := json.Marshal(message{Name: name, Target: target})
		texts = append(texts, string(text))
	}
	for _, name := range []string{"../d", "out/d", ".wscp-d", "/d"} {
		text, _ := json.Marshal(message{Name: name, Mode: 0o755, Directory: true})
		texts = append(texts, string(text))
	}
	return append(texts, `{}`, `{"name": "x"}`, `{"name": "x", "length": -1}`)
}

func TestNamesThatEscapeAreRefused(t *testing.T) {
	outside, s, to := t.TempDir(), startServer(t), t.TempDir()
	for _, dir := range []string{s.dir, to} {
		filetest.MakeDir(t, dir, "a")
		for name, target := range map[string]string{"out": outside, "a/up": ".."} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, text := range hostileEntries() {
		c := dialFor(t, s.url, transfer.PutProtocol)
		told(`{}`, text, abc, sumOf(abc), `{"end": true}`)(testContext(t), c)
		if _, err := hear(testContext(t), c); err == nil {
			t.Errorf("%s is taken", text)
		}
		url := script(t, transfer.GetProtocol, func(ctx context.Context, c conn) error {
			if _, err := hear(ctx, c); err != nil {
				return err
			}
			told(text, abc, sumOf(abc), `{"end": true}`)(ctx, c)
			_, err := c.Receive(ctx)
			return err
		})
		mustFail(t, "", "get", strings.TrimSuffix(url, "file"), to)
		await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
		for _, dir := range []string{s.dir, to} {
			filetest.CheckDir(t, dir, "a", "out")
			filetest.CheckDir(t, filepath.Join(dir, "a"), "up")
		}
	}
	filetest.CheckDir(t, outside)
}

func TestWhatIsNotSentIsSaid(t *testing.T) {
	s := startServer(t)
	dir := t.TempDir()
	filetest.Write(t, "a", dir, "a")
	filetest.Write(t, "hidden", dir, draft.Prefix+"x")
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := wscp(testContext(t), "put", dir+"/", s.url)
	if status != 0 || stderr != "wscp: \"out\": a link that may lead out of the directory is not sent\n" {
		t.Errorf("status %d, %q", status, stderr)
	}
	filetest.CheckDir(t, s.dir, "a")
	if err := os.Remove(filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, "odd", dir, "a\nb")
	mustFail(t, "not a name below the directory", "put", dir+"/", s.url)
}

func TestTheRulesHoldForDirectories(t *testing.T) {
	dir := t.TempDir()
	filetest.Write(t, "abcd", dir, "a")
	small := startServer(t, "-max-size", "3", "-no-overwrite")
	mustFail(t, "4 B is more than the 3 B", "put", dir+"/", small.url)
	filetest.Write(t, "abc", dir, "a")
	mustRun(t, "put", dir+"/", small.url)
	mustFail(t, "file already exists", "put", dir+"/", small.url)
	mustFail(t, "can only be read here", "put", dir+"/", startServer(t, "-readonly").url)
}

func TestADirectoryThatIsInterruptedHasWholeFiles(t *testing.T) {
	s := startServer(t)
	dir := t.TempDir()
	filetest.Write(t, "a", dir, "a")
	sparseFile(t, dir, "b")
	interrupted(t, func() bool { return underWay(s.dir) }, "put", dir+"/", s.url)
	await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
	filetest.CheckDir(t, s.dir, "a")
	filetest.Check(t, "a", s.dir, "a")
}

func TestOthersCannotReadAFileBeforeItIsWhole(t *testing.T) {
	s := startServer(t)
	c := dialFor(t, s.url, transfer.PutProtocol)
	if err := told(`{}`, `{"name": "secret", "mode": 384, "length": 6}`, abc)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	await(t, "a part is there", func() bool { return partial(s.dir) })
	info, err := os.Stat(filepath.Join(s.dir, filetest.List(t, s.dir)[0]))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestNamesThatAreNoUTF8AreRefused(t *testing.T) {
	s := startServer(t)
	for _, name := range []string{"a\xe8", "a\xe9"} { // JSON has one name for both
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("content"), 0o644); err != nil {
			t.Skip(err) // not every file system has such names
		}
		mustFail(t, `"a\x`, "put", dir+"/", s.url)
		filetest.CheckDir(t, s.dir)
	}
	dir := t.TempDir()
	if err := os.Symlink("a\xe8", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	mustFail(t, "link", "put", dir+"/", s.url)
	filetest.CheckDir(t, s.dir)
}

func TestANameThatIsTooLongIsTold(t *testing.T) {
	s := startServer(t)
	dir := t.TempDir()
	deep := filetest.MakeDir(t, dir, filepath.Join(slices.Repeat([]string{strings.Repeat("d", 200)}, 5)...))
	filetest.Write(t, "content", deep, "file")
	mustFail(t, `"ddd`, "put", "-retry", "1h", dir+"/", s.url)
}

func TestDirectoriesThatAreNotReplacedKeepTheirModes(t *testing.T) {
	s := startServer(t, "-no-overwrite")
	filetest.MakeDir(t, s.dir, "old")
	before := contents(t, s.dir)
	c := dialFor(t, s.url, transfer.PutProtocol)
	if err := told(`{}`, `{"name": "old", "mode": 1, "directory": true}`, `{"end": true}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, contents(t, s.dir)); diff != "" {
		t.Error(diff)
	}

	c = dialFor(t, s.url, transfer.PutProtocol)
	if err := told(`{}`, `{"name": "new", "mode": 488, "directory": true}`, `{}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(testContext(t), c); err == nil {
		t.Error("a transfer that fails has a receipt")
	}
	if info, err := os.Stat(filepath.Join(s.dir, "new")); err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestDirectoriesOfATransferThatFailsHaveTheirModes(t *testing.T) {
	s := startServer(t)
	c := dialFor(t, s.url, transfer.PutProtocol)
	if err := told(`{}`, `{"name": "outer", "mode": 493, "directory": true}`, `{"name": "outer/inner", "mode": 320, "directory": true}`, `{}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(testContext(t), c); err == nil {
		t.Error("a transfer that fails has a receipt")
	}
	for name, want := range map[string]fs.FileMode{"outer": 0o755, "outer/inner": 0o500} {
		if info, err := os.Stat(filepath.Join(s.dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

func TestAFileThatNobodyMayReadStaysSo(t *testing.T) {
	s := startServer(t)
	c := dialFor(t, s.url, transfer.PutProtocol)
	if err := told(`{}`, `{"name": "secret", "length": 3}`, abc, sumOf(abc), `{"end": true}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(s.dir, "secret")); err != nil || info.Mode() != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestTheNameOfAFileDoesNotActOnTheTerminal(t *testing.T) {
	s := startServer(t)
	source := filetest.Write(t, "content", t.TempDir(), "a\nb\x1b[2Jc")
	if got := mustRun(t, "put", "-q", "-digest", source, s.url+"file"); !strings.HasSuffix(got, "/a?b?[2Jc\n") {
		t.Errorf("put printed %q", got)
	}
}

func TestTheDirectoryOfASingleFileIsMade(t *testing.T) {
	s := startServer(t)
	source := filetest.Write(t, "content", t.TempDir(), "source")
	mustRun(t, "put", source, s.url+"new/")
	mustRun(t, "put", "-continue", source, s.url+"deep/down/")
	filetest.Check(t, "content", s.dir, "new", "source")
	filetest.Check(t, "content", s.dir, "deep", "down", "source")
	mustFail(t, "the other side says", "put", source, s.url+"missing/file")
	mustFail(t, "are for files that are not whole", "put", source, s.url+".wscp-x/")
	mustFail(t, "can only be read here", "put", source, startServer(t, "-readonly").url+"new/")
	filetest.CheckDir(t, s.dir, "deep", "new")
}

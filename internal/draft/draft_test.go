package draft_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/osfile"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func needLocks(t *testing.T) {
	if !osfile.Locks {
		t.Skip("the system has no locks")
	}
}

// filled returns a function that fills a draft with content, and returns err.
func filled(content string, err error) func(*draft.Draft) error {
	return func(d *draft.Draft) error {
		_, writeErr := io.WriteString(d, content)
		return errors.Join(writeErr, err)
	}
}

func TestAFileHasItsNameOnceItIsWhole(t *testing.T) {
	for _, how := range []draft.How{{}, {Resume: true}, {Unsynced: true}, {Exact: true}} {
		dir := t.TempDir()
		root := filetest.OpenRoot(t, dir)
		filetest.Write(t, "old", dir, "file")
		then := time.Unix(1e9, 0)
		err := draft.Save(t.Context(), root, "file", how, func(d *draft.Draft) error {
			if _, err := io.WriteString(d, "new"); err != nil {
				return err
			}
			names := filetest.List(t, dir)
			if len(names) != 2 || !draft.IsHidden(names[0]) {
				t.Errorf("meanwhile there is %q", names)
			}
			filetest.Check(t, "old", dir, "file")
			d.Mode, d.MTime = 0o600, then
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		filetest.CheckDir(t, dir, "file")
		filetest.Check(t, "new", dir, "file")
		if info, err := os.Stat(filepath.Join(dir, "file")); err != nil || !info.ModTime().Equal(then) {
			t.Errorf("it has the time %v, %v", info.ModTime(), err)
		}
	}
}

func TestWhatFailsLeavesWhatWasThere(t *testing.T) {
	failed := errors.New("the source has failed")
	for _, how := range []draft.How{{}, {Unsynced: true}, {Exact: true}, {Resume: true}} {
		dir := t.TempDir()
		filetest.Write(t, "old", dir, "file")
		err := draft.Save(t.Context(), filetest.OpenRoot(t, dir), "file", how, filled("new", &draft.Spoiled{Err: failed}))
		if !errors.Is(err, failed) {
			t.Errorf("%+v: %v", how, err)
		}
		filetest.CheckDir(t, dir, "file")
		filetest.Check(t, "old", dir, "file")
	}
}

func TestWhatThereIsIsResumed(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	root, how, failed := filetest.OpenRoot(t, dir), draft.How{Resume: true}, errors.New("cut")
	if err := draft.Save(t.Context(), root, "file", how, filled("abc", failed)); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	filetest.CheckDir(t, dir, draft.PartialName("file"))
	if err := draft.Save(t.Context(), root, "file", draft.How{}, filled("other", nil)); err != nil {
		t.Fatal(err)
	}
	filetest.CheckDir(t, dir, draft.PartialName("file"), "file")
	err := draft.Save(t.Context(), root, "file", how, func(d *draft.Draft) error {
		if want := sha256.Sum256([]byte("abc")); d.Size() != 3 || string(d.Sum().Sum(nil)) != string(want[:]) {
			t.Errorf("there are %d bytes, or others", d.Size())
		}
		for _, at := range []int64{2, 4, -1} {
			if err := d.ResumeAt(at); err == nil {
				t.Errorf("it goes on at %d", at)
			}
		}
		return errors.Join(d.ResumeAt(3), filled("def", nil)(d))
	})
	if err != nil {
		t.Fatal(err)
	}
	filetest.CheckDir(t, dir, "file")
	filetest.Check(t, "abcdef", dir, "file")
}

func TestWhatThereIsIsDropped(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	filetest.Write(t, "abcdef", dir, draft.PartialName("file"))
	err := draft.Save(t.Context(), filetest.OpenRoot(t, dir), "file", draft.How{Resume: true}, func(d *draft.Draft) error {
		err := d.ResumeAt(0)
		if want := sha256.Sum256(nil); d.Size() != 0 || string(d.Sum().Sum(nil)) != string(want[:]) {
			t.Errorf("there are %d bytes, or others", d.Size())
		}
		return errors.Join(err, filled("x", nil)(d))
	})
	if err != nil {
		t.Fatal(err)
	}
	filetest.CheckDir(t, dir, "file")
	filetest.Check(t, "x", dir, "file")
}

func TestOneAtATimeResumes(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	root, how := filetest.OpenRoot(t, dir), draft.How{Resume: true}
	err := draft.Save(t.Context(), root, "file", how, func(d *draft.Draft) error {
		if err := draft.Save(t.Context(), root, "file", how, filled("second", nil)); err == nil || !strings.Contains(err.Error(), `"file": another`) {
			t.Errorf("the second one: %v", err)
		}
		if err := draft.Save(t.Context(), root, "file", draft.How{}, filled("alone", nil)); err != nil {
			t.Errorf("one that does not resume: %v", err)
		}
		return filled("first", nil)(d)
	})
	if err != nil {
		t.Fatal(err)
	}
	filetest.CheckDir(t, dir, "file")
	filetest.Check(t, "first", dir, "file")
}

func TestWhatIsKeptIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	root, how := filetest.OpenRoot(t, dir), draft.How{Keep: true, Resume: true}
	var refused *draft.Refusal
	var spoiled *draft.Spoiled
	err := draft.Save(t.Context(), root, "file", how, func(d *draft.Draft) error {
		filetest.Write(t, "first", dir, "file")
		return filled("second", nil)(d)
	})
	if !errors.As(err, &refused) || !errors.As(err, &spoiled) || !errors.Is(err, fs.ErrExist) {
		t.Errorf("where it has come meanwhile: %v", err)
	}
	err = draft.Save(t.Context(), root, "file", how, filled("third", nil))
	if !errors.As(err, &refused) || err.Error() != `"file": file already exists` {
		t.Errorf("where it was there: %v", err)
	}
	filetest.CheckDir(t, dir, "file")
	filetest.Check(t, "first", dir, "file")
}

func TestNamesThatNoFileCanHave(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, complaint := range map[string]string{"folder": "not a regular file", "missing/file": `"missing/file": `, "../file": `"../file": `} {
		err := draft.Save(t.Context(), filetest.OpenRoot(t, dir), name, draft.How{}, filled("x", nil))
		var refused *draft.Refusal
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	filetest.CheckDir(t, dir, "folder")
}

func TestALinkIsNotResumed(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	filetest.Write(t, "content", dir, "other")
	if err := os.Symlink("other", filepath.Join(dir, draft.PartialName("file"))); err != nil {
		t.Fatal(err)
	}
	err := draft.Save(t.Context(), filetest.OpenRoot(t, dir), "file", draft.How{Resume: true}, filled("x", nil))
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
	filetest.Check(t, "content", dir, "other")
}

func TestReadingWhatThereIsIsInterrupted(t *testing.T) {
	needLocks(t)
	dir := t.TempDir()
	filetest.Write(t, "abc", dir, draft.PartialName("file"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := draft.Save(ctx, filetest.OpenRoot(t, dir), "file", draft.How{Resume: true}, filled("x", nil))
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	filetest.CheckDir(t, dir, draft.PartialName("file"))
}

package osfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/litert/websocket/internal/osfile"
)

func TestALockEndsWhenItsFileIsClosed(t *testing.T) {
	if !osfile.Locks {
		t.Skip("the system has no locks")
	}
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	open := func() *os.File {
		t.Helper()
		file, err := root.OpenFile("file", os.O_RDWR|os.O_CREATE|osfile.NotWaiting|osfile.LargeFile, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	first, second := open(), open()
	if err := osfile.Lock(first); err != nil {
		t.Fatal(err)
	}
	if err := osfile.Lock(second); !errors.Is(err, osfile.ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	first.Close()
	if err := osfile.Lock(second); err != nil {
		t.Errorf("a lock behind that: %v", err)
	}
	if err := osfile.Lock(first); err == nil || errors.Is(err, osfile.ErrLocked) {
		t.Errorf("a lock of a file that is closed: %v", err)
	}
}

func TestWritebackLeavesAFileAsItIs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("content"); err != nil {
		t.Fatal(err)
	}
	osfile.BeginWriteback(file)
	if got, err := os.ReadFile(name); err != nil || string(got) != "content" {
		t.Errorf("%q, %v", got, err)
	}
	file.Close()
	osfile.BeginWriteback(file) // does nothing
}

func TestErrorsHaveTheNameThatTheUserKnows(t *testing.T) {
	dir := t.TempDir()
	_, open := os.Open(filepath.Join(dir, "missing"))
	rename := os.Rename(filepath.Join(dir, "missing"), filepath.Join(dir, "other"))
	for _, err := range []error{open, rename} {
		if got := osfile.About("known", err); got.Error() != `"known": `+errors.Unwrap(err).Error() || !errors.Is(got, fs.ErrNotExist) {
			t.Errorf("%v becomes %v", err, got)
		}
	}
	if got := osfile.About("known", io.ErrUnexpectedEOF); got != io.ErrUnexpectedEOF {
		t.Errorf("another error becomes %v", got)
	}
	if got := osfile.About("known", nil); got != nil {
		t.Errorf("none becomes %v", got)
	}
}

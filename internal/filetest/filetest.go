// Package filetest makes files for tests, and checks what has become of them. The parts of a path are joined.
package filetest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// Random returns n bytes that are always the same.
func Random(n int) string {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return string(b)
}

// Write writes a file, and makes the directories that it is in.
func Write(t testing.TB, content string, path ...string) (name string) {
	t.Helper()
	name = filepath.Join(path...)
	MakeDir(t, filepath.Dir(name))
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// MakeDir makes a directory, and those that it is in.
func MakeDir(t testing.TB, path ...string) (name string) {
	t.Helper()
	name = filepath.Join(path...)
	if err := os.MkdirAll(name, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// OpenRoot opens a directory until the test ends.
func OpenRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// Flip changes a byte of a file, which has that time from then on.
func Flip(name string, at int64, mtime time.Time) error {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	var b [1]byte
	if _, err := file.ReadAt(b[:], at); err != nil {
		return err
	}
	if _, err := file.WriteAt([]byte{b[0] ^ 1}, at); err != nil {
		return err
	}
	return os.Chtimes(name, time.Time{}, mtime)
}

// Check checks what is in a file.
func Check(t testing.TB, want string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s has %d bytes, %.50q, want %d, %.50q, %v", name, len(got), got, len(want), want, err)
	}
}

// CheckDir checks what is in a directory, by name, in alphabetical order.
func CheckDir(t testing.TB, dir string, want ...string) {
	t.Helper()
	if got := List(t, dir); !slices.Equal(got, want) {
		t.Errorf("%s contains %q, want %q", dir, got, want)
	}
}

// List returns the names of what is in a directory.
func List(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Error(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

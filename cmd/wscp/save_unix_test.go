//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/litert/websocket/internal/filetest"
)

func TestModes(t *testing.T) {
	tests := []struct {
		source, old, want fs.FileMode // old: 0 if there is no such file
	}{
		{0o600, 0, 0o640},
		{0o666, 0, 0o640},
		{0o700, 0, 0o750},
		{0o655, 0, 0o640},
		{0o644, 0o600, 0o600},
		{0o600, 0o666, 0o666},
		{0o755, 0o644, 0o644},
		{0o644, 0o755, 0o755},
		{0o644, 0o400, 0o400},
		{0o644, fs.ModeSetuid | 0o755, 0o755},
	}
	dir := t.TempDir()
	s := startServer(t)
	defer syscall.Umask(syscall.Umask(0o027))
	set := func(name string, mode fs.FileMode) {
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if mode == 0 {
			return
		}
		if err := os.Chmod(filetest.Write(t, "old", name), mode); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name string, want fs.FileMode) {
		t.Helper()
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("the mode is %v, %v; want %v", info.Mode(), err, want)
		}
	}
	source, put, got := filepath.Join(dir, "source"), filepath.Join(s.dir, "file"), filepath.Join(dir, "copied")
	for _, tt := range tests {
		set(source, tt.source)
		set(put, tt.old)
		mustRun(t, "put", source, s.url+"file")
		check(put, tt.want)

		set(put, tt.source)
		set(got, tt.old)
		mustRun(t, "get", s.url+"file", got)
		check(got, tt.want)
	}
}

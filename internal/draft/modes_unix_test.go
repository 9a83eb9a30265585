//go:build unix

package draft_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
)

func TestTheModeOfAFile(t *testing.T) {
	tests := []struct {
		name             string
		exact            bool
		mode, old, want  fs.FileMode // old: 0 if there is no such file
		whileItIsWritten fs.FileMode
	}{
		{"as the umask has it", false, 0o600, 0, 0o640, 0o640},
		{"executable", false, 0o700, 0, 0o750, 0o640},
		{"executable by others alone", false, 0o655, 0, 0o640, 0o640},
		{"that of the file before", false, 0o755, 0o604, 0o604, 0o600},
		{"exact", true, 0o604, 0, 0o604, 0o600},
		{"exact, in the place of another", true, 0o604, 0o666, 0o604, 0o600},
		{"permissions alone", true, fs.ModeSetuid | 0o755, 0, 0o755, 0o600},
	}
	defer syscall.Umask(syscall.Umask(0o027))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "file")
			if tt.old != 0 {
				if err := os.Chmod(filetest.Write(t, "old", file), tt.old); err != nil {
					t.Fatal(err)
				}
			}
			root := filetest.OpenRoot(t, dir)
			err := draft.Save(t.Context(), root, "file", draft.How{Exact: tt.exact}, func(d *draft.Draft) error {
				info, err := os.Stat(filepath.Join(dir, filetest.List(t, dir)[0]))
				if err != nil || info.Mode() != tt.whileItIsWritten {
					t.Errorf("while it is written, the mode is %v, %v; want %v", info.Mode(), err, tt.whileItIsWritten)
				}
				d.Mode = tt.mode
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode() != tt.want {
				t.Errorf("the mode is %v, %v; want %v", info.Mode(), err, tt.want)
			}
		})
	}
}

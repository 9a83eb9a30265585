package main

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
)

// setTemp sets the directory for temporary files to a new one.
func setTemp(t *testing.T) (dir string) {
	dir = t.TempDir()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, dir)
	}
	return dir
}

var demoOutput = regexp.MustCompile(`^put +\S+ [KMG]?i?B +\d+\.\d\d s +\S+ [KMG]?i?B/s
get +\S+ [KMG]?i?B +\d+\.\d\d s +\S+ [KMG]?i?B/s
put - +\S+ [KMG]?i?B +\d+\.\d\d s +\S+ [KMG]?i?B/s
put -continue +\S+ [KMG]?i?B +\d+\.\d\d s +\S+ [KMG]?i?B/s(  from \S+ [KMG]?i?B on)?
The SHA-256 sums of both ends agree each time.
$`)

func TestDemoMatchesAndCleansUp(t *testing.T) {
	dir := setTemp(t)
	for _, size := range []string{"0", "1", "3MiB"} {
		if stdout := mustRun(t, "demo", "-size", size); !demoOutput.MatchString(stdout) {
			t.Errorf("size %s: the output is %q", size, stdout)
		}
		filetest.CheckDir(t, dir)
	}
}

func TestInterruptedDemoCleansUp(t *testing.T) {
	dir := setTemp(t)
	for _, pattern := range []string{"*/original", "*/served/" + draft.Prefix + "*"} {
		interrupted(t, func() bool {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			return err == nil && found != nil
		}, "demo", "-size", "300MiB")
		filetest.CheckDir(t, dir)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, _, stderr := wscp(ctx, "demo"); status != 1 || stderr != "wscp demo: interrupted\n" {
		t.Errorf("status %d, complaint %q", status, stderr)
	}
	filetest.CheckDir(t, dir)
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEveryWayCopies(t *testing.T) {
	t.Chdir("..")
	dir := t.TempDir()
	var out, progress strings.Builder
	if err := run(t.Context(), settings{rounds: 1, files: 5, size: 1<<20 + 1, dir: dir}, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	for _, w := range allWays {
		if w.missing() != "" {
			if !strings.Contains(progress.String(), w.name+": left out") {
				t.Errorf("it does not tell that %s is left out:\n%s", w.name, &progress)
			}
			continue
		}
		for _, j := range jobs {
			row := "| " + j.name() + " | " + w.name + " |"
			if w.does(j) != strings.Contains(out.String(), row) {
				t.Errorf("%q stands in the table, or does not, unlike what is measured:\n%s", row, &out)
			}
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it has left %v, %v", left, err)
	}
}

func TestACopyThatIsAnotherIsFound(t *testing.T) {
	for name, change := range map[string]func(copied string) error{
		"a file that is missing": func(copied string) error { return os.Remove(filepath.Join(copied, "a")) },
		"a file too many":        func(copied string) error { return os.WriteFile(filepath.Join(copied, "c"), nil, 0o600) },
		"another byte":           func(copied string) error { return os.WriteFile(filepath.Join(copied, "a"), []byte("y"), 0o600) },
		"a byte too many":        func(copied string) error { return os.WriteFile(filepath.Join(copied, "a"), []byte("xx"), 0o600) },
		"a byte too few":         func(copied string) error { return os.WriteFile(filepath.Join(copied, "a"), nil, 0o600) },
	} {
		from, to := t.TempDir(), t.TempDir()
		for _, dir := range []string{from, to} {
			for _, file := range []string{"a", "b"} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := compare(from, to); err != nil {
			t.Errorf("the same: %v", err)
		}
		if err := change(to); err != nil {
			t.Fatal(err)
		}
		if compare(from, to) == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestTheMedianIsInTheMiddle(t *testing.T) {
	if got := median([]cost{{time: 3}, {time: 1}, {time: 2}}, func(c cost) time.Duration { return c.time }); got != 2 {
		t.Errorf("of 3, 1 and 2, it is %d", got)
	}
}

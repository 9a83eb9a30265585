// Mutants puts faults into the library, one at a time, and tells which of them its tests do not find: those survive. The files stay
// as they are: the compiler gets others in their place.
//
//	go run ./internal/mutants [-only regexp] [-list]
//
// A fault is a piece of a file, and what it becomes. Those that change nothing but the speed are none. The tests are run without
// any first: where they fail then, nothing is tried. The status is 1 if one has survived.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A mutant is a fault.
type mutant struct {
	file string // below the root of the module
	piece
}

// A piece of a file is there once, and becomes another one.
type piece struct{ old, new string }

// of returns the mutants of a file.
func of(file string, pieces ...piece) []mutant {
	all := make([]mutant, len(pieces))
	for i, p := range pieces {
		all[i] = mutant{file, p}
	}
	return all
}

// all returns the mutants of all parts.
func all() []mutant { return slices.Concat(ofFrame, ofReceiver, ofWire, ofOutgoing) }

// pkg returns the package of the file, as go test takes it.
func (m mutant) pkg() string { return "./" + path.Dir(m.file) }

func (m mutant) String() string {
	return fmt.Sprintf("%s: %s → %s", m.file, oneLine(m.old), oneLine(m.new))
}

// oneLine returns the text with its spaces and line ends as single spaces.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func main() {
	only := flag.String("only", "", "take those alone whose line in the list matches this regular `expression`")
	list := flag.Bool("list", false, "print them, and do nothing")
	flag.Parse()
	name, err := regexp.Compile(*only)
	if err == nil {
		chosen := slices.DeleteFunc(all(), func(m mutant) bool { return !name.MatchString(m.String()) })
		if *list {
			for _, m := range chosen {
				fmt.Println(m)
			}
			return
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = try(ctx, chosen, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// try tries the mutants, and writes what becomes of each. That one survives is an error.
func try(ctx context.Context, chosen []mutant, out io.Writer) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if err := passWithout(ctx, root, chosen); err != nil {
		return err
	}
	found := 0
	var wrong []error // of mutants that are none
	for _, m := range chosen {
		begun := time.Now()
		fate, by, err := m.try(ctx, root)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%v: %w", m, err))
			continue
		}
		fmt.Fprintf(out, "%-9s %4.0fs  %v  %s\n", fate, time.Since(begun).Seconds(), m, by)
		if fate != survived {
			found++
		}
	}
	fmt.Fprintf(out, "%d of %d were found\n", found, len(chosen))
	if found+len(wrong) < len(chosen) {
		wrong = append(wrong, errors.New("some have survived"))
	}
	return errors.Join(wrong...)
}

// passWithout runs the tests of the mutants' packages without any, which have to pass: others would find every mutant.
func passWithout(ctx context.Context, root string, chosen []mutant) error {
	ran := make(map[string]bool)
	for _, m := range chosen {
		if ran[m.pkg()] {
			continue
		}
		ran[m.pkg()] = true
		if out, err := runTests(ctx, root, m.pkg()); err != nil {
			return cmp.Or(ctx.Err(), fmt.Errorf("the tests of %s fail without a mutant:\n%s", m.pkg(), out))
		}
	}
	return nil
}

// runTests runs the tests of a package, with more arguments for go test.
func runTests(ctx context.Context, root, pkg string, args ...string) (out []byte, err error) {
	args = append([]string{"test", "-vet", "off", "-count", "1", "-short", "-failfast", "-timeout", "10m"}, append(args, pkg)...)
	test := exec.CommandContext(ctx, "go", args...)
	test.Dir = root
	return test.CombinedOutput()
}

// moduleRoot returns the directory of the module that the program is run in.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}

// A fate is what becomes of a mutant.
type fate string

const (
	survived fate = "survived"
	failed   fate = "found"
	hung     fate = "hung" // which is found, too
)

// apply returns the text of the file with the fault.
func (m mutant) apply(text string) (string, error) {
	if n := strings.Count(text, m.old); n != 1 {
		return "", fmt.Errorf("the piece is there %d times", n)
	}
	return strings.Replace(text, m.old, m.new, 1), nil
}

// haveRun finds what go test says of tests that were run, and have failed: how long they took.
var haveRun = regexp.MustCompile(`(?m)^FAIL\t\S+\t[\d.]+s`)

// failedTest finds the name of a test that has failed.
var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// try runs the tests of the file's package with the mutant, which compiles. by is the first test that has failed, if one has.
func (m mutant) try(ctx context.Context, root string) (f fate, by string, err error) {
	name := filepath.Join(root, filepath.FromSlash(m.file))
	text, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	changed, err := m.apply(string(text))
	if err != nil {
		return "", "", err
	}
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	other, overlay := filepath.Join(dir, "file.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {name: other}})
	if err != nil {
		return "", "", err
	}
	if err := errors.Join(os.WriteFile(other, []byte(changed), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return "", "", err
	}
	out, err := runTests(ctx, root, m.pkg(), "-overlay", overlay)
	switch {
	case err == nil:
		return survived, "", nil
	case !haveRun.Match(out):
		return "", "", fmt.Errorf("its tests cannot be run:\n%s", out)
	case strings.Contains(string(out), "panic: test timed out"):
		return hung, "", nil
	}
	if test := failedTest.FindSubmatch(out); test != nil {
		by = string(test[1])
	}
	return failed, by, nil
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// module is the path of this library.
const module = "github.com/litert/websocket"

// A baseline is this library as it was at a commit, in a program that is otherwise this one.
type baseline struct {
	repository string // that this folder is in
	commit     string // its short name
	dir        string // of all that was made
	program    string // that does the jobs
}

// newBaseline checks commit out below dir, and builds this program, as it stands, with the library of that commit.
func newBaseline(commit, dir string) (b *baseline, err error) {
	b = new(baseline)
	if b.repository, err = output("git", "rev-parse", "--show-toplevel"); err != nil {
		return nil, err
	}
	if b.commit, err = output("git", "rev-parse", "--short", "--verify", "--end-of-options", commit+"^{commit}"); err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(cmp.Or(dir, os.TempDir())); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp(dir, "baseline"); err != nil {
		return nil, err
	}
	if _, err = output("git", "worktree", "add", "--quiet", "--detach", b.tree(), b.commit); err == nil {
		b.program, err = build(b.tree(), b.dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the baseline %s: %w", b.commit, err), b.remove())
	}
	return b, nil
}

// tree is where the commit is checked out.
func (b *baseline) tree() string { return filepath.Join(b.dir, "tree") }

// remove removes all that was made.
func (b *baseline) remove() error {
	var err error
	if _, serr := os.Stat(b.tree()); serr == nil {
		_, err = output("git", "-C", b.repository, "worktree", "remove", "--force", b.tree())
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

// build builds this program below dir with the library that is in tree, and returns its name.
func build(tree, dir string) (program string, err error) {
	mod, program := filepath.Join(dir, "bench.mod"), filepath.Join(dir, "bench")
	for from, to := range map[string]string{"go.mod": mod, "go.sum": filepath.Join(dir, "bench.sum")} {
		p, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(to, p, 0o666); err != nil {
			return "", err
		}
	}
	if _, err := output("go", "mod", "edit", "-replace", module+"="+tree, mod); err != nil {
		return "", err
	}
	if _, err := output("go", "build", "-mod=mod", "-modfile="+mod, "-o", program, "."); err != nil {
		return "", fmt.Errorf("its library, whose API may be another, does not build with the bench of today: %w", err)
	}
	return program, nil
}

// output runs a command, and returns what it writes, or an error with what it complains of.
func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, args[0], err, strings.TrimSpace(complaints.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// library returns what is measured beside the library as it stands.
func (b *baseline) library() library {
	l := libraries[0] // which is this one
	l.name, l.baseline = before, b
	return l
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestABaselineIsMeasuredBesideTheLibrary(t *testing.T) {
	if _, err := output("git", "rev-parse", "HEAD"); err != nil {
		t.Skip("there are no commits: ", err)
	}
	dir := t.TempDir()
	b, err := newBaseline("HEAD", dir)
	if err != nil {
		t.Fatal(err)
	}
	p := plan{jobs: named(mainJobs, "echo64"), libs: []library{b.library(), libraries[0], libraries[1]}, rounds: 1, dir: dir, profile: t.TempDir()}
	r, err := p.measure()
	if err != nil {
		t.Error(err)
	} else {
		var table strings.Builder
		if err := r.markdown(&table); err != nil {
			t.Error(err)
		}
		for _, want := range []string{" before " + b.commit + ".", "| job | unit | before | litert | gorilla | against the best peer | against the limit | against before |"} {
			if !strings.Contains(table.String(), want) {
				t.Errorf("the report has no %q:\n%s", want, &table)
			}
		}
		if _, err := os.Stat(filepath.Join(p.profile, "echo64-before.cpu.pprof")); err != nil {
			t.Error(err)
		}
	}
	if err := b.remove(); err != nil {
		t.Error(err)
	}
	trees, err := output("git", "worktree", "list")
	if err != nil || strings.Contains(trees, dir) {
		t.Errorf("the trees left are %s, %v", trees, err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

func TestABaselineWithAnotherAPISaysSo(t *testing.T) {
	tree := t.TempDir()
	if err := os.WriteFile(filepath.Join(tree, "go.mod"), []byte("module "+module+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(tree, "stream"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree, "stream", "stream.go"), []byte("package stream\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := build(tree, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "whose API may be another") || !strings.Contains(err.Error(), module+"/dial") {
		t.Errorf("the error is %v", err)
	}
}

func TestABaselineIsACommit(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", "no-such-commit", "--help"} {
		if b, err := newBaseline(name, dir); err == nil {
			t.Errorf("%q is the commit %s", name, b.commit)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}
}

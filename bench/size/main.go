// Command size tells what the binary of a small server links with each library: the same echo, in the folders below.
//
//	go run -C bench ./size
//
// It builds them as a release is built, without symbols (go build -trimpath -ldflags="-s -w"), and prints a table: the
// size, how much that is beyond the server of net/http alone, and the modules and packages of them that are linked.
package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

var servers = []string{"nethttp", "litert", "gorilla", "coder", "gobwas", "gws"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "size")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%s, %s/%s\n\n| server | binary, MiB | beyond net/http | modules (and packages of them) |\n|---|--:|--:|---|\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	var least int64
	for _, name := range servers {
		s, err := build(name, filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if least == 0 {
			least = s.bytes
		}
		fmt.Printf("| %s | %.2f | %.2f | %s |\n", name, mib(s.bytes), mib(s.bytes-least), strings.Join(s.modules, ", "))
	}
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// A server is what was built of one.
type server struct {
	bytes   int64
	modules []string // each with its version, and its packages
}

// build builds the server in the folder name into file.
func build(name, file string) (*server, error) {
	if err := output(nil, "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./size/"+name); err != nil {
		return nil, err
	}
	stat, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var packages strings.Builder // the module of each, a line
	if err := output(&packages, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./size/"+name); err != nil {
		return nil, err
	}
	s := &server{bytes: stat.Size()}
	count := make(map[string]int)
	for module := range strings.FieldsSeq(packages.String()) {
		count[module]++
	}
	for _, m := range info.Deps {
		s.modules = append(s.modules, fmt.Sprintf("%s (%d)", nameOf(m), count[m.Path]))
	}
	return s, nil
}

// nameOf returns the path and the version of m, which has none where its folder is given.
func nameOf(m *debug.Module) string {
	if m.Replace != nil {
		return m.Path
	}
	return m.Path + " " + m.Version
}

// output runs the go command.
func output(to *strings.Builder, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	if to != nil {
		cmd.Stdout = to
	}
	return cmd.Run()
}

// Command wasm tells how large a small client is in WebAssembly, with each library that has one for browsers: it sends a
// message, and receives the answer, in the folders below.
//
//	go run -C bench ./wasm
//
// It builds them without symbols (GOOS=js go build -trimpath -ldflags="-s -w"), and prints a table: the size of the file, and
// what a server sends of it that compresses with gzip.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

var clients = []string{"litert", "coder"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "wasm:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "wasm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("%s, js/wasm\n\n| client | file, MiB | compressed, MiB |\n|---|--:|--:|\n", runtime.Version())
	for _, name := range clients {
		file, compressed, err := build(name, filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.2f | %.2f |\n", name, mib(file), mib(compressed))
	}
	return nil
}

func mib(n int) float64 { return float64(n) / (1 << 20) }

// build builds the client in the folder name into file, and returns the size of that, and how much is left of it compressed.
func build(name, file string) (size, compressed int, err error) {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./wasm/"+name)
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return 0, 0, err
	}
	p, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, err
	}
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return 0, 0, err
	}
	if _, err := w.Write(p); err != nil {
		return 0, 0, err
	}
	err = w.Close()
	return len(p), zipped.Len(), err
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
)

// A place is the folder of all files. What the client has is in near, and what the server has in far.
type place struct {
	dir, near, far string
	wscp           string // the program
	copies         int    // that were begun; each has its name
}

func newPlace(s settings) (*place, error) {
	dir, err := os.MkdirTemp(s.dir, "transfer")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	p := &place{dir: dir, near: filepath.Join(dir, "near"), far: filepath.Join(dir, "far"), wscp: filepath.Join(dir, "wscp")}
	if err := p.fill(s); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

func (p *place) remove() { os.RemoveAll(p.dir) }

// fill writes what is copied to both ends, and builds wscp.
func (p *place) fill(s settings) error {
	build := exec.Command("go", "build", "-C", "..", "-o", p.wscp, "./cmd/wscp")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	random := rand.NewChaCha8([32]byte{1})
	for _, end := range []string{p.near, p.far} {
		tree := filepath.Join(end, "tree")
		if err := os.MkdirAll(tree, 0o755); err != nil {
			return err
		}
		for i := range s.files {
			if err := write(filepath.Join(tree, fmt.Sprintf("%05d", i)), random, 4<<10); err != nil {
				return err
			}
		}
		if err := write(filepath.Join(end, "file"), random, s.size); err != nil {
			return err
		}
	}
	return nil
}

func write(name string, from io.Reader, n int64) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(file, from, n)
	return errors.Join(err, file.Close())
}

// copy returns the name of the copy. Copies of directories stay until all is done: ext4 looks for a place for a new file behind all
// that were removed in the last minute, and takes most of the time for that if those are thousands.
func (p *place) copy() string { return fmt.Sprintf("copy%d", p.copies) }

// ends returns the paths of what a job copies, and of the copy.
func (p *place) ends(j job) (from, to string) {
	near, far := p.near, p.far
	if j.get {
		near, far = far, near
	}
	return filepath.Join(near, j.source()), filepath.Join(far, p.copy())
}

// compare returns an error if the copy is not what was copied.
func compare(from, to string) error {
	var n int
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		return compareFiles(name, to+name[len(from):])
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(to, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if n--; n < 0 {
				err = errors.New("there are more files than were sent")
			}
		}
		return err
	})
}

func compareFiles(a, b string) error {
	first, err := os.Open(a)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := os.Open(b)
	if err != nil {
		return err
	}
	defer second.Close()
	var left, right [64 << 10]byte
	for {
		n, err := io.ReadFull(first, left[:])
		m, _ := io.ReadFull(second, right[:])
		if !bytes.Equal(left[:n], right[:m]) {
			return fmt.Errorf("%s is not what %s is", b, a)
		}
		if err != nil {
			return ended(err)
		}
	}
}

// ended returns nil for the errors that tell the end of a file.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

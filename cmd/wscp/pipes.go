package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// openSource opens what is to be sent: a file, the standard input as "-", or what else has bytes but no length, as a pipe.
func openSource(ctx context.Context, name string) (*source, error) {
	if name == "-" {
		return &source{File: os.Stdin, name: "standard input", pipe: impatient(ctx, os.Stdin)}, nil
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, &refusal{about(name, err)}
	case info.IsDir():
		return nil, &refusal{fmt.Errorf("%q: is a directory; the URL that it is put to ends with a slash", name)}
	case info.Mode().IsRegular():
		return open(name, os.Stat, os.Open)
	case info.Mode()&fs.ModeSocket != 0:
		return nil, notRegular(name)
	}
	file, err := openPipe(ctx, name)
	if err != nil {
		return nil, err
	}
	return &source{File: file, name: name, pipe: impatient(ctx, file)}, nil
}

// openPipe opens a pipe. That waits for its other end, and ctx ends it.
func openPipe(ctx context.Context, name string) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(name)
		done <- opened{file, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return nil, &refusal{about(name, o.err)}
		}
		return o.file, nil
	case <-ctx.Done(): // the process is about to end, and with it what waits
		return nil, errInterrupted
	}
}

// impatient returns what reads from r, and fails once ctx has ended, though r may wait.
func impatient(ctx context.Context, r io.Reader) io.Reader {
	pr, pw := io.Pipe()
	context.AfterFunc(ctx, func() { pw.CloseWithError(errInterrupted) })
	go func() {
		_, err := io.CopyBuffer(plainWriter{pw}, plainReader{r}, make([]byte, hashSize))
		pw.CloseWithError(err)
	}()
	return pr
}

// patient returns what writes to w, and fails once ctx has ended, though w may wait. Finish waits until w has all.
func patient(ctx context.Context, w io.Writer) (_ io.Writer, finish func() error) {
	pr, pw := io.Pipe()
	context.AfterFunc(ctx, func() { pr.CloseWithError(errInterrupted) })
	written := make(chan error, 1)
	go func() {
		_, err := io.CopyBuffer(plainWriter{w}, plainReader{pr}, make([]byte, hashSize))
		pr.CloseWithError(err)
		written <- err
	}()
	return pw, func() error {
		pw.Close()
		select {
		case err := <-written:
			return err
		case <-ctx.Done():
			return errInterrupted
		}
	}
}

// plainReader hides what else a Reader has, so that a copy uses its own buffer.
type plainReader struct{ io.Reader }

// during returns r, which fails once ctx has ended.
func during(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

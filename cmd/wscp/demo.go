package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"path/filepath"
)

func (c console) demo(ctx context.Context, args []string) (err error) {
	length := size(256 << 20)
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.Var(&length, "size", "")
	if _, err := parse(flags, args, 0); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wscp-")
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.RemoveAll(dir); err == nil {
			err = removeErr
		}
	}()
	if err := c.roundTrip(ctx, dir, int64(length)); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "peak memory %v\n", size(peakMemory()))
	return nil
}

// roundTrip sends a file of n bytes to a server and back, all within dir.
func (c console) roundTrip(ctx context.Context, dir string, n int64) error {
	original, copied := filepath.Join(dir, "original"), filepath.Join(dir, "copied")
	want, err := makeFile(ctx, original, n)
	if err != nil {
		return err
	}
	served := filepath.Join(dir, "served")
	secret := token(rand.Text()) // others on this machine reach the server, too
	url, stop, err := serveLocally(ctx, served, secret)
	if err != nil {
		return err
	}
	defer stop()

	url += "file"
	put, err := c.upload(ctx, original, url, secret)
	if err := c.report("put", put, err); err != nil {
		return err
	}
	if err := checkSum(ctx, filepath.Join(served, "file"), want); err != nil {
		return err
	}
	got, err := c.download(ctx, url, copied, secret)
	if err := c.report("get", got, err); err != nil {
		return err
	}
	if err := checkSum(ctx, copied, want); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "sha256 %x match\n", want)
	return nil
}

// serveLocally starts a server on the loopback interface, for the new directory dir. The function that it returns ends
// the server, and waits until it has ended.
func serveLocally(ctx context.Context, dir string, secret token) (url string, stop func(), err error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		root.Close()
		return "", nil, err
	}
	s := newServer(root, rules{token: secret, maxSize: math.MaxInt64, connections: defaultConnections}, nil, log.New(io.Discard, "", 0))
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serve(ctx, ln, nil)
	}()
	stop = func() {
		cancel()
		<-done
		root.Close()
	}
	return fmt.Sprintf("ws://%v/", ln.Addr()), stop, nil
}

// makeFile writes a file of n random bytes, and returns their SHA-256 sum.
func makeFile(ctx context.Context, name string, n int64) ([]byte, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.CopyN(io.MultiWriter(file, sum), during(ctx, rand.Reader), n)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return sum.Sum(nil), err
}

// checkSum returns an error if the SHA-256 sum of a file is not want.
func checkSum(ctx context.Context, name string, want []byte) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, during(ctx, file)); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return errors.New("sha256: the sums differ")
	}
	return nil
}

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

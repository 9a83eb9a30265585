package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func (c console) demo(ctx context.Context, s *settings, _ []string) (err error) {
	dir, err := os.MkdirTemp("", "wscp-")
	if err != nil {
		return err
	}
	defer func() {
		if removeErr := os.RemoveAll(dir); err == nil {
			err = removeErr
		}
	}()
	d := demonstration{
		client:   client{console: c, settings: s},
		original: filepath.Join(dir, "original"), copied: filepath.Join(dir, "copied"), served: filepath.Join(dir, "served"),
	}
	if d.sum, err = makeFile(ctx, d.original, int64(s.length)); err != nil {
		return err
	}
	secret := token(rand.Text()) // others on this machine reach the server, too
	url, stop, err := serveLocally(ctx, d.served, secret)
	if err != nil {
		return err
	}
	defer stop()
	d.url = url
	d.opts = []dial.Option{dial.Header(secret.header()), stream.MaxMessageSize(stream.Unlimited)}
	return d.run(ctx)
}

// A demonstration sends a file to a server and back, all on this machine.
type demonstration struct {
	client
	original, copied, served, url string
	sum                           []byte
}

func (d *demonstration) run(ctx context.Context) error {
	for _, step := range []struct {
		name string
		do   func(context.Context) (result, string, error)
	}{
		{"put", d.put}, {"get", d.get}, {"put -", d.pipe}, {"put -continue", d.interrupt},
	} {
		r, file, err := step.do(ctx)
		if err == nil {
			err = checkSum(ctx, file, d.sum)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "%-13s %v\n", step.name, r)
	}
	fmt.Fprintf(d.out, "sha256 %x match\n", d.sum)
	return nil
}

func (d *demonstration) put(ctx context.Context) (result, string, error) {
	r, err := d.upload(ctx, d.original, d.url+"file")
	return r, filepath.Join(d.served, "file"), err
}

func (d *demonstration) get(ctx context.Context) (result, string, error) {
	r, err := d.download(ctx, d.url+"file", d.copied)
	return r, d.copied, err
}

func (d *demonstration) pipe(ctx context.Context) (result, string, error) {
	file, err := os.Open(d.original)
	if err != nil {
		return result{}, "", err
	}
	defer file.Close()
	r, err := d.uploadSource(ctx, &source{name: "pipe", pipe: impatient(ctx, file)}, d.url+"pipe")
	return r, filepath.Join(d.served, "pipe"), err
}

// interrupt interrupts a put when half of the file is there, and goes on with it.
func (d *demonstration) interrupt(ctx context.Context) (r result, file string, err error) {
	d.retry, d.quiet = time.Minute, true
	half, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for half.Err() == nil {
			info, err := os.Stat(filepath.Join(d.served, partialName("again")))
			if err == nil && info.Size() >= int64(d.length)/2 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if r, err = d.upload(half, d.original, d.url+"again"); err != nil && ctx.Err() == nil {
		err = d.again(ctx, func() error {
			r, err = d.upload(ctx, d.original, d.url+"again")
			return err
		})
	}
	return r, filepath.Join(d.served, "again"), err
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
	s := newServer(root, rules{token: secret, maxSize: maxSize, connections: defaultConnections}, nil, log.New(io.Discard, "", 0))
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

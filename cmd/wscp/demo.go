package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/litert/websocket/internal/draft"
)

// demo runs the other commands on this machine alone, with a file of random bytes, in a directory of its own.
func (c console) demo(ctx context.Context, s *settings, _ []string) (err error) {
	dir, err := os.MkdirTemp("", "wscp-")
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	original, served, secret := filepath.Join(dir, "original"), filepath.Join(dir, "served"), filepath.Join(dir, "token")
	if err := makeFile(ctx, original, int64(s.length)); err != nil {
		return err
	}
	if err := os.Mkdir(served, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(secret, []byte(rand.Text()), 0o600); err != nil { // others on this machine reach the server, too
		return err
	}
	s.tokenFile = argument(secret)
	url, stop, err := serveLocally(ctx, served, s.tokenFile)
	if err != nil {
		return err
	}
	defer stop()
	for _, step := range []struct {
		name string
		do   func(console, *settings) error
	}{
		{"put", func(c console, s *settings) error { return c.put(ctx, s, []string{original, url + "file"}) }},
		{"get", func(c console, s *settings) error {
			return c.get(ctx, s, []string{url + "file", filepath.Join(dir, "copied")})
		}},
		{"put -", func(c console, s *settings) error { return c.putPiped(ctx, s, original, url+"pipe") }},
		{"put -continue", func(c console, s *settings) error { return c.putTwice(ctx, s, served, original, url) }},
	} {
		s.label = fmt.Sprintf("%-13s", step.name)
		if err := step.do(c, s); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.out, "The SHA-256 sums of both ends agree each time.") // or a step had failed
	return nil
}

// putPiped puts what a pipe has of a file.
func (c console) putPiped(ctx context.Context, s *settings, name, url string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	c.in = file
	return c.put(ctx, s, []string{"-", url})
}

// putTwice interrupts a put when half of the file is served, and goes on with it.
func (c console) putTwice(ctx context.Context, s *settings, served, name, url string) error {
	args := []string{name, url + "again"}
	s.retry, c.err = time.Minute, io.Discard
	half, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for half.Err() == nil {
			info, err := os.Stat(filepath.Join(served, draft.PartialName("again")))
			if err == nil && info.Size() >= int64(s.length)/2 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if err := c.put(half, s, args); err == nil || ctx.Err() != nil {
		return err
	}
	return c.put(ctx, s, args)
}

// serveLocally serves a directory to this machine. The function that it returns ends that, and waits until it has ended.
func serveLocally(ctx context.Context, dir string, secret argument) (url string, stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	s := newSettings()
	s.addr, s.tokenFile = "127.0.0.1:0", secret
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(console{out: w, err: io.Discard}.serve(ctx, s, []string{dir}))
	}()
	output := bufio.NewReader(r)
	line, err := output.ReadString('\n')
	go io.Copy(io.Discard, output)
	_, url, _ = strings.Cut(strings.TrimSpace(line), " at ")
	return url, func() {
		cancel()
		<-done
	}, err
}

// makeFile writes a file of n random bytes.
func makeFile(ctx context.Context, name string, n int64) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	const part = 1 << 20
	for ; n > 0 && err == nil; n -= part {
		if err = ctx.Err(); err == nil {
			_, err = io.CopyN(file, rand.Reader, min(part, n))
		}
	}
	return cmp.Or(err, file.Close())
}

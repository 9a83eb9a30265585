//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const diskSize = 1 << 20

// newDisk returns a file on a file system of its own, which has room for diskSize bytes, and is gone once the file is closed.
func newDisk() (*os.File, error) {
	dir, err := os.MkdirTemp("", "faults-disk-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(dir)
	if err := unix.Mount("faults", dir, "tmpfs", unix.MS_NODEV|unix.MS_NOSUID, fmt.Sprintf("size=%d", diskSize)); err != nil {
		return nil, skipped("no file system can be mounted: " + err.Error())
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	return os.Create(filepath.Join(dir, "file"))
}

// fullDisk has a message be copied to a disk that is full in the middle of it.
func fullDisk(e *env) (got string, err error) {
	file, err := newDisk()
	if err != nil {
		return "", err
	}
	defer file.Close()
	l, err := e.openLocal()
	if err != nil {
		return "", err
	}
	defer l.close()
	sent := concurrently(func() error {
		if err := l.sendFrom(e.ctx, newContent(8*diskSize), 8*diskSize); err != nil {
			return err
		}
		return l.sender.WriteText(e.ctx, "behind it")
	})
	msg, err := l.receiver.Receive(e.ctx)
	if err != nil {
		return "", err
	}
	n, err := io.Copy(file, msg)
	if !errors.Is(err, unix.ENOSPC) {
		return "", fmt.Errorf("io.Copy has had the error %v, after %d bytes", err, n)
	}
	held, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	if err != nil {
		return "", err
	}
	want := make([]byte, n)
	if _, err := io.ReadFull(newContent(8*diskSize), want); err != nil || !bytes.Equal(held, want) {
		return "", fmt.Errorf("io.Copy has told of %d bytes, and the file has %d, or others", n, len(held))
	}
	if msg, err = l.receiver.Receive(e.ctx); err != nil {
		return "", fmt.Errorf("the message behind: %w", err)
	}
	if text, err := msg.Text(); err != nil || text != "behind it" {
		return "", fmt.Errorf("the message behind is %q, %w", text, err)
	}
	return fmt.Sprintf("ENOSPC after %d KiB; the message behind came", n>>10), <-sent
}

// shrinkingFile has the end of a file go while it is sent.
func shrinkingFile(e *env) (got string, err error) {
	const size = 64 << 20
	file, err := os.CreateTemp("", "faults-")
	if err != nil {
		return "", err
	}
	defer file.Close()
	os.Remove(file.Name())
	if err := file.Truncate(size); err != nil {
		return "", err
	}
	l, err := e.openLocal()
	if err != nil {
		return "", err
	}
	defer l.close()
	sent := concurrently(func() error { return l.sendFrom(e.ctx, file, size) })
	msg, err := l.receiver.Receive(e.ctx)
	if err != nil {
		return "", err
	}
	if _, err := io.CopyN(io.Discard, msg, size/8); err != nil {
		return "", err
	}
	if err := file.Truncate(size / 2); err != nil {
		return "", err
	}
	return bothFail(msg, sent)
}

// slowDisk has a message be copied to a pipe from which it is read slowly.
func slowDisk(e *env) (got string, err error) {
	const size, piece, pause = 32 << 20, 256 << 10, 10 * time.Millisecond
	l, err := e.openLocal()
	if err != nil {
		return "", err
	}
	defer l.close()
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	defer w.Close()

	content := newContent(size)
	src := &leader{Reader: content}
	sent := concurrently(func() error { return l.sendFrom(e.ctx, src, size) })
	copied := concurrently(func() error {
		defer w.Close()
		msg, err := l.receiver.Receive(e.ctx)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, msg)
		return err
	})
	sum := sha256.New()
	for {
		n, err := io.CopyN(sum, r, piece)
		src.followed.Add(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		time.Sleep(pause) // it is the disk that is slow
	}
	if err := errors.Join(<-copied, <-sent); err != nil {
		return "", err
	}
	if !bytes.Equal(sum.Sum(nil), content.hash.Sum(nil)) {
		return "", errors.New("what arrived is not what was sent")
	}
	if src.ahead > size/2 {
		return "", fmt.Errorf("the sender was %d of %d bytes ahead", src.ahead, size)
	}
	return fmt.Sprintf("all arrived; the sender was %.1f of %d MiB ahead at most", float64(src.ahead)/(1<<20), size>>20), nil
}

// failingSource has the source of a message be slow, and fail in the end.
func failingSource(e *env) (got string, err error) {
	l, err := e.openLocal()
	if err != nil {
		return "", err
	}
	defer l.close()
	broken := errors.New("the disk is broken")
	r, w := io.Pipe()
	go func() {
		for range 20 {
			w.Write(make([]byte, 100_000))
			time.Sleep(10 * time.Millisecond)
		}
		w.CloseWithError(broken)
	}()
	sent := concurrently(func() error {
		defer r.Close()
		return l.sendFrom(e.ctx, r, math.MaxInt64)
	})
	msg, err := l.receiver.Receive(e.ctx)
	if err != nil {
		return "", err
	}
	return bothFail(msg, sent)
}

// bothFail reads the message to its end, which must be an error, as must be what the sender has.
func bothFail(msg io.Reader, sent <-chan error) (got string, err error) {
	n, received := io.Copy(io.Discard, msg)
	sending := <-sent
	switch {
	case sending == nil:
		return "", errors.New("the sender has had no error")
	case received == nil:
		return "", fmt.Errorf("the message looks whole, with %d bytes more", n)
	case errors.Is(received, io.EOF) || !errors.Is(received, io.ErrUnexpectedEOF):
		return "", fmt.Errorf("the receiver has had %w", received)
	}
	return fmt.Sprintf("sender: %v; receiver: %v", sending, received), nil
}

// concurrently calls f, and returns where its error will be.
func concurrently(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// A leader is a source of which others have followed what was read.
type leader struct {
	io.Reader
	followed atomic.Int64 // bytes
	read     int64
	ahead    int64 // how much was read and not followed, at most
}

func (l *leader) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	l.read += int64(n)
	l.ahead = max(l.ahead, l.read-l.followed.Load())
	return n, err
}

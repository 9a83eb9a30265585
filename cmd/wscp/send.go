package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"github.com/litert/websocket/opcode"
)

// A source is a file to be sent, or a pipe.
type source struct {
	*os.File
	name string      // that the user knows
	info fs.FileInfo // of when it was opened
	pipe io.Reader   // nil: a file, which can be read again
}

// open opens a file for reading with the functions of package os or of an [os.Root]. Only a regular one has a length, and
// can be opened without having to wait.
func open(name string, stat func(string) (fs.FileInfo, error), open func(string) (*os.File, error)) (*source, error) {
	info, err := stat(name)
	if err != nil {
		return nil, &refusal{about(name, err)}
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(name)
	}
	file, err := open(name)
	if err != nil {
		return nil, &refusal{about(name, err)}
	}
	if info, err = file.Stat(); err != nil {
		file.Close()
		return nil, &refusal{about(name, err)}
	}
	return &source{File: file, name: name, info: info}, nil
}

// length returns how many bytes the source has, or unknown.
func (s *source) length() int64 {
	if s.pipe != nil {
		return unknown
	}
	return s.info.Size()
}

// head returns what is told of the source.
func (s *source) head() head {
	if s.pipe != nil {
		return head{}
	}
	return head{Length: new(s.info.Size()), Executable: s.info.Mode()&0o100 != 0, MTime: s.info.ModTime()}
}

// agree returns where to go on, and the sum of what is before: if the other end has the same bytes up to have, it is there, and
// otherwise the start.
func (s *source) agree(ctx context.Context, have position) (at int64, sum hash.Hash, err error) {
	sum = sha256.New()
	if s.pipe != nil || have.Offset <= 0 || have.Offset > s.info.Size() {
		return 0, sum, nil
	}
	if _, err := io.CopyBuffer(plainWriter{sum}, during(ctx, io.NewSectionReader(s.File, 0, have.Offset)), bufferFor(have.Offset)); err != nil {
		return 0, nil, about(s.name, err)
	}
	if !digestOf(sum).equal(have.SHA256) {
		sum.Reset()
		return 0, sum, nil
	}
	return have.Offset, sum, nil
}

// plainWriter hides what else a Writer has, so that a copy uses its own buffer.
type plainWriter struct{ io.Writer }

// What is hashed and sent in turns, and what is read at once to be hashed.
const (
	partSize = 1 << 20
	hashSize = 256 << 10
)

// bufferFor returns what n bytes are read into. There may be many small files.
func bufferFor(n int64) []byte { return make([]byte, max(1, min(hashSize, n))) }

// send sends the bytes of the source from at on, and then the total; sum has the bytes before. It tells the peer if it
// cannot, as the end of an open message gives no reason.
func (s *source) send(ctx context.Context, c conn, at int64, sum hash.Hash, progress io.Writer) (digest, error) {
	w, err := c.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	t, err := s.copyTo(w, at, sum, progress)
	if err != nil {
		if ctx.Err() == nil {
			end(ctx, c, err)
		}
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return t.SHA256, sendText(ctx, c, t)
}

// copyTo copies the source to w, from at on. A change between what is hashed and what is sent gives the receiver another
// sum; any other is found by the time and the size of the file.
func (s *source) copyTo(w io.Writer, at int64, sum hash.Hash, progress io.Writer) (total, error) {
	hash := io.MultiWriter(sum, progress)
	if s.pipe != nil {
		n, err := io.CopyBuffer(plainWriter{io.MultiWriter(w, hash)}, s.pipe, make([]byte, hashSize))
		if err != nil {
			err = about(s.name, err)
		}
		return total{n, digestOf(sum)}, err
	}
	length := s.info.Size()
	buf := bufferFor(length - at)
	if _, err := s.Seek(at, io.SeekStart); err != nil {
		return total{}, about(s.name, err)
	}
	for ; at < length; at += partSize {
		err := s.copyPart(w, hash, at, min(partSize, length-at), buf)
		if changed := s.checkUnchanged(); changed != nil {
			return total{}, changed // also where that is why the copying has failed
		}
		if err != nil {
			return total{}, about(s.name, err)
		}
	}
	if n, _ := s.ReadAt(buf[:1], length); n > 0 { // as those of /proc, which have no length
		return total{}, fmt.Errorf("%q: has more bytes than the %v that it tells; a pipe sends it: put - URL <FILE", s.name, size(length))
	}
	return total{length, digestOf(sum)}, nil
}

// copyPart hashes n bytes, and copies them to w. It reads them twice, so that w can have the kernel send them. If they are many,
// another processor can hash them meanwhile.
func (s *source) copyPart(w, hash io.Writer, at, n int64, buf []byte) error {
	hashed := make(chan error, 1)
	hashPart := func() {
		_, err := io.CopyBuffer(hash, io.NewSectionReader(s, at, n), buf)
		hashed <- err
	}
	if n < hashSize {
		hashPart()
	} else {
		go hashPart()
	}
	sent, err := io.Copy(w, io.LimitReader(s.File, n))
	if err == nil && sent < n {
		err = errors.New("it has become shorter")
	}
	return cmp.Or(<-hashed, err)
}

// checkUnchanged returns an error if the file is not what it was when it was opened.
func (s *source) checkUnchanged() error {
	info, err := s.Stat()
	switch {
	case err != nil:
		return about(s.name, err)
	case info.Size() != s.info.Size() || !info.ModTime().Equal(s.info.ModTime()):
		return &spoiled{fmt.Errorf("%q: changed while it was sent", s.name)}
	}
	return nil
}

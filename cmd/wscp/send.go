package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A source is a file to be sent.
type source struct {
	*os.File
	name string      // that the user knows
	info fs.FileInfo // of when it was opened
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
	return &source{file, name, info}, nil
}

// What is hashed and sent in turns, and what is read at once to be hashed.
const (
	partSize = 1 << 20
	hashSize = 256 << 10
)

// sendFile sends the file: what is to be known of it, its bytes, and their sum. It tells the peer if it cannot, as the
// end of an open message gives no reason.
func sendFile(ctx context.Context, conn *stream.Conn[*stream.Reader], src *source, progress io.Writer) error {
	a := announcement{Length: src.info.Size(), Executable: src.info.Mode()&0o100 != 0}
	if err := sendText(ctx, conn, a); err != nil {
		return err
	}
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	sum, err := src.copyTo(w, progress)
	if err != nil {
		end(ctx, conn, err)
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return sendText(ctx, conn, checksum{hex.EncodeToString(sum)})
}

// copyTo copies the file to w, and returns its SHA-256 sum. A change between what is hashed and what is sent gives the
// receiver another sum; any other is found by the time and the size of the file.
func (s *source) copyTo(w, progress io.Writer) ([]byte, error) {
	sum, buf := sha256.New(), make([]byte, hashSize)
	hash := io.MultiWriter(sum, progress)
	for at, size := int64(0), s.info.Size(); at < size; at += partSize {
		err := s.copyPart(w, hash, at, min(partSize, size-at), buf)
		if changed := s.checkUnchanged(); changed != nil {
			return nil, changed // also where that is why the copying has failed
		}
		if err != nil {
			return nil, about(s.name, err)
		}
	}
	if n, _ := s.ReadAt(buf[:1], s.info.Size()); n > 0 { // as those of /proc, which have no length
		return nil, fmt.Errorf("%q: has more bytes than the %v that it tells", s.name, size(s.info.Size()))
	}
	return sum.Sum(nil), nil
}

// copyPart hashes n bytes, and copies them to w. It reads them twice, so that w can have the kernel send them.
func (s *source) copyPart(w, hash io.Writer, at, n int64, buf []byte) error {
	if _, err := io.CopyBuffer(hash, io.NewSectionReader(s, at, n), buf); err != nil {
		return err
	}
	_, err := io.Copy(w, io.LimitReader(s.File, n))
	return err
}

// checkUnchanged returns an error if the file is not what it was when it was opened.
func (s *source) checkUnchanged() error {
	info, err := s.Stat()
	switch {
	case err != nil:
		return about(s.name, err)
	case info.Size() != s.info.Size() || !info.ModTime().Equal(s.info.ModTime()):
		return fmt.Errorf("%q: changed while it was sent", s.name)
	}
	return nil
}

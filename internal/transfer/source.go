package transfer

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/osfile"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/opcode"
)

// entry returns what is told of the source, under a name.
func (s *Source) entry(name string) entry {
	if s.pipe != nil {
		return entry{Name: name}
	}
	return entry{Name: name, Mode: s.Info.Mode().Perm(), MTime: s.Info.ModTime(), Length: new(s.Info.Size())}
}

// agree returns where to go on, and the sum of what is before: if the other end has the same bytes up to have, it is there, and
// otherwise the start.
func (s *Source) agree(ctx context.Context, have position) (at int64, sum hash.Hash, err error) {
	sum = sha256.New()
	if s.pipe != nil || have.Offset <= 0 || have.Offset > s.Info.Size() {
		return 0, sum, nil
	}
	if _, err := draft.Hash(ctx, sum, io.NewSectionReader(s.File, 0, have.Offset), have.Offset); err != nil {
		return 0, nil, osfile.About(s.name, err)
	}
	if digestOf(sum) != have.SHA256 {
		return 0, sha256.New(), nil
	}
	return have.Offset, sum, nil
}

// What is hashed and sent in turns, and what is read at once to be hashed.
const (
	partSize = 1 << 20
	hashSize = 256 << 10
)

// send sends the bytes of the source from at on, and then the total; sum has the bytes before. It tells the peer if it
// cannot, as the end of an open message gives no reason.
func (s *Source) send(ctx context.Context, c Conn, at int64, sum hash.Hash, progress io.Writer) (t total, err error) {
	w, err := c.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return t, err
	}
	defer w.Abort()
	if t, err = s.copyTo(w, at, sum, progress); err != nil {
		if ctx.Err() == nil {
			End(ctx, c, err)
		}
		return t, err
	}
	if err := w.Close(); err != nil {
		return t, err
	}
	return t, sendText(ctx, c, t)
}

// copyTo copies the source to w, from at on. A change between what is hashed and what is sent gives the receiver another
// sum; any other is found by the time and the size of the file.
func (s *Source) copyTo(w io.Writer, at int64, sum hash.Hash, progress io.Writer) (total, error) {
	hash := io.MultiWriter(sum, progress)
	if s.pipe != nil {
		n, err := io.CopyBuffer(io.MultiWriter(w, hash), struct{ io.Reader }{s.pipe}, make([]byte, hashSize)) // by reads and writes alone
		return total{n, digestOf(sum)}, osfile.About(s.name, err)
	}
	length := s.Info.Size()
	buf := make([]byte, max(1, min(hashSize, length-at))) // there may be many small files
	if _, err := s.Seek(at, io.SeekStart); err != nil {
		return total{}, osfile.About(s.name, err)
	}
	for ; at < length; at += partSize {
		err := s.copyPart(w, hash, at, min(partSize, length-at), buf)
		if changed := s.checkUnchanged(); changed != nil {
			return total{}, changed // also where that is why the copying has failed
		}
		if err != nil {
			return total{}, osfile.About(s.name, err)
		}
	}
	if n, _ := s.ReadAt(buf[:1], length); n > 0 { // as those of /proc, which have no length
		return total{}, fmt.Errorf("%q: has more bytes than the %v that it tells; a pipe sends it: put - URL <FILE", s.name, size.Bytes(length))
	}
	return total{length, digestOf(sum)}, nil
}

// copyPart hashes n bytes, and copies them to w. It reads them twice, so that w can have the kernel send them. If they are many,
// another processor can hash them meanwhile.
func (s *Source) copyPart(w, hash io.Writer, at, n int64, buf []byte) error {
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
func (s *Source) checkUnchanged() error {
	info, err := s.Stat()
	switch {
	case err != nil:
		return osfile.About(s.name, err)
	case info.Size() != s.Info.Size() || !info.ModTime().Equal(s.Info.ModTime()):
		return &draft.Spoiled{Err: fmt.Errorf("%q: changed while it was sent", s.name)}
	}
	return nil
}

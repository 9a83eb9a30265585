package transfer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math"

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

// copyTo copies the source to w, from at on, and hashes what is sent. A file that changes meanwhile is found by its time and size.
func (s *Source) copyTo(w io.Writer, at int64, sum hash.Hash, progress io.Writer) (total, error) {
	src, length := s.pipe, int64(math.MaxInt64)
	if src == nil {
		src, length = s.File, s.Info.Size()
		if _, err := s.Seek(at, io.SeekStart); err != nil {
			return total{}, osfile.About(s.name, err)
		}
	}
	beside := newSideline(sum, length-at)
	defer beside.wait()
	for {
		p := beside.room()
		n, err := src.Read(p)
		at += int64(n)
		if s.pipe == nil {
			if changed := s.checkUnchanged(at, err == io.EOF); changed != nil {
				return total{}, changed // also where that is why reading has failed
			}
		}
		if err != nil && err != io.EOF {
			return total{}, osfile.About(s.name, err)
		}
		beside.add(n)
		progress.Write(p[:n])
		if _, err := w.Write(p[:n]); err != nil {
			return total{}, osfile.About(s.name, err)
		}
		if err == io.EOF {
			beside.finish()
			return total{at, digestOf(sum)}, nil
		}
	}
}

// checkUnchanged returns an error if the file, of which at bytes or all were read, is not what it was when it was opened.
func (s *Source) checkUnchanged(at int64, all bool) error {
	info, err := s.Stat()
	switch length := s.Info.Size(); {
	case err != nil:
		return osfile.About(s.name, err)
	case info.Size() != length || !info.ModTime().Equal(s.Info.ModTime()):
		return &draft.Spoiled{Err: fmt.Errorf("%q: changed while it was sent", s.name)}
	case at > length: // as those of /proc, which have no length
		return s.notAsTold("more")
	case all && at < length: // as those of /sys
		return s.notAsTold("fewer")
	}
	return nil
}

// notAsTold returns the error of a file that has not as many bytes as it tells.
func (s *Source) notAsTold(has string) error {
	length := size.Bytes(s.Info.Size())
	return &draft.Refusal{Err: fmt.Errorf("%q: has %s bytes than the %v that it tells; a pipe sends it: put - URL <FILE", s.name, has, length)}
}

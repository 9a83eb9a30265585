package stream

import (
	"errors"
	"io"
	"io/fs"
	"syscall"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// minSendfile is the least number of bytes that are left to the kernel. Less is as cheap to copy, and the tail of a
// file has to be, as the last frame must not leave before the end of the file is known.
const minSendfile = 64 << 10

// errNotSendable says that the frame will be masked, so that the kernel cannot send it. Nothing was sent.
var errNotSendable = errors.New("stream: the frame is masked")

var errFileShrank = errors.New("the file has become shorter while it was sent")

// A regularFile is what is behind an [*os.File], also within the wrapper in which io.Copy hands it over.
type regularFile interface {
	io.ReadSeeker
	io.ReaderAt
	syscall.Conn
	Stat() (fs.FileInfo, error)
}

// A fileSource is a file that the kernel can send.
type fileSource struct {
	file    regularFile
	limited *io.LimitedReader // around file; nil: none
	next    int64             // length of the next part
	total   int64             // sent of all parts
	probe   [1]byte
	kernel  kernelFile
}

// part returns the length of the next part. A nil fileSource has none.
func (f *fileSource) part() int64 {
	if f == nil {
		return 0
	}
	return f.next
}

// rest returns how many bytes there are to read.
func (f *fileSource) rest() (int64, error) {
	size, err := f.size()
	if err != nil {
		return 0, err
	}
	pos, err := f.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	rest := size - pos
	if f.limited != nil {
		rest = min(rest, f.limited.N)
	}
	if rest >= minSendfile {
		_, err = f.file.ReadAt(f.probe[:], pos) // the kernel must be able to
	}
	return rest, err
}

// sent accounts for n bytes that the kernel has sent.
func (f *fileSource) sent(n int64) {
	f.total += n
	if f.limited != nil {
		f.limited.N -= n
	}
}

// sendable reports whether the kernel can send src as it is.
func (o *outgoing) sendable(src io.Reader) (*fileSource, bool) {
	s := o.s
	if !s.canSendfile() || o.op != opcode.Binary {
		return nil, false
	}
	if o.inside && o.key != (frame.Key{}) {
		return nil, false
	}
	if m := *s.masking.Load(); !o.inside && !s.server && m != frame.NoMask && m != frame.FixedMask(frame.Key{}) {
		return nil, false
	}
	limited, ok := src.(*io.LimitedReader)
	if ok {
		src = limited.R
	}
	file, ok := src.(regularFile)
	if !ok {
		return nil, false
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	f := &fileSource{file: file, limited: limited}
	return f, f.bind(s) == nil
}

// sendFile sends most of the file through the kernel, and leaves the rest to be read.
func (o *outgoing) sendFile(f *fileSource) error {
	o.hold(o.n)
	for {
		if err := o.trim(); err != nil {
			return err
		}
		rest, err := f.rest()
		if err != nil {
			return o.spoil(err)
		}
		part := min(rest-1, int64(o.fragmentSize(largeFragment)-o.n))
		if o.single >= 0 {
			part = min(rest, o.owed, largeFragment)
		}
		if part < minSendfile {
			return nil
		}
		f.next = part
		if err := o.emit(false, o.n, nil, f); err == errNotSendable {
			return nil
		} else if err != nil {
			return err
		}
		o.wrote(int(part))
	}
}

// sendFile sends the next part of f, as the payload of the frame that was begun.
func (s *Socket) sendFile(b bounds, f *fileSource) error {
	began := s.clock.now()
	start, err := f.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	for pos, futile := start, 0; pos < start+f.next; {
		s.writeLimit.arm(b, began)
		n, err := f.send(start + f.next - pos)
		if n > 0 {
			futile = 0
			s.sent += n
			s.wrote(n)
			f.sent(n)
			began = s.clock.now()
			pos += n
		}
		switch {
		case err == nil && n == 0:
			return errFileShrank
		case err == nil:
			continue
		case !isTimeout(err):
			return sendfileError(err)
		}
		if !s.writeLimit.isOver() {
			futile++
		}
		if cause := s.writeLimit.reason(b, began); cause != nil {
			return cause
		}
		if futile == maxFutile {
			return &transportError{err}
		}
		if _, err := f.file.Seek(pos, io.SeekStart); err != nil {
			return err
		}
	}
	return nil
}

// sendfileError tells whether it was the file that failed, or the transport.
func sendfileError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return err
	}
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EBADF, syscall.EINVAL} {
		if errors.Is(err, errno) {
			return err
		}
	}
	return &transportError{err}
}

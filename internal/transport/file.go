package transport

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"syscall"

	"github.com/litert/websocket/internal/buffer"
)

// MinSend is the least number of bytes that it pays to leave to the kernel. Less is as cheap to copy.
const MinSend = 64 << 10

var errFileShrank = errors.New("the file has become shorter while it was sent")

// A regularFile is what is behind an [*os.File], also within the wrapper in which io.Copy hands it over.
type regularFile interface {
	io.ReadSeeker
	io.ReaderAt
	syscall.Conn
	Stat() (fs.FileInfo, error)
}

// A File is a file that the kernel can send over the connection that has opened it. It is used by one goroutine at a time,
// and need not be closed: the file within stays the caller's.
type File struct {
	file    regularFile
	limited *io.LimitedReader // around file; nil: none
	total   int64
	copying bool // the kernel has refused it: it is read and written
	kernel  kernelFile
	probe   [1]byte
}

// OpenFile reports whether the kernel can send src over the connection, and returns it as a File. So it can where src is a
// regular file, an [*os.File] or what wraps one with all of its methods, or an [*io.LimitedReader] around such a file, and
// the transport is a socket. Sending begins where the file stands.
func (c *Conn) OpenFile(src io.Reader) (f *File, ok bool) {
	if !c.canSendfile() {
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
	f = &File{file: file, limited: limited}
	return f, f.kernel.bind(c, file) == nil
}

// Rest returns how many bytes are left to send: to the end of the file as it is now, or to the limit of the
// [io.LimitedReader] around it. It fails with an error of the file, also if there are at least [MinSend] and they cannot be
// read.
func (f *File) Rest() (int64, error) {
	size, err := f.kernel.size(f.file)
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
	if rest >= MinSend {
		_, err = f.file.ReadAt(f.probe[:], pos) // the kernel must be able to
	}
	return rest, err
}

// Total returns how many bytes all calls of SendFile have sent.
func (f *File) Total() int64 { return f.total }

// advance accounts for n bytes that have left.
func (f *File) advance(n int64) {
	f.total += n
	if f.limited != nil {
		f.limited.N -= n
	}
}

// send sends up to n bytes, from where the file stands, which then stands behind them. Its error is the transport's, or an
// *Error.
func (f *File) send(n int64) (sent int64, err error) {
	if !f.copying {
		sent, err = f.kernel.send(f.file, n)
		f.copying = err == errRefused
	}
	if f.copying {
		sent, err = f.copy(n)
	}
	if sent == 0 && err == nil {
		err = errFileShrank
		return 0, &Error{Kind: Source, Err: err}
	}
	return sent, err
}

// errRefused says that the kernel cannot send the file, of which it has sent nothing.
var errRefused = errors.New("the kernel cannot send the file")

// copy sends up to n bytes, one buffer at most, as the kernel cannot.
func (f *File) copy(n int64) (sent int64, err error) {
	buf := buffer.Take(buffer.Large)
	defer buffer.Give(buf)
	k, err := f.file.Read(buf[:min(n, buffer.Large)])
	if k == 0 {
		if err == io.EOF {
			err = nil // send tells
		}
		return 0, sourceError(err)
	}
	w, err := f.kernel.writer().Write(buf[:k])
	if w < k {
		if _, err := f.file.Seek(int64(w-k), io.SeekCurrent); err != nil {
			return int64(w), sourceError(err)
		}
	}
	return int64(w), err
}

// sourceError returns an error of the file as that of a call, or nil.
func sourceError(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: Source, Err: err}
}

// kernelError tells, where the kernel takes bytes from a file to a socket, which of the two has failed: the socket by one of
// the few errors that only a socket has, and the file by any other. A timeout comes from waiting for the socket.
func kernelError(err error) error {
	var ofFile *fs.PathError
	var ofSocket *net.OpError
	switch {
	case err == nil || isTimeout(err) || errors.Is(err, net.ErrClosed):
		return err
	case errors.As(err, &ofFile):
		return sourceError(err)
	case isSocketErrno(err) || errors.As(err, &ofSocket) && isWrite(ofSocket):
		return err
	}
	return sourceError(err)
}

// isWrite reports whether err, or what it wraps, is of a write to a socket, as where package net copies a file.
func isWrite(err *net.OpError) bool {
	for err.Op != "write" {
		if !errors.As(err.Err, &err) {
			return false
		}
	}
	return true
}

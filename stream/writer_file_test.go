//go:build linux

package stream_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A lostFile fails once a frame has begun, as one does whose file system goes away. The kernel cannot be asked for the
// errors of NFS, so that the descriptor says them, or Read does for what the kernel does not send.
type lostFile struct {
	*os.File
	err   error
	other *os.File // which the kernel is given then, as it cannot send from it; nil: the descriptor fails

	begun atomic.Bool
}

func (f *lostFile) Read(p []byte) (int, error) {
	if f.begun.Load() {
		return 0, f.err
	}
	return f.File.Read(p)
}

func (f *lostFile) SyscallConn() (syscall.RawConn, error) {
	raw, err := f.File.SyscallConn()
	return lostHandle{raw, f}, err
}

type lostHandle struct {
	syscall.RawConn
	f *lostFile
}

func (h lostHandle) Control(fn func(uintptr)) error {
	switch {
	case !h.f.begun.Load():
		return h.RawConn.Control(fn)
	case h.f.other == nil:
		return h.f.err
	}
	raw, err := h.f.other.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(fn)
}

// The frame that has begun has no end then, whatever the error is, and the peer must learn that.
func TestAnErrorOfTheFileInMidFrameEndsTheConnection(t *testing.T) {
	const size = 3 << 20
	directory, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	errs := map[string]error{
		"ESTALE":             syscall.ESTALE,
		"ENOMEM":             syscall.ENOMEM,
		"EOVERFLOW":          syscall.EOVERFLOW,
		"EIO":                syscall.EIO,
		"EIO wrapped":        os.NewSyscallError("sendfile", syscall.EIO),
		"PathError":          &os.PathError{Op: "read", Path: "f", Err: syscall.ESTALE},
		"none of the system": errors.New("the disk is gone"),
	}
	forms := map[string][]stream.WriterOption{"in frames": nil, "in one frame": {stream.SingleFrame(size)}}
	for _, tr := range wstest.Transports[:2] {
		for form, opts := range forms {
			for name, lost := range errs {
				for i := range 4 {
					server, reads := i&1 != 0, i&2 != 0
					t.Run(fmt.Sprintf("%s/%s/%s/server %v/Read fails %v", tr.Name, form, name, server, reads), func(t *testing.T) {
						a, b := tr.Pair(t)
						f := &lostFile{File: tempFile(t, size), err: lost}
						if reads {
							f.other = directory
						}
						c := open(t, a, server, stream.WithTrace(&stream.Trace{FrameSent: func(h frame.Header) {
							if h.Opcode == opcode.Binary {
								f.begun.Store(true)
							}
						}}))
						if !server {
							c.SetMasking(frame.NoMask)
						}
						w := newWriter(t, c, opcode.Binary, opts...)
						_, err := w.ReadFrom(f)
						wantLostFile(t, "ReadFrom", err, lost)
						wantLostFile(t, "Close", w.Close(), lost)
						if c.Connected() {
							t.Fatal("the connection has not ended")
						}
						wantLostFile(t, "Err", c.Err(), lost)
						if c.Writable() || !errors.Is(c.Err(), net.ErrClosed) {
							t.Errorf("writable %v, %v", c.Writable(), c.Err())
						}
						b.(net.Conn).SetReadDeadline(time.Now().Add(promptly))
						if f, _, err := wstest.NewPeer(t, b, !server).Receive(); err != io.ErrUnexpectedEOF {
							t.Errorf("the peer got a frame of %d bytes, %v", len(f.Payload), err)
						}
					})
				}
			}
		}
	}
}

func wantLostFile(t *testing.T, what string, err, lost error) {
	t.Helper()
	var errno syscall.Errno
	if errors.As(lost, &errno) {
		lost = errno
	}
	if !errors.Is(err, lost) || errors.Is(err, io.EOF) {
		t.Errorf("%s: %v", what, err)
	}
}

// What was gathered before makes the first fragment no smaller for the kernel: a few bytes would cost the whole file.
func TestFilesBehindGatheredBytesAreSentByTheKernel(t *testing.T) {
	const size = 3 << 20
	for _, tt := range []struct{ gathered, fragment int }{
		{1, 64 << 10}, {1000, 64 << 10}, {30_000, 64 << 10}, {40_000, 100_000}, {1, 65_537}, {0, 64 << 10}, {1, 1 << 20},
	} {
		for _, tr := range wstest.Transports[:2] {
			for _, server := range []bool{true, false} {
				t.Run(fmt.Sprintf("%d bytes/fragments of %d/%s/server %v", tt.gathered, tt.fragment, tr.Name, server), func(t *testing.T) {
					a, b := tr.Pair(t)
					c := open(t, a, server, stream.FragmentSize(tt.fragment))
					if !server {
						c.SetMasking(frame.NoMask)
					}
					f := &countedFile{File: tempFile(t, size)}
					sent := make(chan error, 1)
					go func() {
						w := newWriter(t, c, opcode.Binary)
						_, err := w.Write(data[:tt.gathered])
						n, err2 := w.ReadFrom(f)
						if n != size {
							err = errors.Join(err, fmt.Errorf("%d bytes", n))
						}
						sent <- errors.Join(err, err2, w.Close())
						c.Abort()
					}()
					if _, payload := frames(t, wstest.NewPeer(t, b, !server)); payload != string(data[:tt.gathered])+string(data[:size]) {
						t.Errorf("the peer got %d bytes, or others", len(payload))
					}
					if err := <-sent; err != nil {
						t.Error(err)
					}
					if f.read > 256<<10 {
						t.Errorf("%d of %d bytes were copied", f.read, size)
					}
				})
			}
		}
	}
}

//go:build unix

package transport_test

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/litert/websocket/internal/transport"
)

// A file has failed by any error that is not known to be a socket's.
func TestWhichOfFileAndSocketHasFailed(t *testing.T) {
	for _, errno := range []syscall.Errno{
		syscall.EIO, syscall.EBADF, syscall.EINVAL, syscall.ESTALE, syscall.ENOMEM, syscall.EOVERFLOW, syscall.EACCES, syscall.EPERM,
		syscall.EISDIR, syscall.ENXIO, syscall.EFBIG, syscall.ENODEV, syscall.EDQUOT, syscall.ESPIPE,
	} {
		for _, err := range causes(errno) {
			if !transport.KernelError(err) {
				t.Errorf("%v is taken for the socket's", err)
			}
		}
	}
	for _, errno := range []syscall.Errno{
		syscall.EPIPE, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.ENOTCONN, syscall.ESHUTDOWN, syscall.ETIMEDOUT,
		syscall.EHOSTUNREACH, syscall.EHOSTDOWN, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENETRESET,
	} {
		for _, err := range causes(errno) {
			if transport.KernelError(err) {
				t.Errorf("%v is taken for the file's", err)
			}
		}
		if err := error(&fs.PathError{Op: "read", Path: "f", Err: errno}); !transport.KernelError(err) {
			t.Errorf("%v is taken for the socket's", err)
		}
	}
	write := &net.OpError{Op: "write", Net: "tcp", Err: syscall.EIO}
	for _, err := range []error{os.ErrDeadlineExceeded, net.ErrClosed, write, &net.OpError{Op: "readfrom", Net: "tcp", Err: write}} {
		if transport.KernelError(err) {
			t.Errorf("%v is taken for the file's", err)
		}
	}
	if transport.KernelError(nil) {
		t.Error("no error is taken for the file's")
	}
}

// causes returns errno as the system's ways to send a file wrap it.
func causes(errno syscall.Errno) []error {
	call := os.NewSyscallError("sendfile", errno)
	return []error{errno, call, &net.OpError{Op: "readfrom", Net: "tcp", Err: call}, fmt.Errorf("wrapped: %w", call)}
}

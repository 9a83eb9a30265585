//go:build !linux

package stream

import (
	"io"
	"net"
)

// canSendfile reports whether the kernel can send files over the connection.
func (s *Socket) canSendfile() bool {
	_, ok := s.transport.(*net.TCPConn)
	return ok
}

// A kernelFile is the socket that the kernel sends a file to.
type kernelFile struct{ conn *net.TCPConn }

func (f *fileSource) bind(s *Socket) error {
	f.kernel.conn = s.transport.(*net.TCPConn)
	return nil
}

// size returns the length of the file.
func (f *fileSource) size() (int64, error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// send sends up to n bytes, from where the file stands.
func (f *fileSource) send(n int64) (int64, error) {
	return f.kernel.conn.ReadFrom(&io.LimitedReader{R: f.file, N: n})
}

//go:build !linux

package transport

import (
	"io"
	"net"
)

// canSendfile reports whether the kernel can send files over the connection.
func (c *Conn) canSendfile() bool {
	_, ok := c.rwc.(*net.TCPConn)
	return ok
}

// A kernelFile is the socket that the kernel sends a file to.
type kernelFile struct{ conn *net.TCPConn }

func (k *kernelFile) bind(c *Conn, _ regularFile) error {
	k.conn = c.rwc.(*net.TCPConn)
	return nil
}

// writer returns the socket.
func (k *kernelFile) writer() io.Writer { return k.conn }

// size returns the length of the file.
func (k *kernelFile) size(file regularFile) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// send sends up to n bytes, from where the file stands. Its error is the transport's, or an *Error.
func (k *kernelFile) send(file regularFile, n int64) (int64, error) {
	start, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, sourceError(err)
	}
	sent, err := k.conn.ReadFrom(&io.LimitedReader{R: file, N: n})
	if sent < n { // package net may have read further than it has written
		if _, err := file.Seek(start+sent, io.SeekStart); err != nil {
			return sent, sourceError(err)
		}
	}
	return sent, kernelError(err)
}

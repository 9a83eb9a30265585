package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// errTooLong says that the sender goes on behind the end that it has announced, and need not be listened to any more.
var errTooLong = errors.New("more bytes came than were announced")

// receiveFile receives the n bytes that were announced into dst, and returns nil if they have come as they were sent.
func receiveFile(ctx context.Context, conn *stream.Conn[*stream.Reader], n int64, dst, progress io.Writer) error {
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	defer msg.Close()
	if msg.Opcode() != opcode.Binary {
		return errors.New("a text instead of the file")
	}
	sum := sha256.New()
	came, err := io.Copy(&limited{io.MultiWriter(dst, sum, progress), n}, msg)
	if err != nil {
		return err
	}
	if came != n {
		return fmt.Errorf("%d bytes came instead of %d", came, n)
	}
	want, err := receiveChecksum(ctx, conn)
	if err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return errors.New("the SHA-256 sum of what came is not that of what was sent")
	}
	return nil
}

// A limited writes to dst, and fails when there is more than rest.
type limited struct {
	dst  io.Writer
	rest int64
}

func (l *limited) Write(p []byte) (int, error) {
	if int64(len(p)) > l.rest {
		return 0, errTooLong
	}
	n, err := l.dst.Write(p)
	l.rest -= int64(n)
	return n, err
}

package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A lie is what a sender sends that does not mean well, or has gone wrong.
type lie struct {
	name, complaint string
	send            func(context.Context, conn) error
}

var lies = []lie{
	{"shorter than announced", "3 bytes came instead of 1000000", told(`{"length": 1000000}`, abc, sumOf(abc))},
	{"shorter by a byte", "3 bytes came instead of 4", told(`{"length": 4}`, abc, sumOf(abc))},
	{"longer by a byte", "more bytes came than were announced", told(`{"length": 2}`, abc, sumOf(abc))},
	{"longer than nothing", "more bytes came than were announced", told(`{"length": 0}`, abc, sumOf(abc))},
	{"another sum", "sum of what came is not", told(`{"length": 3}`, abc, sumOf([]byte("abd")))},
	{"half a sum", "64 hexadecimal digits", told(`{"length": 3}`, abc, `{"length": 3, "sha256": "ba7816bf"}`)},
	{"no sum", "sum of what came is not", told(`{"length": 3}`, abc, `{"length": 3}`)},
	{"no length of the total", "3 bytes came instead of", told(`{"length": 3}`, abc, `{}`)},
	{"a sum that is none", "64 hexadecimal digits", told(`{"length": 3}`, abc, `{"sha256": "xyz"}`)},
	{"a long sum", "a text of over 1024 bytes", told(`{"length": 3}`, abc, `{"sha256": "`+strings.Repeat("0", 2000)+`"}`)},
	{"a total of other length", "3 bytes came instead of 4", told(`{"length": 3}`, abc, `{"length": 4, "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`)},
	{"a negative length", "a length of -3, from 0 on, cannot be", told(`{"length": -3}`, abc, sumOf(abc))},
	{"a length that overflows", "waiting for what the file is", told(`{"length": 99999999999999999999}`, abc, sumOf(abc))},
	{"no JSON", "waiting for what the file is", told("3", abc, sumOf(abc))},
	{"a long head", "a text of over 1024 bytes", told(`{"length": 3` + strings.Repeat(" ", 2000) + `}`)},
	{"bytes as the head", "bytes instead of a text", told(abc)},
	{"a message more", "more bytes came than were announced", told(`{"length": 3}`, abc, abc, sumOf(abc))},
	{"a text in the place of the file", "waiting for the sum", told(`{"length": 3}`, "abc", sumOf(abc))},
}

func TestGetFindsWhatIsNotWhatWasSent(t *testing.T) {
	for _, tt := range lies {
		t.Run(tt.name, func(t *testing.T) {
			url := script(t, transfer.GetProtocol, func(ctx context.Context, c conn) error {
				if _, err := hear(ctx, c); err != nil {
					return err
				}
				if err := tt.send(ctx, c); err != nil {
					return err
				}
				_, err := c.Receive(ctx)
				return err
			})
			dir := t.TempDir()
			copied := filetest.Write(t, "old", dir, "copied")
			mustFail(t, tt.complaint, "get", url, copied)
			filetest.CheckDir(t, dir, "copied")
			filetest.Check(t, "old", copied)
		})
	}
}

func TestServeFindsWhatIsNotWhatWasSent(t *testing.T) {
	for _, tt := range lies {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t)
			filetest.Write(t, "old", s.dir, "file")
			c := dialPut(t, s.url+"file")
			told(`{}`)(testContext(t), c)
			tt.send(testContext(t), c) // fails where the server has found out already
			_, err := c.Receive(testContext(t))
			var closed *stream.CloseError
			if errors.As(err, &closed) && closed.Code != closecode.InternalError {
				t.Errorf("the server says %v", err)
			}
			s.awaitLog(t, tt.complaint)
			filetest.CheckDir(t, s.dir, "file")
			filetest.Check(t, "old", s.dir, "file")
		})
	}
}

// endless announces ten bytes, and counts what it could send behind until it was stopped.
func endless(ctx context.Context, c conn) (sent int64, err error) {
	if err := c.WriteText(ctx, `{"length": 10}`); err != nil {
		return 0, err
	}
	w, err := c.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return 0, err
	}
	defer w.Abort()
	zeros := make([]byte, 1<<20)
	for err == nil && sent < 1<<30 {
		var n int
		n, err = w.Write(zeros)
		sent += int64(n)
	}
	return sent, err
}

// muchInBuffers is what the system may have taken on the way of what nobody has read.
const muchInBuffers = 64 << 20

func TestASenderWithoutEndIsStopped(t *testing.T) {
	var sent atomic.Int64
	stopped := make(chan error, 1)
	url := script(t, transfer.GetProtocol, func(ctx context.Context, c conn) error {
		if _, err := hear(ctx, c); err != nil {
			return err
		}
		n, err := endless(ctx, c)
		sent.Store(n)
		stopped <- err
		return err
	})
	dir := t.TempDir()
	mustFail(t, "more bytes came than were announced", "get", url, filepath.Join(dir, "copied"))
	filetest.CheckDir(t, dir)
	if err := <-stopped; err == nil || sent.Load() > muchInBuffers {
		t.Errorf("the server has sent %d bytes, %v", sent.Load(), err)
	}

	s := startServer(t)
	c := dialPut(t, s.url+"file")
	if err := told(`{}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	n, err := endless(testContext(t), c)
	if err == nil || n > muchInBuffers {
		t.Errorf("the client has sent %d bytes, %v", n, err)
	}
	s.awaitLog(t, "more bytes came than were announced")
	filetest.CheckDir(t, s.dir)
}

func TestGetHasTheFileThoughTheServerNeverCloses(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	url := script(t, transfer.GetProtocol, func(ctx context.Context, c conn) error {
		_, err := hear(ctx, c)
		if err == nil {
			err = told(`{"length": 3}`, abc, sumOf(abc))(ctx, c)
		}
		<-done
		return errors.Join(err, c.Abort())
	})
	dir := t.TempDir()
	mustRun(t, "get", url, filepath.Join(dir, "copied"))
	filetest.Check(t, "abc", dir, "copied")
}

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
)

func truncate(name string) error { return os.Truncate(name, 1) }

func lengthen(name string) error { return os.Truncate(name, 40<<20) }

func TestAFileThatChangesWhileItIsSentIsNotReceived(t *testing.T) {
	other := func(name string) error { return filetest.Flip(name, 0, time.Unix(1e9, 0)) }
	for name, change := range map[string]func(string) error{"other bytes": other, "shorter": truncate, "longer": lengthen} {
		t.Run("put, "+name, func(t *testing.T) {
			source := filetest.Write(t, filetest.Random(24<<20), t.TempDir(), "source")
			received := make(chan error, 1)
			url := script(t, transfer.PutProtocol, func(ctx context.Context, c conn) error {
				e, err := receivePut(ctx, c)
				if err != nil {
					return err
				}
				if err := change(source); err != nil {
					return err
				}
				err = receiveAll(ctx, c, e, io.Discard)
				received <- err
				return err
			})
			mustFail(t, `source": changed while it was sent`, "put", source, url)
			if err := <-received; err == nil {
				t.Error("the receiver takes it for whole")
			}
		})
		t.Run("get, "+name, func(t *testing.T) {
			s := startServer(t)
			file := filetest.Write(t, filetest.Random(24<<20), s.dir, "file")
			c := dialFor(t, s.url+"file", transfer.GetProtocol)
			e := ask(t, c)
			if err := change(file); err != nil {
				t.Fatal(err)
			}
			if err := receiveAll(testContext(t), c, e, io.Discard); err == nil {
				t.Error("the receiver takes it for whole")
			}
			transfer.End(t.Context(), c, nil)
			s.awaitLog(t, `"file": changed while it was sent`)
		})
	}
}

func TestAFileThatDoesNotTellItsLengthIsNotReceived(t *testing.T) {
	const name = "/proc/cpuinfo" // is of no bytes, and has some
	if p, err := os.ReadFile(name); err != nil || len(p) == 0 {
		t.Skipf("there is no such file: %v", err)
	}
	s := startServer(t)
	mustFail(t, `cpuinfo": has more bytes than the 0 B that it tells; a pipe sends it`, "put", name, s.url+"file")
	await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
	filetest.CheckDir(t, s.dir)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestTheReasonOfAFailedReceiverReachesTheSender(t *testing.T) {
	source := sparseFile(t, t.TempDir(), "source")
	url := script(t, transfer.PutProtocol, func(ctx context.Context, c conn) error {
		e, err := receivePut(ctx, c)
		if err != nil {
			return err
		}
		full := writerFunc(func(p []byte) (int, error) { return 0, io.ErrShortWrite })
		err = receiveAll(ctx, c, e, full)
		transfer.End(ctx, c, err)
		return err
	})
	mustFail(t, "the other side says: short write", "put", source, url)

	s := startServer(t)
	sparseFile(t, s.dir, "file")
	c := dialFor(t, s.url+"file", transfer.GetProtocol)
	ask(t, c)
	transfer.End(testContext(t), c, errors.New("the disk is full"))
	s.awaitLog(t, "the other side says: the disk is full")
}

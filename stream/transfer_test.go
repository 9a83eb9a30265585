package stream_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

func TestAFileGoesAcrossEveryTransport(t *testing.T) {
	data := make([]byte, 9<<20+123)
	rand.NewChaCha8([32]byte{}).Read(data)
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tr := range wstest.Transports {
		for _, fromServer := range []bool{false, true} {
			t.Run(tr.Name, func(t *testing.T) {
				from, to := pair(t, tr)
				if fromServer {
					from, to = to, from
				}
				sent := make(chan error, 1)
				go func() {
					sent <- func() error {
						f, err := os.Open(name)
						if err != nil {
							return err
						}
						defer f.Close()
						w, err := from.NewWriter(context.Background(), opcode.Binary)
						if err != nil {
							return err
						}
						if n, err := io.Copy(w, f); err != nil || n != int64(len(data)) {
							return errors.Join(err, errors.New("short copy"))
						}
						if err := w.Close(); err != nil {
							return err
						}
						return from.Shutdown(context.Background(), closecode.NormalClosure, "bye")
					}()
				}()
				r, err := to.Receive(bg(t))
				if err != nil {
					t.Fatal(err)
				}
				h := sha256.New()
				n, err := io.Copy(h, r)
				if err != nil || n != int64(len(data)) {
					t.Fatalf("received %d bytes, %v", n, err)
				}
				if sum := sha256.Sum256(data); !bytes.Equal(h.Sum(nil), sum[:]) {
					t.Fatal("the file has changed")
				}
				if _, err := to.Receive(bg(t)); !errors.Is(err, io.EOF) {
					t.Fatalf("after the file: %v", err)
				}
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

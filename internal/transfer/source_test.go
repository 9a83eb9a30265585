package transfer_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/transfer"
)

// flip changes a byte of a file, at the time that the file had.
func flip(name string, at int64) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	var b [1]byte
	if _, err := file.ReadAt(b[:], at); err != nil {
		return err
	}
	if _, err := file.WriteAt([]byte{b[0] ^ 1}, at); err != nil {
		return err
	}
	return os.Chtimes(name, time.Time{}, info.ModTime())
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// What changes between being hashed and being sent has another sum, even if nothing else tells.
func TestTheSumIsOfBytesThatTheReceiverMustHave(t *testing.T) {
	name := write(t, randomBytes(3*transfer.PartSize), t.TempDir(), "source")
	var sent bytes.Buffer
	hashed, changed := 0, make(chan struct{})
	waiting := writerFunc(func(p []byte) (int, error) {
		<-changed
		return sent.Write(p)
	})
	sum, err := openSource(t, name).CopyTo(waiting, sha256.New(), writerFunc(func(p []byte) (int, error) {
		if hashed += len(p); hashed != transfer.PartSize { // which ends with a byte that is not read yet to be sent
			return len(p), nil
		}
		defer close(changed)
		return len(p), flip(name, transfer.PartSize-1)
	}))
	if got := sha256.Sum256(sent.Bytes()); err != nil || sum == got {
		t.Errorf("the sum is that of other bytes, %v", err)
	}

	sent.Reset()
	sum, err = openSource(t, name).CopyTo(&sent, sha256.New(), io.Discard)
	if got := sha256.Sum256(sent.Bytes()); err != nil || sum != got {
		t.Errorf("the sum of an unchanged file is wrong, %v", err)
	}
}

func TestWhatIsNoSource(t *testing.T) {
	dir := t.TempDir()
	for name, complaint := range map[string]string{dir: "is a directory", filepath.Join(dir, "missing"): `missing": `} {
		if _, err := transfer.Open(t.Context(), name); !transfer.Final(err) || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	root := openRoot(t, dir)
	for name, complaint := range map[string]string{".": "not a regular file", "missing": `"missing": `, "../x": `"../x": `} {
		if _, err := transfer.OpenIn(root, name); !transfer.Final(err) || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

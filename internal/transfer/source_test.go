package transfer_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

// flip changes a byte of a file, at the time that the file had.
func flip(name string, at int64) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	return filetest.Flip(name, at, info.ModTime())
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A file may change in such a way that nothing tells.
func TestTheSumIsOfTheBytesThatAreSent(t *testing.T) {
	name := filetest.Write(t, filetest.Random(3<<20), t.TempDir(), "source")
	var sent bytes.Buffer
	changed := false
	sum, err := openSource(t, name).CopyTo(&sent, sha256.New(), writerFunc(func(p []byte) (int, error) {
		if changed {
			return len(p), nil
		}
		changed = true
		return len(p), errors.Join(flip(name, 0), flip(name, 2<<20))
	}))
	if got := sha256.Sum256(sent.Bytes()); err != nil || sum != got || sent.Len() != 3<<20 {
		t.Errorf("the sum of %d bytes is that of others, %v", sent.Len(), err)
	}
}

func TestWhatIsNoSource(t *testing.T) {
	dir := t.TempDir()
	for name, complaint := range map[string]string{dir: "is a directory", filepath.Join(dir, "missing"): `missing": `} {
		if _, err := transfer.Open(t.Context(), name); !transfer.Final(err) || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	root := filetest.OpenRoot(t, dir)
	for name, complaint := range map[string]string{".": "not a regular file", "missing": `"missing": `, "../x": `"../x": `} {
		if _, err := transfer.OpenIn(root, name); !transfer.Final(err) || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What was opened by name is opened anew; what was not, cannot be, or is elsewhere by that name.
func TestWhatWasNotOpenedByNameIsSentOnce(t *testing.T) {
	p, dir := serve(t, anything), t.TempDir()
	filetest.Write(t, "content", dir, "source")
	file, err := transfer.OpenIn(filetest.OpenRoot(t, dir), "source")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, src := range map[string]*transfer.Source{"source": file, "input": transfer.Pipe("input", strings.NewReader("content"))} {
		put, _ := p.putter(t, name)
		r, err := put.Put(testContext(t), src, false)
		check(t, r, err, "content")
		put, _ = p.putter(t, name)
		if _, err = put.Put(testContext(t), src, false); !transfer.Final(err) || !strings.Contains(err.Error(), "can be sent only once") {
			t.Errorf("%s is sent again: %v", name, err)
		}
		filetest.Check(t, "content", p.dir, name)
	}
}

// The files of /proc tell no length, and those of /sys one that they do not have.
func TestAFileOfAnotherLengthThanItTellsIsRefused(t *testing.T) {
	for name, complaint := range map[string]string{
		"/proc/cpuinfo": "has more bytes than the 0 B that it tells; a pipe sends it",
		"/sys/kernel/mm/transparent_hugepage/enabled": "has fewer bytes than the ",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(name); err != nil {
				t.Skip(err)
			}
			p := serve(t, anything)
			put, _ := p.putter(t, "file")
			if _, err := put.Put(testContext(t), openSource(t, name), false); !transfer.Final(err) || !strings.Contains(err.Error(), complaint) {
				t.Errorf("the client says %v", err)
			}
			if err := <-p.ended; stream.CloseCode(err) != closecode.PolicyViolation {
				t.Errorf("the server says %v", err)
			}
			filetest.CheckDir(t, p.dir)
		})
	}
}

func TestWhatIsNotSentIsNotHashed(t *testing.T) {
	sum, broken := sha256.New(), errors.New("broken")
	failing := writerFunc(func([]byte) (int, error) { return 0, broken })
	if _, err := openSource(t, filetest.Write(t, "content", t.TempDir(), "source")).CopyTo(failing, sum, new(bytes.Buffer)); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if !bytes.Equal(sum.Sum(nil), sha256.New().Sum(nil)) {
		t.Error("it is hashed")
	}
}

//go:build unix

package listen_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestFileOfASocketIsTreatedAsNetDoes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "s")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	var op *net.OpError
	if _, err := listen.Listen("unix", name, stream.Standard); !errors.As(err, &op) {
		t.Errorf("with a file left behind, error is %v, want a net.OpError", err)
	}
	if err := os.Remove(name); err != nil {
		t.Errorf("the file left behind was touched: %v", err)
	}
	for range 2 {
		listenAt(t, "unix", name).Close()
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the file is left behind: %v", err)
		}
	}
}

//go:build interop

package interop_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAProgramInPythonSpeaksTheProtocolOfWscp(t *testing.T) {
	served, address := serveFolder(t)
	at := func(name string) string { return "ws://" + address + "/" + name }
	content := make([]byte, 1<<20+1)
	rand.Read(content)
	source := filepath.Join(tempDir(t), "source")
	if err := os.WriteFile(source, content, 0o600); err != nil {
		t.Fatal(err)
	}
	half := fmt.Sprintf("from %d: closed 1000", len(content)/2)

	t.Run("put", func(t *testing.T) {
		wantWords(t, speak(t, "put", at("put"), source), "from 0: closed 1000")
		name := filepath.Join(served, "put")
		wantContent(t, name, content)
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC); info.Mode()&0o100 == 0 || !info.ModTime().Equal(want) {
			t.Errorf("it has mode %v and time %v", info.Mode(), info.ModTime())
		}
	})
	t.Run("a put that goes on", func(t *testing.T) {
		wantWords(t, speak(t, "begin", at("resumed"), source), "from 0: closed 1001")
		wantNone(t, filepath.Join(served, "resumed"))
		var said string
		waitFor(t, "the server to be done with the first one", func() (bool, string) {
			said = speak(t, "continue", at("resumed"), source)
			return !strings.Contains(said, "under way"), said
		})
		wantWords(t, said, half)
		wantContent(t, filepath.Join(served, "resumed"), content)
	})
	t.Run("a wrong sum", func(t *testing.T) {
		wantWords(t, speak(t, "wrong", at("wrong"), source), "from 0: closed 1011", "SHA-256")
		wantNone(t, filepath.Join(served, "wrong"))
	})
	if err := os.WriteFile(filepath.Join(served, "there"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	other := bytes.Repeat([]byte("other"), 1000)
	for _, c := range []struct {
		name, want string
		had        []byte
	}{
		{"get", "from 0: closed 1000", nil},
		{"a get that goes on", half, content[:len(content)/2]},
		{"a get behind what is something else", "from 0: closed 1000", other},
	} {
		t.Run(c.name, func(t *testing.T) {
			copied := filepath.Join(tempDir(t), "copied")
			if err := os.WriteFile(copied, c.had, 0o600); err != nil {
				t.Fatal(err)
			}
			wantWords(t, speak(t, "get", at("there"), copied), c.want)
			wantContent(t, copied, content)
		})
	}
}

// speak has the program in Python transfer a file, and returns what it says.
func speak(t *testing.T, how, url, file string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, filepath.Join("peers", "wscp_peer.py"), how, url, file)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return string(out)
}

func wantWords(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(said, w) {
			t.Fatalf("the peer says %q; want %q", said, w)
		}
	}
}

func wantContent(t *testing.T, name string, want []byte) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, %v; want the %d that were sent", filepath.Base(name), len(got), err, len(want))
	}
}

func wantNone(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is there: %v", filepath.Base(name), err)
	}
}

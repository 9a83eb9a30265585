package listen_test

import (
	"io"
	"testing"
	"time"

	"github.com/litert/websocket/listen"
)

func TestHandshakesBeyondTheBoundWait(t *testing.T) {
	l := listenLocally(t, listen.MaxHandshakes(2))
	first, second := connect(t, l.Addr(), ""), connect(t, l.Addr(), requestLine)
	third := connect(t, l.Addr(), proper+"\r\n")
	third.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if p := make([]byte, 1); !isTimeout(readOne(third, p)) {
		t.Fatalf("it was answered: %q", p)
	}
	third.SetReadDeadline(time.Time{})
	first.Close()
	want := make([]byte, len(switching))
	if _, err := io.ReadFull(third.r, want); err != nil || string(want) != switching {
		t.Errorf("got %q, %v", want, err)
	}
	// The slot of the third is free: it has finished.
	fourth := connect(t, l.Addr(), proper+"\r\n")
	if _, err := io.ReadFull(fourth.r, want); err != nil || string(want) != switching {
		t.Errorf("got %q, %v", want, err)
	}
	second.Close()
}

func readOne(c io.Reader, p []byte) error {
	_, err := c.Read(p)
	return err
}

func TestCloseAtTheBound(t *testing.T) {
	l := listenLocally(t, listen.MaxHandshakes(1))
	connect(t, l.Addr(), "")
	connect(t, l.Addr(), "")
	time.Sleep(20 * time.Millisecond)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

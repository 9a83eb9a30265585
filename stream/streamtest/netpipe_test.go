package streamtest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/litert/websocket/stream/streamtest"
)

func TestANetPipeIsANetConn(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		a, b = streamtest.NetPipe()
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

// In a bubble, time stands still unless all wait: whoever waits here does so in a way that the bubble sees.
func TestANetPipeWaitsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := streamtest.NetPipe()
		defer b.Close()
		defer a.Close()
		began := time.Now()
		a.SetDeadline(began.Add(time.Hour))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		a.SetDeadline(began.Add(2 * time.Hour))
		n, err := a.Write(make([]byte, 100<<10))
		if n != 64<<10 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %d, %v", n, err)
		}
		if passed := time.Since(began); passed != 2*time.Hour {
			t.Errorf("%v have passed", passed)
		}
	})
}

func TestWritesToANetPipeDoNotMix(t *testing.T) {
	a, b := streamtest.NetPipe()
	defer a.Close()
	const size = 200 << 10
	for _, fill := range []byte{'x', 'y'} {
		go a.Write(bytes.Repeat([]byte{fill}, size))
	}
	got := make([]byte, 2*size)
	if _, err := io.ReadFull(b, got); err != nil {
		t.Fatal(err)
	}
	for _, half := range [][]byte{got[:size], got[size:]} {
		if bytes.Count(half, half[:1]) != size {
			t.Error("the bytes of two Writes are mixed")
		}
	}
}

func TestWhatANetPipeHoldsCanBeReadAfterItsClose(t *testing.T) {
	a, b := streamtest.NetPipe()
	defer b.Close()
	io.WriteString(a, "the last words")
	a.Close()
	a.Close()
	if p, err := io.ReadAll(b); string(p) != "the last words" || err != nil {
		t.Errorf("got %q, %v", p, err)
	}
	if _, err := b.Write([]byte("too late")); err != io.ErrClosedPipe {
		t.Errorf("Write to an end that has closed: %v", err)
	}
	for what, err := range map[string]error{
		"Read":             second(a.Read(make([]byte, 1))),
		"Write":            second(a.Write(make([]byte, 1))),
		"SetDeadline":      a.SetDeadline(time.Time{}),
		"SetReadDeadline":  a.SetReadDeadline(time.Time{}),
		"SetWriteDeadline": a.SetWriteDeadline(time.Time{}),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
}

func second(_ int, err error) error { return err }

func TestCloseEndsTheWaitsOfANetPipe(t *testing.T) {
	for _, ours := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b := streamtest.NetPipe()
			ended := make(chan error, 2)
			go func() { ended <- second(a.Read(make([]byte, 1))) }()
			go func() { ended <- second(a.Write(make([]byte, 100<<10))) }()
			synctest.Wait()
			if ours {
				a.Close()
			} else {
				b.Close()
			}
			for range 2 {
				if err := <-ended; err == nil {
					t.Error("a call succeeded")
				}
			}
		})
	}
}

func TestANetPipeHasTheAddressesOfAPipe(t *testing.T) {
	a, b := streamtest.NetPipe()
	defer a.Close()
	defer b.Close()
	for _, addr := range []net.Addr{a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr()} {
		if addr.Network() != "pipe" || addr.String() != "pipe" {
			t.Errorf("an address is %v of %s", addr, addr.Network())
		}
	}
	if n, err := a.Read(nil); n != 0 || err != nil {
		t.Errorf("Read into nothing: %d, %v", n, err)
	}
}

package stream_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

// arrived returns how many bytes have come over c that were not read.
func arrived(t testing.TB, c net.Conn) (n int) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), make([]byte, 1<<20), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return max(n, 0)
}

func TestWhatANetConnAnswersGoesOutTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
	for _, op := range []opcode.Opcode{opcode.Binary, opcode.Text} {
		together := false
		for range 100 { // as it may be interrupted
			a, b := wstest.TCP(t)
			c, peer := netConn(t, open(t, b, true), op), wstest.NewPeer(t, a, false)
			peer.Send(append(peer.Frame(true, op, "abcd"), peer.Frame(true, op, "ef")...))
			p := make([]byte, 2)
			for i, want := range []string{"ab", "cd", "ef"} {
				if _, err := io.ReadFull(c, p); string(p) != want || err != nil {
					t.Fatalf("read %q, %v", p, err)
				}
				io.WriteString(c, want)
				if op == opcode.Binary && i < 2 || i == 1 {
					together = together || arrived(t, a) == 0
				}
			}
			if got := arrived(t, a); got != 3*len("\x82\x02ab") {
				t.Errorf("%v: %d bytes have arrived when nothing more was to be read", op, got)
			}
			for _, want := range []string{"ab", "cd", "ef"} {
				peer.Want(true, op, want)
			}
			if together {
				break
			}
		}
		if !together {
			t.Errorf("%v: each went out by itself", op)
		}
	}
}

// When the deadline comes, what was put off has left, and some of the frame behind it: what is left of that one goes on by itself.
func TestADeadlineInAFrameBehindOneThatWasPutOffLosesNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what is put off waits until this goroutine does
	first, second := strings.Repeat("1", 4<<10), strings.Repeat("2", 4<<10)
	fits := false
	for range 100 { // as it may be interrupted
		a, b := wstest.Unix(t)
		b.(*net.UnixConn).SetWriteBuffer(1) // the least there is, which takes less than both
		c, peer := netConn(t, open(t, b, true), opcode.Binary), wstest.NewPeer(t, a, false)
		peer.Send(append(peer.Frame(true, opcode.Binary, "a"), peer.Frame(true, opcode.Binary, "b")...))
		p := make([]byte, 1)
		if _, err := io.ReadFull(c, p); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, first); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, p); err != nil { // nothing more is to come
			t.Fatal(err)
		}
		putOff := arrived(t, a) == 0
		c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := io.WriteString(c, second)
		if err != nil { // it came before the frame had begun
			wantTimeout(t, n, err)
			continue
		}
		got := arrived(t, a)
		c.SetWriteDeadline(time.Time{})
		go io.WriteString(c, "third")
		for _, want := range []string{first, second, "third"} {
			peer.Want(true, opcode.Binary, want)
		}
		head := len("\x82\x7e\x10\x00") + len(first)
		inSecond := got > head && got < 2*head
		if putOff && inSecond {
			return
		}
		fits = fits || inSecond
	}
	if !fits {
		t.Skip("this system has other sizes of buffers: the deadline comes in no second frame")
	}
	t.Error("no deadline came in the second frame, with the first before it")
}

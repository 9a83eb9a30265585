package stream_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/stream"
)

// newServer returns a server's end of a connection over a pipe, with hs as its handshake.
func newServer(t *testing.T, hs stream.Handshake) *stream.Socket {
	t.Helper()
	a, b := net.Pipe()
	hs.Server = true
	conn, err := stream.New(a, hs, stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Abort()
		b.Close()
	})
	return conn.Socket
}

func TestAHandshakeIsKeptAsItWas(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, hs := range []stream.Handshake{
		{},
		{Resource: "/a?b", Subprotocol: "chat"},
		{Resource: "/" + long, Header: http.Header{"A": {""}, "B": {"1", "2", long}, "": {"no name"}}},
		{Subprotocol: "\x00\xff\n", Header: http.Header{"X\r\n": {"\x80"}}},
	} {
		s := newServer(t, hs)
		hs.Server = true
		if diff := cmp.Diff(hs, s.Handshake()); diff != "" {
			t.Errorf("the handshake differs (-given +kept):\n%s", diff)
		}
		if s.Subprotocol() != hs.Subprotocol {
			t.Errorf("the subprotocol is %q, want %q", s.Subprotocol(), hs.Subprotocol)
		}
	}
}

func TestTheHeaderOfAHandshakeIsTheCallers(t *testing.T) {
	given := http.Header{"A": {"1"}}
	s := newServer(t, stream.Handshake{Header: given})
	given.Set("A", "2")
	s.Handshake().Header.Set("A", "3")
	if got := s.Handshake().Header.Get("A"); got != "1" {
		t.Errorf("the field is %q", got)
	}
}

// Whatever the fields are like: a map of small ones takes a multiple of their bytes, and the values of one that was
// read hold on to all of it.
func TestNoMoreThanTwiceAHandshakeIsKept(t *testing.T) {
	const n = 64
	plain := heapOfServers(t, n, "")
	for _, field := range []string{"%d: 1\r\n", "X-Field-%d: " + strings.Repeat("v", 200) + "\r\n"} {
		var head strings.Builder
		for i := range 128 {
			fmt.Fprintf(&head, field, i)
		}
		if kept := (heapOfServers(t, n, head.String()) - plain) / n; kept > 2*head.Len() {
			t.Errorf("%d bytes are kept of a head of %d", kept, head.Len())
		}
	}
}

// heapOfServers returns how much memory n connections take whose handshakes had the fields of head, in bytes.
func heapOfServers(t *testing.T, n int, head string) int {
	before := heapInUse()
	for range n {
		h := make(http.Header)
		read := strings.Clone(head)
		for line := range strings.Lines(read) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			h[name] = []string{value}
		}
		newServer(t, stream.Handshake{Header: h})
	}
	return heapInUse() - before
}

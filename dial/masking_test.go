package dial_test

import (
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
)

func TestMaskingReachesTheConnection(t *testing.T) { // RFC 6455, section 5.3
	tests := []struct {
		masking frame.Masking
		want    string
	}{
		{frame.NoMask, "\x81\x05Hello"},
		{frame.FixedMask(frame.Key{0x37, 0xfa, 0x21, 0x3d}), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"}, // section 5.7
	}
	for _, tt := range tests {
		sent := make(chan string, 1)
		conn, err := handshakeOver(t, peer(t, func(conn net.Conn, r *http.Request) {
			io.WriteString(conn, filledIn(switching+"\r\n", r))
			p := make([]byte, len(tt.want))
			io.ReadFull(conn, p)
			sent <- string(p)
		}), dial.Masking(tt.masking))
		if err != nil {
			t.Fatal(err)
		}
		go conn.WriteText(testContext(t), "Hello")
		if got := <-sent; got != tt.want {
			t.Errorf("%v: sent is %q, want %q", tt.masking, got, tt.want)
		}
		conn.Abort()
	}
}

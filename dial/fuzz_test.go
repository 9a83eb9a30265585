package dial_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// scripted is a transport that answers the request with a text.
type scripted struct {
	response string
	rest     io.Reader // nil: no request has come
	closed   bool
}

func (s *scripted) Write(p []byte) (int, error) {
	r := &http.Request{Header: http.Header{}}
	for line := range strings.SplitSeq(string(p), "\r\n") {
		if key, ok := strings.CutPrefix(line, "Sec-WebSocket-Key: "); ok {
			r.Header.Set("Sec-WebSocket-Key", key)
		}
	}
	s.rest = strings.NewReader(filledIn(s.response, r))
	return len(p), nil
}

func (s *scripted) Read(p []byte) (int, error) {
	if s.closed {
		return 0, net.ErrClosed
	}
	return s.rest.Read(p)
}

func (s *scripted) Close() error {
	s.closed = true
	return nil
}

// Whatever the server answers, there is either a connection, after a proper response, or an error of a kind that is
// documented.
func FuzzResponse(f *testing.F) {
	for _, tt := range responses {
		f.Add(tt.response + "\r\n" + helloFrame)
	}
	for _, answer := range []string{
		"permessage-deflate", "permessage-deflate; server_no_context_takeover", "permessage-deflate; server_max_window_bits=9; client_max_window_bits=8",
		"permessage-deflate; server_no_context_takeover, permessage-deflate", "permessage-deflate; server_max_window_bits=16", "x",
	} {
		f.Add(statusLine + upgrade + connection + accept + "Sec-WebSocket-Extensions: " + answer + "\r\n\r\n" + helloFrame)
	}
	f.Add("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n1\r\n!\r\n0\r\n\r\n")
	for _, tt := range hostileAnswers {
		f.Add(tt.answer)
	}
	f.Fuzz(func(t *testing.T, response string) {
		transport := &scripted{response: response}
		conn, err := dial.Handshake(t.Context(), transport, "ws://example.com/", stream.Standard,
			dial.Subprotocols("v1", "v2"), dial.ConnectTimeout(10*time.Second),
			stream.Compression(stream.CompressionConfig{Deflate: stream.Deflate{ServerNoContextTakeover: true, ClientMaxWindowBits: 12}}))
		if err != nil {
			if !transport.closed {
				t.Error("the transport is open")
			}
			var answer *dial.Error
			switch {
			case isTimeout(err):
				t.Errorf("hung: %v", err)
			case errors.As(err, &answer) && len(answer.Body) > 4<<10:
				t.Errorf("a body of %d bytes", len(answer.Body))
			}
			checkText(t, err)
			return
		}
		defer conn.Abort()
		if !strings.Contains(response, "ACCEPT") || !strings.Contains(response, " 101") {
			t.Errorf("accepted %q", response)
		}
		if p := conn.Subprotocol(); p != "" && p != "v1" && p != "v2" {
			t.Errorf("subprotocol is %q", p)
		}
		if d := conn.Handshake().Deflate; d != nil && (!d.ServerNoContextTakeover || d.ServerMaxWindowBits < 8 || d.ServerMaxWindowBits > 15 ||
			d.ClientMaxWindowBits < 8 || d.ClientMaxWindowBits > 12 || !strings.Contains(strings.ToLower(response), "sec-websocket-extensions")) {
			t.Errorf("agreed on %+v", d)
		}
	})
}

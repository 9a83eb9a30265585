package dial_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestHTTP2AnswerIsAnError(t *testing.T) {
	tests := []struct {
		name   string
		answer func(s *http2Stream)
		want   dial.Error
		text   string
	}{
		{"refused", func(s *http2Stream) {
			s.respond("403", "content-type", "text/plain", "x-why", "z")
			io.WriteString(s, "no tickets\nleft")
			s.Close()
		}, dial.Error{StatusCode: 403, Header: http.Header{"Content-Type": {"text/plain"}, "X-Why": {"z"}}, Body: []byte("no tickets\nleft")},
			`dial: the server answered 403 Forbidden: the status is not 200 OK; it says "no tickets"`},
		{"long body", func(s *http2Stream) {
			s.respond("500")
			io.WriteString(s, strings.Repeat("x", 1<<20))
		}, dial.Error{StatusCode: 500, Header: http.Header{}, Body: []byte(strings.Repeat("x", 4<<10))}, ""},
		{"no body", func(s *http2Stream) { s.respondWith(http2EndStream, "405", "allow", "GET") },
			dial.Error{StatusCode: 405, Header: http.Header{"Allow": {"GET"}}, Body: []byte{}},
			"dial: the server answered 405 Method Not Allowed: the status is not 200 OK"},
		{"another success", func(s *http2Stream) { s.respondWith(http2EndStream, "204") },
			dial.Error{StatusCode: 204, Header: http.Header{}, Body: []byte{}}, "dial: the server answered 204 No Content: the status is not 200 OK"},
		{"reset behind the answer", func(s *http2Stream) {
			s.respond("400")
			s.reset(http2NoError)
			s.end(io.EOF) // it is over
		}, dial.Error{StatusCode: 400, Header: http.Header{}, Body: []byte{}}, "dial: the server answered 400 Bad Request: the status is not 200 OK"},
		{"redirect", func(s *http2Stream) { s.respondWith(http2EndStream, "302", "location", "/b") },
			dial.Error{StatusCode: 302, Header: http.Header{"Location": {"/b"}}, Body: []byte{}}, "dial: the server answered 302 Found: the status is not 200 OK"},
		{"extension", func(s *http2Stream) { s.respond("200", "sec-websocket-extensions", "x") },
			dial.Error{StatusCode: 200, Header: http.Header{"Sec-Websocket-Extensions": {"x"}}}, `dial: the server answered 200 OK: the extension "x" was not offered`},
		{"subprotocol", func(s *http2Stream) { s.respond("200", "sec-websocket-protocol", "x") },
			dial.Error{StatusCode: 200, Header: http.Header{"Sec-Websocket-Protocol": {"x"}}}, `dial: the server answered 200 OK: the subprotocol "x" was not offered`},
		{"length", func(s *http2Stream) { s.respond("200", "content-length", "100") },
			dial.Error{StatusCode: 200, Header: http.Header{"Content-Length": {"100"}}}, "dial: the server answered 200 OK: the stream is to end by its Content-Length"},
		{"many fields", func(s *http2Stream) { s.respond("200", strings.Split(strings.Repeat("x,y,", 129)+"z,z", ",")...) },
			dial.Error{StatusCode: 200}, "dial: the server answered 200 OK: its head has more than 128 fields"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startHTTP2(t, true, func(s *http2Stream) {
				tt.answer(s)
				s.waitForEnds(1)
			}, announced)
			_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(server.transport))
			var answer *dial.Error
			if !errors.As(err, &answer) {
				t.Fatalf("error is %v", err)
			}
			if tt.text != "" && err.Error() != tt.text {
				t.Errorf("its text is %q", err)
			}
			if errors.Is(err, errors.ErrUnsupported) {
				t.Error("it says that the server takes no WebSockets")
			}
			if tt.want.Header == nil {
				answer.Header = nil
			}
			answer.Err = nil
			if diff := cmp.Diff(&tt.want, answer, cmp.AllowUnexported(dial.Error{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRedirectsAreFollowedOverHTTP2(t *testing.T) {
	server := startHTTP2(t, false, func(s *http2Stream) {
		if path := s.field(":path"); path != "/b?c" {
			s.respondWith(http2EndStream, "307", "location", "/b?c", "set-cookie", "x=y")
			return
		}
		s.peer()
		<-s.ended
	}, announced)
	conn := dialHTTP2(t, server, dial.Redirects(1))
	if got := conn.Handshake().Resource; got != "/b?c" {
		t.Errorf("connected to %s", got)
	}
	server.wantOneConnection(t)
}

func TestRedirectThatTheTransportCannotFollowIsAnError(t *testing.T) {
	server := startHTTP2(t, false, func(s *http2Stream) {
		s.respondWith(http2EndStream, "307", "location", "wss://a.example/")
	}, announced)
	_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.Redirects(1), dial.HTTP2(server.transport))
	const want = "dial: the server answered 307 Temporary Redirect: the redirect is not followed: its transport does not speak HTTP/2"
	if answer := new(dial.Error); !errors.As(err, &answer) || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

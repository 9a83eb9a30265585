package dial_test

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestTextOfABodyTellsWhy(t *testing.T) {
	const why = "dial: the server answered 400 Bad Request: the status is not 101 Switching Protocols"
	tests := []struct{ name, response, want string }{
		{"no type", "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
			why + `; it says "Client sent an HTTP request to an HTTPS server."`},
		{"plain text", "HTTP/1.1 400 No\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\r\n  first \"line\"\t\r\nsecond", why + `; it says "first \"line\""`},
		{"case of the type", "HTTP/1.1 400 No\r\nContent-Type: Text/Plain\r\n\r\nwhy", why + `; it says "why"`},
		{"a long line", "HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("x", 5000), why + `; it says "` + strings.Repeat("x", 197) + `..."`},
		{"chunks", "HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n1\r\ny\r\n0\r\n\r\n", why + `; it says "why"`},
		{"the status again", "HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\nBad Request\n", why},
		{"status and text again", "HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\n400 Bad Request\n", why},
		{"no text", "HTTP/1.1 400 No\r\n\r\n\x00\x01\x02", why},
		{"UTF-16", "HTTP/1.1 400 No\r\n\r\n\xff\xfew\x00h\x00y\x00", why},
		{"HTML", "HTTP/1.1 400 No\r\nContent-Type: text/html\r\n\r\n<h1>why</h1>", why},
		{"HTML without a type", "HTTP/1.1 400 No\r\n\r\n<!DOCTYPE html><h1>why</h1>", why},
		{"compressed", "HTTP/1.1 400 No\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\n\r\nwhy", why},
		{"empty", "HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\n", why},
		{"blank", "HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\n \r\n\x1b\n", why},
		{"a redirect", "HTTP/1.1 302 Found\r\nContent-Type: text/plain\r\nLocation: ws://u:secret@a.example/\r\n\r\nFound. Redirecting to ws://u:secret@a.example/",
			"dial: the server answered 302 Found: the status is not 101 Switching Protocols"},
		{"an unknown status", "HTTP/1.1 799 No\r\n\r\nwhy", `dial: the server answered 799: the status is not 101 Switching Protocols; it says "why"`},
	}
	for _, tt := range tests {
		_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, answerOnce(t, tt.response))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: error is %v, want %s", tt.name, err, tt.want)
		}
	}
}

// A test of a program may want one.
func TestAnErrorCanBePutTogether(t *testing.T) {
	for _, tt := range []struct {
		err  dial.Error
		want string
	}{
		{dial.Error{}, "dial: the server answered 0"},
		{dial.Error{StatusCode: 503, Body: []byte("later\n"), Err: errors.New("no")}, `dial: the server answered 503 Service Unavailable: no; it says "later"`},
	} {
		if got := tt.err.Error(); got != tt.want || tt.err.Timeout() {
			t.Errorf("error is %s, want %s", got, tt.want)
		}
	}
}

func TestTLSServerSaysThatItIsOne(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := dial.Dial(testContext(t), "ws://"+server.Listener.Addr().String(), stream.Standard)
	if err == nil || !strings.HasSuffix(err.Error(), `; it says "Client sent an HTTP request to an HTTPS server."`) {
		t.Errorf("error is %v", err)
	}
}

// A server may say again what it was sent: no line of that is shown.
func TestBodyThatRepeatsACredentialIsNotShown(t *testing.T) {
	header := http.Header{"X-Api-Key": {"key12345"}, "Cookie": {"a=1; b=crumb12345"}, "User-Agent": {"test/1.0"}}
	bearer := http.Header{"Authorization": {"Bearer token12345"}}
	jar := newJar(t)
	jar.SetCookies(&url.URL{Scheme: "http", Host: "example.com"}, []*http.Cookie{{Name: "c", Value: "jar12345"}})
	tests := []struct {
		says   string
		header http.Header
		shown  bool
	}{
		{"who is user?", header, true},
		{"what is pw12?", header, false},
		{"what is " + "Basic dXNlcjpwdzEy", header, false},
		{"what is dXNlcjpwdzEy", header, false},
		{"what is key12345", header, false},
		{"what is crumb12345", header, false},
		{"what is jar12345", header, false},
		{"cookie 1", header, true},
		{"what is test/1.0", header, true},
		{"what is token12345", bearer, false},
		{"Bearer tokens are wanted", bearer, true},
		{"GET /?k=query%2F12345&v=1", nil, false},
		{"what is query/12345", nil, false},
		{"what is bare12345", nil, false},
		{"what is %zz12345", nil, false}, // which is no escape
		{"version 1 of k", nil, true},
	}
	for _, tt := range tests {
		_, err := dial.Dial(testContext(t), "ws://user:pw12@example.com/?k=query%2F12345&v=1&bare12345&%zz12345", stream.Standard, dial.Header(tt.header), dial.CookieJar(jar),
			answerOnce(t, "HTTP/1.1 403 No\r\n\r\n"+tt.says+"\n"))
		var answer *dial.Error
		if !errors.As(err, &answer) || string(answer.Body) != tt.says+"\n" || strings.Contains(err.Error(), "; it says") != tt.shown {
			t.Errorf("%q: error is %v, shown: %t", tt.says, err, tt.shown)
		}
	}
	for says, shown := range map[string]bool{"what is pw12?": false, "what is dXNlcjpwdzEy": false, "who is user of example.com:80?": true} {
		_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, answerOnce(t, "HTTP/1.1 407 No\r\n\r\n"+says+"\n"),
			through(&url.URL{Scheme: "http", Host: "proxy.example", User: url.UserPassword("user", "pw12")}))
		if err == nil || strings.Contains(err.Error(), "; it says") != shown {
			t.Errorf("the proxy, %q: error is %v, shown: %t", says, err, shown)
		}
	}
}

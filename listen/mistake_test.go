package listen_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A notHijackable is a response writer of a real connection that cannot be taken over.
type notHijackable struct{ http.ResponseWriter }

func (notHijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errFailing }

// What a program has got wrong is for the program: a stranger who asks learns the status, and neither the value of an
// option nor the names of types.
func TestMistakesOfTheProgramAreNotToldToTheClient(t *testing.T) {
	errs := make(chan error, 1)
	upgrade := func(wrap func(http.ResponseWriter) http.ResponseWriter, opts ...listen.Option) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := listen.Upgrade(wrap(w), r, stream.Standard, opts...)
			errs <- err
		})
	}
	tests := []struct {
		name    string
		handler http.Handler
		status  int
		reason  string // for the program
	}{
		{"option", upgrade(plain, listen.Origins("https://internal.example/")), 500, "internal.example"},
		{"wrapper", upgrade(func(w http.ResponseWriter) http.ResponseWriter { return wrapped{w} }), 501, "listen_test.wrapped"},
		{"failure", upgrade(func(w http.ResponseWriter) http.ResponseWriter { return notHijackable{w} }), 500, errFailing.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(tt.handler)
			defer server.Close()
			response, body := connect(t, server.Listener.Addr(), proper+"\r\n").response(t)
			if response.StatusCode != tt.status || body != http.StatusText(tt.status)+"\n" {
				t.Errorf("the client was told %d %q", response.StatusCode, body)
			}
			var refused *listen.Error
			if err := <-errs; !errors.As(err, &refused) || refused.StatusCode != tt.status || !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("the program was told %v, want %q in it", err, tt.reason)
			}
		})
	}
}

// A terminal shows what a client has sent as no more than text, wherever the refusal is printed. The requests are such as
// package net/http does not let through, but other servers may.
func TestRefusalIsPrintable(t *testing.T) {
	const hostile = "\x1b[2J\u202e\r\n\x00\xff\u009b"
	for _, name := range []string{"Method", "Proto", "Host", "Origin", "Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version",
		"Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		for _, value := range []string{hostile, "a;b=\"" + hostile, "a;" + hostile, strings.Repeat(hostile, 100)} {
			r := parse(t, proper+"Origin: https://evil.example\r\n\r\n")
			switch name {
			case "Method":
				r.Method = value
			case "Proto":
				r.Proto, r.ProtoMajor, r.ProtoMinor = value, 9, 9
			case "Host":
				r.Host = value
			default:
				r.Header[name] = []string{value}
			}
			w := newFakeWriter("")
			_, err := listen.Upgrade(w, r, stream.Standard)
			if err == nil || !isPrintable(err.Error()) || !isPrintable(strings.TrimSuffix(w.Body.String(), "\n")) || w.Body.Len() > 4<<10 {
				t.Errorf("%s: error is %q, response %q", name, err, w.Body.String())
			}
		}
	}
}

// What a client offers in TLS ends up in the error of the handshake, as much of it as a ClientHello takes.
func TestWhatIsToldOfAHandshakeOfTLSIsPrintableAndShort(t *testing.T) {
	cert, _ := wstest.Certificate(t, "example.com")
	option, told := listening()
	l := listenLocally(t, option, listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}}))
	var protocols []string
	for range 100 {
		protocols = append(protocols, strings.Repeat("\x1b[2J\u202e\n", 30))
	}
	if err := tls.Client(connect(t, l.Addr(), "").Conn, &tls.Config{ServerName: "example.com", NextProtos: protocols}).Handshake(); err == nil {
		t.Error("TLS has opened")
	}
	if text := (<-told).err.Error(); !strings.Contains(text, "handshake of TLS: ") || !isPrintable(text) || len(text) > 1500 {
		t.Errorf("told is %.2000q (%d bytes)", text, len(text))
	}
}

func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) })
}

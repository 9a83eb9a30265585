package dial_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// hostile is what a stranger may want to have on a terminal or in a log: the title of a window, another line, an order
// of writing that is turned, and an 8-bit control character.
const hostile = "\x1b]0;owned\a\x1b[2J\r\nfaked line\u202egnp.exe\u009b\x9b"

// maxText is more than the text of any error has, in bytes.
const maxText = 1500

// checkText complains unless the text of err begins as errors of package dial do, and is fit to be shown.
func checkText(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	text := err.Error()
	if !strings.HasPrefix(text, "dial: ") || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > maxText {
		t.Errorf("error is not fit to be shown: %.2000q (%d bytes)", text, len(text))
	}
}

func TestNamesOfACertificateArePrintable(t *testing.T) {
	const escape = "\x1b]0;owned\a\x1b[2J\r\nfaked line" // such names are in ASCII
	many := make([]string, 90)
	for i := range many {
		many[i] = strings.Repeat("x", 60) + fmt.Sprint(i) + ".example"
	}
	for name, hosts := range map[string][]string{
		"hostile": {"a" + escape + ".example"},
		"many":    many,
	} {
		cert, roots := wstest.Certificate(t, hosts...)
		for scheme, opts := range map[string][]dial.Option{
			"wss":   nil,
			"proxy": {through(&url.URL{Scheme: "https", Host: "example.com"})},
		} {
			ln := tls.NewListener(listenTo(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{cert}})
			serve(t, ln, "")
			opts = append(opts, dial.TLSConfig(&tls.Config{RootCAs: roots}), dial.NetDial(func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
			}))
			_, err := dial.Dial(testContext(t), "wss://example.com/", stream.Standard, opts...)
			checkText(t, err)
			var wrong x509.HostnameError
			if !errors.As(err, &wrong) || wrong.Certificate.DNSNames[0] != hosts[0] {
				t.Errorf("%s, %s: error is %v, want one that keeps the certificate", name, scheme, err)
			}
		}
	}
}

// What a server or a proxy answers, each with its complaint.
var hostileAnswers = []struct{ name, answer string }{
	{"no HTTP", hostile + "\r\n\r\n"},
	{"a long line", strings.Repeat("\x1b[2J", 10_000) + "\r\n\r\n"},
	{"a reason", "HTTP/1.1 403 " + strings.ReplaceAll(hostile, "\r\n", "") + "\r\n\r\n"},
	{"a status", "HTTP/1.1 4\x1b3 No\r\n\r\n"},
	{"a version", "HTTP/\x1b[2J 403 No\r\n\r\n"},
	{"an unknown status", "HTTP/1.1 799 No\r\n\r\n"},
	{"a field without a colon", "HTTP/1.1 403 No\r\n" + hostile + "\r\n\r\n"},
	{"a name of a field", "HTTP/1.1 403 No\r\n\x1b[2J: x\r\n\r\n"},
	{"a length", "HTTP/1.1 403 No\r\nContent-Length: " + strings.Repeat("\x1b", 10_000) + "\r\n\r\n"},
	{"a coding", "HTTP/1.1 403 No\r\nTransfer-Encoding: \x1b[2J\r\n\r\n"},
	{"a location", "HTTP/1.1 302 Found\r\nLocation: \x1b[2J://x\r\n\r\n"},
	{"a location with a scheme", "HTTP/1.1 302 Found\r\nLocation: " + strings.Repeat("x", 50_000) + "://x\r\n\r\n"},
	{"a location with a host", "HTTP/1.1 302 Found\r\nLocation: ws://" + strings.Repeat("x", 50_000) + ".example/\r\n\r\n"},
	{"a location with a bad host", "HTTP/1.1 302 Found\r\nLocation: ws://" + strings.Repeat("é", 20_000) + "/\r\n\r\n"},
	{"a body", "HTTP/1.1 403 No\r\nContent-Type: text/plain\r\n\r\n" + hostile},
	{"a body of one long line", "HTTP/1.1 403 No\r\n\r\n" + strings.Repeat("é", 10_000)},
	{"a subprotocol", switching + "Sec-WebSocket-Protocol: " + strings.Repeat("\u202e", 5_000) + "\r\n\r\n"},
	{"an extension", switching + "Sec-WebSocket-Extensions: " + strings.Repeat("x", 50_000) + "\r\n\r\n"},
	{"a malformed extension", switching + "Sec-WebSocket-Extensions: a=\"\x1b[2J" + "\r\n\r\n"},
}

// answerOnce is the option that leads every connection to a server that answers with the text.
func answerOnce(t *testing.T, text string) dial.Option {
	server := startProxy(t, nil, "", func(_ *proxyServer, conn net.Conn) error {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return err
		}
		_, err = io.WriteString(conn, filledIn(text, r))
		return err
	})
	return dial.NetDial(func(ctx context.Context, network, _ string) (net.Conn, error) {
		if network != "tcp" {
			t.Errorf("dialled over %s", network)
		}
		return new(net.Dialer).DialContext(ctx, network, server.ln.Addr().String())
	})
}

func TestWhatAServerAnswersIsPrintable(t *testing.T) {
	for _, tt := range hostileAnswers {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dial.Dial(testContext(t), "ws://example.com/", stream.Standard, answerOnce(t, tt.answer), dial.Redirects(1))
			checkText(t, err)
			_, err = dial.Dial(testContext(t), "ws://example.com/", stream.Standard, answerOnce(t, tt.answer),
				through(&url.URL{Scheme: "http", Host: "proxy.example"}))
			checkText(t, err)
			if !strings.Contains(err.Error(), "the proxy") {
				t.Errorf("error is %v, want one about the proxy", err)
			}
		})
	}
}

// Whatever the program's own functions return ends up in an error, too.
func TestErrorsOfTheProgramArePrintable(t *testing.T) {
	own := errors.Join(errors.New(hostile), errors.New(strings.Repeat("x", 10_000)))
	s, opts := newSite(t, map[string]string{"ws://a.example/": "x"})
	canceled, cancel := context.WithCancelCause(testContext(t))
	cancel(own)
	for name, tt := range map[string]struct {
		ctx context.Context
		opt dial.Option
	}{
		"NetDial":       {testContext(t), dial.NetDial(func(context.Context, string, string) (net.Conn, error) { return nil, own })},
		"Proxy":         {testContext(t), dial.Proxy(func(*http.Request) (*url.URL, error) { return nil, own })},
		"CheckRedirect": {testContext(t), dial.CheckRedirect(func(_, _ *url.URL, _ http.Header) error { return own })},
		"the context":   {canceled, dial.Redirects(1)},
	} {
		_, err := dial.Dial(tt.ctx, "ws://a.example/", stream.Standard, append(opts, dial.Redirects(1), tt.opt)...)
		checkText(t, err)
		if !errors.Is(err, own) {
			t.Errorf("%s: error is %v, want one that wraps its own", name, err)
		}
	}
	s.visits()
}

// The close reason is text in UTF-8, and nothing else is known of it (RFC 6455, section 5.5.1).
func TestCloseReasonIsPrintableInEveryMode(t *testing.T) {
	const reason = "\x1b]0;owned\a\nfaked line\u202egnp.exe\u009b"
	closing, err := frame.AppendClose(nil, closecode.PolicyViolation, reason)
	if err != nil {
		t.Fatal(err)
	}
	follows := string(wstest.NewPeer(nil, nil, true).Frame(true, 8, string(closing)))
	t.Run("Standard", func(t *testing.T) { checkReason(t, stream.Standard, follows, reason) })
	t.Run("Simple", func(t *testing.T) { checkReason(t, stream.Simple, follows, reason) })
	t.Run("Lite", func(t *testing.T) { checkReason(t, stream.Lite, follows, reason) })
	t.Run("Frames", func(t *testing.T) { checkReason(t, stream.Frames, follows, reason) })
	t.Run("Decode", func(t *testing.T) {
		checkReason(t, stream.Decode(func(r *stream.Reader) (string, error) { return r.Text() }), follows, reason)
	})
}

func checkReason[M any](t *testing.T, mode stream.Mode[M], follows, reason string) {
	ln := listenTo(t, "tcp", "127.0.0.1:0")
	serve(t, ln, follows)
	conn, err := dial.Dial(testContext(t), "ws://"+ln.Addr().String(), mode)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	_, err = conn.Receive(testContext(t))
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Reason != reason {
		t.Fatalf("error is %v, want a CloseError with the reason as it came", err)
	}
	const want = `stream: closed by the peer: 1008 (policy violation): "?]0;owned??faked line?gnp.exe?"`
	if err.Error() != want {
		t.Errorf("error is %q, want %q", err.Error(), want)
	}
}

func TestNothingIsSaidTwice(t *testing.T) {
	ln := listenTo(t, "tcp", "127.0.0.1:0")
	ln.Close()
	address := ln.Addr().String()
	_, err := net.Dial("tcp", address)
	var refused *net.OpError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	lost := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}, Err: errors.New("lost")}
	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "example.com"}}
	for _, tt := range []struct {
		url  string
		opts []dial.Option
		want string
	}{
		{"ws://" + address, nil, "dial: connecting to " + address + ": " + refused.Err.Error()},
		{"ws://example.com", []dial.Option{through(&url.URL{Scheme: "http", Host: address})},
			"dial: connecting to the proxy " + address + ": " + refused.Err.Error()},
		{"ws://example.com", []dial.Option{failing(lost)}, "dial: connecting to example.com:80: tcp 192.0.2.1:80: lost"},
		{"ws://example.com", []dial.Option{failing(unknown)}, "dial: connecting to example.com:80: lookup example.com: no such host"},
		{"ws://example.com", []dial.Option{failing(io.ErrClosedPipe)}, "dial: connecting to example.com:80: io: read/write on closed pipe"},
	} {
		_, err := dial.Dial(testContext(t), tt.url, stream.Standard, tt.opts...)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: error is %v, want %s", tt.url, err, tt.want)
		}
	}
}

// failing is the option by which nothing can be dialled, because of err.
func failing(err error) dial.Option {
	return dial.NetDial(func(context.Context, string, string) (net.Conn, error) { return nil, err })
}

package stream_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// checkText complains unless the text of err begins as errors of package stream do, and is fit to be shown.
func checkText(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	text := err.Error()
	if !strings.HasPrefix(text, "stream: ") || len(text) > 1500 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("error is not fit to be shown: %.2000q (%d bytes)", text, len(text))
	}
}

// The close reason is text in UTF-8, and nothing else is known of it (RFC 6455, section 5.5.1).
func TestCloseReasonIsPrintable(t *testing.T) {
	const reason = "\x1b]0;owned\a\nfaked \"line\"\u202egnp.exe\u009b"
	for _, ends := range []func(testing.TB, ...stream.Option) (*conn, *wstest.Peer){clientAndPeer, serverAndPeer} {
		c, p := ends(t)
		p.SendFrame(true, opcode.Close, "\x03\xf0"+reason)
		_, err := c.Receive(bg(t))
		var closed *stream.CloseError
		if !errors.As(err, &closed) || closed.Reason != reason || closed.Code != closecode.PolicyViolation {
			t.Fatalf("error is %v, want a CloseError with the reason as it came", err)
		}
		const want = `stream: closed by the peer: 1008 (policy violation): "?]0;owned??faked \"line\"?gnp.exe?"`
		if err.Error() != want {
			t.Errorf("error is %q, want %q", err.Error(), want)
		}
		checkText(t, c.WriteText(bg(t), "late"))
		checkText(t, c.Err())
	}
}

// TLS that has not shaken hands does so with the first byte, and may fail with what is in a stranger's certificate.
func TestNamesOfACertificateArePrintable(t *testing.T) {
	for name, hosts := range map[string][]string{
		"hostile": {"a\x1b]0;owned\a\r\nfaked line.example"},
		"long":    {strings.Repeat("x", 5000) + ".example"},
	} {
		cert, roots := wstest.Certificate(t, hosts...)
		for what, use := range map[string]func(c *conn) error{
			"Receive":   func(c *conn) error { _, err := c.Receive(bg(t)); return err },
			"WriteText": func(c *conn) error { return c.WriteText(bg(t), "hello") },
		} {
			a, b := wstest.TCP(t)
			server := tls.Server(b, &tls.Config{Certificates: []tls.Certificate{cert}})
			done := make(chan struct{})
			go func() {
				defer close(done)
				server.Handshake() // fails, as the client does not like the certificate
			}()
			c := open(t, tls.Client(a, &tls.Config{RootCAs: roots, ServerName: "example.com"}), false)
			err := use(c)
			checkText(t, err)
			var wrong x509.HostnameError
			if !errors.As(err, &wrong) || wrong.Certificate.DNSNames[0] != hosts[0] {
				t.Errorf("%s, %s: error is %v, want one that keeps the certificate", name, what, err)
			}
			c.Abort()
			<-done
		}
	}
}

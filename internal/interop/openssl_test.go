//go:build interop

package interop_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A client whose TLS may renegotiate (RFC 5246, section 7.4.1.1) does so while it waits for a message.
func TestOpenSSLRenegotiates(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1")
	pair := writeCertificate(t, cert)
	cmd := exec.Command("openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert", pair, "-key", pair)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	out := bufio.NewReader(stdout)
	address := lineBehind(out, "ACCEPT ")
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		key := sha1.Sum([]byte(lineBehind(out, "Sec-WebSocket-Key: ") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		lineBehind(out, "Sec-WebSocket-Version")
		io.WriteString(stdin, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(key[:])+"\r\n\r\n")
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	config := &tls.Config{RootCAs: roots, Renegotiation: tls.RenegotiateFreelyAsClient}
	c, err := dial.Dial(ctx, "wss://"+address+"/", stream.Simple, dial.TLSConfig(config))
	<-answered
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	go func() {
		io.WriteString(stdin, "r\n")
		lineBehind(out, "SSL_do_handshake -> 1")
		io.WriteString(stdin, "\x81\x02hi")
	}()
	m, err := c.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Data); got != "hi" {
		t.Errorf("got %q", got)
	}
}

// A server answers a client that asks for new keys (RFC 8446, section 4.6.3) between two messages.
func TestOpenSSLUpdatesKeys(t *testing.T) {
	cert, _ := wstest.Certificate(t, "127.0.0.1")
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13}
	ln, err := listen.Listen("tcp", "127.0.0.1:0", stream.Simple, listen.TLSConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ended := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	go func() {
		c, err := ln.Accept(ctx)
		if err != nil {
			ended <- err
			return
		}
		defer c.Abort()
		for {
			m, err := c.Receive(ctx)
			if err == nil {
				err = c.WriteText(ctx, m.String())
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	cmd := exec.Command("sh", "-c", "exec openssl s_client -connect "+ln.Addr().String()+" 2>&1") // it tells of new keys there
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	out := bufio.NewReader(stdout)
	io.WriteString(stdin, "GET / HTTP/1.1\r\nHost: "+ln.Addr().String()+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n")
	lineBehind(out, "HTTP/1.1 101 ")
	for _, text := range []string{"one\n", "two\n", "six\n"} { // a line each, so that it can be found
		io.WriteString(stdin, "K\n")
		lineBehind(out, "KEYUPDATE")
		io.WriteString(stdin, "\x81\x84\x00\x00\x00\x00"+text)
		if got := lineBehind(out, "\x81\x04"); got != strings.TrimSpace(text) {
			t.Fatalf("got %q, want %q", got, text)
		}
	}
	stdin.Close()
	if err := <-ended; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("it ended with %v", err)
	}
}

// lineBehind returns the rest of the next line of r that begins with begin.
func lineBehind(r *bufio.Reader, begin string) string {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		if rest, ok := strings.CutPrefix(line, begin); ok {
			return strings.TrimSpace(rest)
		}
	}
}

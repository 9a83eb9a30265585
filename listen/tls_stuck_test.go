package listen_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
)

// garbage is a record that TLS cannot decrypt. It answers that with an alert, while it reads.
const garbage = "\x17\x03\x03\x00\x14" + "twenty bytes of dust"

// A trailer writes something behind all that is written.
type trailer struct {
	net.Conn
	behind string
}

func (c *trailer) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(append(bytes.Clone(p), c.behind...))
	return min(n, len(p)), err
}

// withoutTickets is the configuration of a server that writes nothing behind the handshake of TLS by itself.
func withoutTickets(t *testing.T) *tls.Config {
	cert, _ := wstest.Certificate(t, "example.com")
	return &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}
}

// shakeHands returns a client that has shaken hands of TLS, with the pipe below it, where all that is written waits for a reader.
func shakeHands(t *testing.T, pipes *pipeListener) (client *tls.Conn, pipe *trailer) {
	t.Helper()
	pipe = &trailer{Conn: pipes.dial(t)}
	client = tls.Client(pipe, &tls.Config{InsecureSkipVerify: true})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	return client, pipe
}

// overTLSAtPipe returns a Listener that speaks TLS and has no timeout, and a client as shakeHands does.
func overTLSAtPipe(t *testing.T) (l *listener, client *tls.Conn, pipe *trailer) {
	t.Helper()
	l, pipes := listenAtPipes(t, listen.HandshakeTimeout(0), listen.TLSConfig(withoutTickets(t)))
	client, pipe = shakeHands(t, pipes)
	return l, client, pipe
}

// soon is how long a Close may take that waits for nobody.
const soon = 3 * time.Second

// The HTTP server reads on while it serves a request, and does not give the connection away before it has stopped.
func TestCloseDoesNotWaitForWhatTLSSaysBehindTheRequest(t *testing.T) {
	l, client, pipe := overTLSAtPipe(t)
	pipe.behind = garbage
	sendUntilKnown(t, l, client)
	closesWithin(t, l, soon)
}

func TestCloseEndsResponsesThatNobodyReadsOverTLS(t *testing.T) {
	l, client, _ := overTLSAtPipe(t)
	sendUntilKnown(t, l, client)
	closesWithin(t, l, soon)
}

// sendUntilKnown sends a request, and waits until it is about to be answered.
func sendUntilKnown(t *testing.T, l *listener, client net.Conn) {
	t.Helper()
	if _, err := io.WriteString(client, proper+"\r\n"); err != nil {
		t.Fatal(err)
	}
	if !eventually(t, func() bool { return l.Known() > 0 }) {
		t.Fatal("no connection is known")
	}
	time.Sleep(50 * time.Millisecond) // until it waits
}

// TLS holds the lock on what it writes, for which http.Server waits to close the connection.
func TestServeDoesNotWaitForWhatTLSSays(t *testing.T) {
	for name, request := range map[string]string{"before a request": "", "behind one": "GET / HTTP/1.1\r\n" + host + "\r\n"} {
		t.Run(name, func(t *testing.T) {
			pipes := newPipeListener()
			server := &http.Server{
				TLSConfig: withoutTickets(t),
				ErrorLog:  log.New(io.Discard, "", 0),
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- new(listen.Group).Serve(ctx, server, pipes, 50*time.Millisecond) }()
			client, pipe := shakeHands(t, pipes)
			if request != "" {
				newClient(t, client, request).response(t)
			}
			io.WriteString(pipe, garbage)
			time.Sleep(50 * time.Millisecond) // until TLS answers
			cancel()
			select {
			case err := <-ended:
				if err != context.DeadlineExceeded {
					t.Errorf("error is %v", err)
				}
			case <-time.After(soon):
				t.Error("Serve goes on")
			}
			pipe.Close()
		})
	}
}

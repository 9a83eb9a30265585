package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if os.Getenv("TUNNEL_IS_THE_PROGRAM") != "" {
		main()
		return
	}
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

const token = "secret"

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// serveTunnel runs a tunnel to the TCP address to until the test ends, and returns its address, with TLS if there is a file
// with a certificate and its key.
func serveTunnel(t *testing.T, to, certificate string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, certificate, certificate, token, to) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// connectTo returns the client's end of a new tunnel to the TCP address to.
func connectTo(t *testing.T, to string) net.Conn {
	t.Helper()
	c, err := newClient("ws://"+serveTunnel(t, to, ""), token, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := c.connect(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// serveTCP has one TCP connection served, and returns the address for it.
func serveTCP(t *testing.T, one func(net.Conn)) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		one(conn)
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	return ln.Addr().String()
}

// serveSSH is a server of SSH whose only command sends back its input.
func serveSSH(t *testing.T, conn net.Conn, key ssh.Signer) {
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) != "secret" {
			return nil, errors.New("another password")
		}
		return nil, nil
	}}
	config.AddHostKey(key)
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		t.Error(err)
		return
	}
	defer server.Close()
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		channel, requests, err := offered.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			for r := range requests {
				r.Reply(r.Type == "exec", nil)
			}
		}()
		io.Copy(channel, channel)
		channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{0}))
		channel.Close()
	}
}

func TestSSHThroughTheTunnel(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	conn := connectTo(t, serveTCP(t, func(conn net.Conn) { serveSSH(t, conn, key) }))
	transport, channels, requests, err := ssh.NewClientConn(conn, "localhost", &ssh.ClientConfig{
		User:            "user",
		Auth:            []ssh.AuthMethod{ssh.Password("secret")},
		HostKeyCallback: ssh.FixedHostKey(key.PublicKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(transport, channels, requests)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	want := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	session.Stdin = bytes.NewReader(want)
	if got, err := session.Output("cat"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, %v; want %d", len(got), err, len(want))
	}
}

func TestWhatTheServerSaysBeforeItEndsIsReceived(t *testing.T) {
	want := bytes.Repeat([]byte("x"), 1<<20)
	conn := connectTo(t, serveTCP(t, func(conn net.Conn) { conn.Write(want) }))
	stdin, keyboard, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	screen, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	joined := make(chan error, 1)
	go func() { joined <- join(t.Context(), conn, stdin, stdout) }()
	if got, err := io.ReadAll(screen); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
	if err := <-joined; err != nil {
		t.Error(err)
	}
}

func TestATunnelThatLeadsNowhereIsClosed(t *testing.T) {
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := ln.Addr().String()
	ln.Close()
	wantBadGateway(t, nowhere)
}

// wantBadGateway checks that a tunnel that leads to an address is closed with 1014.
func wantBadGateway(t *testing.T, to string) {
	t.Helper()
	c, err := newClient("ws://"+serveTunnel(t, to, ""), token, "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := dial.Dial(testContext(t), c.url, stream.Standard, c.opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Receive(testContext(t))
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Code != closecode.BadGateway {
		t.Errorf("the end is %v, want %d", err, uint16(closecode.BadGateway))
	}
}

func TestWhatCannotBeDoneIsSaid(t *testing.T) {
	for _, args := range [][]string{
		nil, {"serve", "-addr", "no address"}, {"connect"}, {"connect", "no url"}, {"dig"}, {"forward", "-addr", "no address", "ws://localhost"},
		{"check", "-ca", "main.go", "ws://localhost"}, {"ssh", "-i", "no file", "ws://localhost", "me@host", "true"}, {"ssh", "ws://localhost", "host", "true"},
	} {
		if err := run(testContext(t), args, token); err == nil {
			t.Errorf("%q: nothing is said", args)
		}
	}
}

package dial_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/stream"
)

// panicking is a hook that panics as soon as the connection is open.
var panicking = stream.WithTrace(&stream.Trace{Opened: func(stream.Handshake) { panic("hook") }})

// mustPanic calls do, which panics with "hook".
func mustPanic(t *testing.T, do func()) {
	t.Helper()
	defer func() {
		if value := recover(); value != "hook" {
			t.Errorf("it has panicked with %v", value)
		}
	}()
	do()
}

func TestAPanicOfAHookLeavesNothingOpen(t *testing.T) {
	ended := make(chan error, 1)
	conn := peer(t, func(conn net.Conn, r *http.Request) {
		io.WriteString(conn, filledIn(switching+"\r\n", r))
		conn.SetReadDeadline(time.Now().Add(hangs))
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	})
	mustPanic(t, func() { handshakeOver(t, conn, panicking) })
	if err := <-ended; err != io.EOF {
		t.Errorf("the server hears %v", err)
	}
}

func TestAPanicOfAHookEndsTheStreamOverHTTP2(t *testing.T) {
	ended := make(chan error, 1)
	server := startHTTP2(t, false, func(s *http2Stream) {
		s.respond("200")
		_, err := s.Read(make([]byte, 1))
		ended <- err
	}, announced)
	mustPanic(t, func() {
		dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(server.transport), panicking)
	})
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the server hears something")
		}
	case <-time.After(hangs):
		t.Error("the stream is open")
	}
}

func TestAPanicOfTheTLSConfigurationLeavesNothingOpen(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cert, roots := wstest.Certificate(t, "localhost")
	ended := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(hangs))
		ended <- tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake()
	}()
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", VerifyConnection: func(tls.ConnectionState) error { panic("hook") }}
	mustPanic(t, func() {
		dial.Dial(testContext(t), "wss://"+ln.Addr().String(), stream.Standard, dial.TLSConfig(config))
	})
	if err, late := <-ended, net.Error(nil); err == nil {
		t.Error("TLS is open")
	} else if late, _ = err.(net.Error); late != nil && late.Timeout() {
		t.Errorf("the server hears %v", err)
	}
}

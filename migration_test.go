package websocket_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

type conn = stream.Conn[*stream.Reader]

// ends are a client and its server, over TLS.
type ends struct {
	client, server *conn
}

func connect(t *testing.T, dialOpts []dial.Option, listenOpts ...listen.Option) ends {
	t.Helper()
	accepted := make(chan *conn, 1)
	release := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := listen.Upgrade(w, r, stream.Standard, listenOpts...)
		if err != nil {
			t.Error(err)
		}
		accepted <- c
		<-release
	}))
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	dialOpts = append(dialOpts, dial.TLSConfig(&tls.Config{RootCAs: roots}))
	client, err := dial.Dial(within(t), server.URL+"/path", stream.Standard, dialOpts...)
	if err != nil {
		t.Fatal(err)
	}
	e := ends{client, <-accepted}
	t.Cleanup(func() {
		e.client.Abort()
		e.server.Abort()
		close(release)
		server.Close()
	})
	return e
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (e ends) wantText(t *testing.T, want string) {
	t.Helper()
	msg, err := e.server.Receive(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := msg.Text(); text != want || err != nil {
		t.Errorf("got %q, %v; want %q", text, err, want)
	}
}

// wantPath checks that what a client sends reaches the server.
func (e ends) wantPath(t *testing.T) {
	t.Helper()
	if err := e.client.WriteText(within(t), "x"); err != nil {
		t.Error(err)
	}
	e.wantText(t, "x")
}

// Each member of the source system's connection has a test here, by its name there. MIGRATION.md has the same table.
func TestMembersOfTheSourceSystem(t *testing.T) {
	for name, test := range map[string]func(*testing.T, ends){
		"connected": func(t *testing.T, e ends) {
			was := e.client.Connected()
			e.client.Close()
			if !was || e.client.Connected() {
				t.Errorf("%v, then %v", was, e.client.Connected())
			}
		},
		"ended": func(t *testing.T, e ends) {
			was := e.client.Ended()
			go e.server.Shutdown(within(t), closecode.NormalClosure, "")
			e.client.Receive(within(t))
			if was || !e.client.Ended() {
				t.Errorf("%v, then %v", was, e.client.Ended())
			}
		},
		"finished": func(t *testing.T, e ends) {
			was := e.client.Finished()
			go e.server.Receive(within(t))
			e.client.Shutdown(within(t), closecode.NormalClosure, "")
			if was || !e.client.Finished() {
				t.Errorf("%v, then %v", was, e.client.Finished())
			}
		},
		"writable": func(t *testing.T, e ends) {
			was := e.client.Writable()
			e.client.Close()
			if !was || e.client.Writable() {
				t.Errorf("%v, then %v", was, e.client.Writable())
			}
		},
		"frameReceiveMode": func(t *testing.T, e ends) {
			if e.client.ReceiveMode() != frame.Standard {
				t.Errorf("%v", e.client.ReceiveMode())
			}
		},
		"isServer": func(t *testing.T, e ends) {
			if e.client.IsServer() || !e.server.IsServer() {
				t.Error("the wrong way round")
			}
		},
		"localAddress, localPort, remoteAddress, remotePort": func(t *testing.T, e ends) {
			if e.client.LocalAddr().String() != e.server.RemoteAddr().String() || e.client.RemoteAddr().String() != e.server.LocalAddr().String() {
				t.Errorf("%v %v, %v %v", e.client.LocalAddr(), e.server.RemoteAddr(), e.client.RemoteAddr(), e.server.LocalAddr())
			}
		},
		"tls, peerCertificate": func(t *testing.T, e ends) {
			if e.client.TLS() == nil || len(e.client.TLS().PeerCertificates) == 0 || e.server.TLS() == nil {
				t.Error("there is no certificate")
			}
		},
		"maxMessageSize": func(t *testing.T, e ends) {
			if e.client.MaxMessageSize() != 67108864 {
				t.Errorf("%d", e.client.MaxMessageSize())
			}
		},
		"timeout": func(t *testing.T, e ends) {
			was := e.client.IdleTimeout()
			if err := e.client.SetIdleTimeout(20 * time.Millisecond); err != nil {
				t.Error(err)
			}
			_, err := e.client.Receive(within(t))
			if was != 60*time.Second || !errors.Is(err, stream.ErrIdleTimeout) {
				t.Errorf("%v, then %v", was, err)
			}
		},
		"connect": func(t *testing.T, e ends) { // dial.Dial has
			e.wantPath(t)
			if resource := e.server.Handshake().Resource; resource != "/path" {
				t.Errorf("resource %q", resource)
			}
		},
		"createMessageWriter": func(t *testing.T, e ends) {
			w, err := e.client.NewWriter(within(t), opcode.Text)
			if err != nil {
				t.Fatal(err)
			}
			queued := make(chan error, 1)
			go func() { queued <- e.client.WriteText(within(t), "behind") }()
			io.WriteString(w, "in ")
			w.Flush()
			io.WriteString(w, "fragments")
			if err := w.Close(); err != nil {
				t.Error(err)
			}
			e.wantText(t, "in fragments")
			e.wantText(t, "behind")
			if err := <-queued; err != nil {
				t.Error(err)
			}
		},
		"writeText": func(t *testing.T, e ends) { e.wantPath(t) },
		"writeBinary": func(t *testing.T, e ends) {
			e.client.WriteBinary(within(t), []byte{0xff})
			e.wantText(t, "\xff")
			e.client.WriteBuffers(within(t), opcode.Binary, net.Buffers{[]byte("a"), []byte("b")})
			e.wantText(t, "ab")
		},
		"ping, pong": func(t *testing.T, e ends) {
			go e.server.Receive(within(t))
			go e.client.Receive(within(t))
			if took, err := e.client.Probe(within(t)); took <= 0 || err != nil {
				t.Errorf("%v, %v", took, err)
			}
			if err := e.client.Pong(within(t), nil); err != nil {
				t.Error(err)
			}
			var refused *stream.ArgumentError
			if err := e.client.Ping(within(t), make([]byte, 126)); !errors.As(err, &refused) {
				t.Error(err)
			}
		},
		"end": func(t *testing.T, e ends) {
			ended := make(chan error, 1)
			go func() {
				_, err := e.server.Receive(within(t))
				ended <- err
			}()
			if err := e.client.Shutdown(within(t), closecode.GoingAway, "bye"); err != nil {
				t.Error(err)
			}
			var closed *stream.CloseError
			if err := <-ended; !errors.As(err, &closed) || closed.Code != 1001 || closed.Reason != "bye" {
				t.Error(err)
			}
		},
		"destroy": func(t *testing.T, e ends) {
			e.client.Abort()
			if _, err := e.server.Receive(within(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
		},
		"setMasking": func(t *testing.T, e ends) {
			for _, m := range []frame.Masking{frame.FixedMask(frame.Key{1, 2, 3, 4}), frame.RandomMask} {
				if err := e.client.SetMasking(m); err != nil {
					t.Error(err)
				}
				e.wantPath(t)
			}
			e.client.SetMasking(frame.NoMask)
			e.client.WriteText(within(t), "x")
			if _, err := e.server.Receive(within(t)); err == nil {
				t.Error("an unmasked frame was accepted")
			}
		},
		"on message": func(t *testing.T, e ends) {
			go func() {
				e.client.WriteText(within(t), "one")
				e.client.WriteText(within(t), "two")
				e.client.Shutdown(within(t), closecode.NormalClosure, "")
			}()
			var all []string
			for msg, err := range e.server.All(within(t)) {
				if err != nil {
					t.Fatal(err)
				}
				text, _ := msg.Text()
				all = append(all, text)
			}
			if strings.Join(all, " ") != "one two" {
				t.Errorf("got %q", all)
			}
		},
		"on error, end, close": func(t *testing.T, e ends) {
			e.server.Abort()
			_, err := e.client.Receive(within(t))
			<-e.client.Done()
			if err == nil || !errors.Is(e.client.Err(), err) {
				t.Errorf("%v and %v", err, e.client.Err())
			}
		},
		"on drain": func(t *testing.T, e ends) { // a write waits until there is room
			written := make(chan error, 1)
			go func() { written <- e.client.WriteBinary(within(t), make([]byte, 32<<20)) }()
			select {
			case err := <-written:
				t.Fatalf("nobody has read: %v", err)
			case <-time.After(50 * time.Millisecond):
			}
			msg, err := e.server.Receive(within(t))
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, msg); n != 32<<20 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			if err := <-written; err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, connect(t, nil)) })
	}
}

// The events "finish" and "timeout" are those of a Trace.
func TestEventsOfTheSourceSystem(t *testing.T) {
	events := make(chan string, 10)
	e := connect(t, []dial.Option{stream.IdleTimeout(20 * time.Millisecond), stream.WithTrace(&stream.Trace{
		CloseSent: func(closecode.Code, string) { events <- "finish" },
		Timeout:   func(error) { events <- "timeout" },
		Ended:     func(stream.Summary) { events <- "close" },
	})})
	e.client.Receive(within(t))
	for _, want := range []string{"timeout", "finish", "close"} {
		if got := <-events; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestReceiveModesOfTheSourceSystem(t *testing.T) {
	for mode, value := range map[frame.ReceiveMode]uint8{frame.Standard: 0, frame.Lite: 1, frame.Simple: 2} {
		if uint8(mode) != value {
			t.Errorf("%v is %d", mode, uint8(mode))
		}
	}
}

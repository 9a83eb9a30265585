package listen_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	_ "github.com/litert/websocket/listen/xconnect"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// startHTTP2 starts a server over HTTP/2, with TLS or without, which set may change before.
func startHTTP2(t testing.TB, secure bool, handler http.Handler, set ...func(*http.Server)) (address string, config *tls.Config) {
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	for _, set := range set {
		set(server.Config)
	}
	t.Cleanup(server.Close)
	if secure {
		server.EnableHTTP2 = true
		server.StartTLS()
		config = server.Client().Transport.(*http.Transport).TLSClientConfig
	} else {
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetHTTP1(true)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Start()
	}
	return server.Listener.Addr().String(), config
}

// dialHTTP2 starts a server as startHTTP2 does, and connects to it.
func dialHTTP2(t testing.TB, secure bool, handler http.Handler, set ...func(*http.Server)) *wstest.H2 {
	address, config := startHTTP2(t, secure, handler, set...)
	return wstest.DialH2(t, address, config)
}

// overHTTP2 runs test over TLS, and without.
func overHTTP2(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("TLS", func(t *testing.T) { test(t, true) })
	t.Run("plain text", func(t *testing.T) { test(t, false) })
}

// echo sends all messages back.
func echo(r *http.Request, c *conn) error {
	for msg, err := range c.All(r.Context()) {
		if err != nil {
			return err
		}
		p, err := msg.Bytes()
		if err == nil {
			err = c.Write(r.Context(), msg.Opcode(), p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestStreamsOfOneConnectionAreConnections(t *testing.T) { // RFC 8441, section 5
	overHTTP2(t, func(t *testing.T, secure bool) {
		h := dialHTTP2(t, secure, listen.Handler(stream.Standard, echo))
		if h.Setting(wstest.H2EnableConnect) != 1 {
			t.Error("it is not announced")
		}
		long := strings.Repeat("x", 300_000)
		var peers sync.WaitGroup
		for range 3 {
			p := h.Connect("/").Opened()
			peers.Go(func() {
				p.SendFrame(true, opcode.Text, "hello")
				p.SendFrame(true, opcode.Binary, long)
				p.Want(true, opcode.Text, "hello")
				p.Want(true, opcode.Binary, long)
				p.SendClose(1000, "")
				p.WantClose(1000)
				p.WantEnd()
			})
		}
		peers.Wait()
	})
}

func TestResponseOverHTTP2(t *testing.T) { // RFC 8441, section 5
	overHTTP2(t, func(t *testing.T, secure bool) {
		h := dialHTTP2(t, secure, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Middleware", "x")
			listen.Handler(stream.Standard, serveNothing, listen.Subprotocols("v2"), listen.Header(http.Header{"X-B": {"2", "3"}}),
				stream.Compression(stream.CompressionConfig{})).ServeHTTP(w, r)
		}))
		s := h.Connect("/", "sec-websocket-protocol", "v1, v2", "sec-websocket-extensions", "permessage-deflate", "sec-websocket-key", "ignored")
		status, header := s.Response()
		if date := header.Get("Date"); date == "" {
			t.Error("there is no date")
		}
		header.Del("Date")
		want := http.Header{"Sec-Websocket-Protocol": {"v2"}, "Sec-Websocket-Extensions": {"permessage-deflate"}, "X-B": {"2", "3"}}
		if diff := cmp.Diff(want, header); status != 200 || diff != "" {
			t.Errorf("status %d, header (-want +got):\n%s", status, diff)
		}
		p := s.Opened()
		p.WantClose(1000)
		p.SendClose(1000, "")
		if err := s.End(); err != io.EOF && err != wstest.H2NoError {
			t.Errorf("the stream has ended with %v", err)
		}
	})
}

func TestConnectionOverHTTP2KnowsTheRequest(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		address, config := startHTTP2(t, secure, listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
			if !listen.IsWebSocket(r) {
				t.Error("it is not for WebSocket")
			}
			local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
			if c.LocalAddr() != local || c.RemoteAddr().String() != r.RemoteAddr || c.RemoteAddr().Network() != "tcp" {
				t.Errorf("from %v to %v, instead of %v to %v", c.RemoteAddr(), c.LocalAddr(), r.RemoteAddr, local)
			}
			hs := c.Handshake()
			if diff := cmp.Diff(http.Header{"X-A": {"b"}}, hs.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if hs.Resource != "/a?b=c" || !c.IsServer() || (c.TLS() != nil) != secure || secure && !c.TLS().HandshakeComplete {
				t.Errorf("handshake is %+v, TLS %+v", hs, c.TLS())
			}
			return nil
		}))
		wstest.DialH2(t, address, config).Connect("/a?b=c", "x-a", "b").Opened().WantClose(1000)
	})
}

func TestDeadlinesOfTheHTTPServerAreClearedOverHTTP2(t *testing.T) {
	t.Parallel()
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, echo, listen.HandshakeTimeout(within)), func(s *http.Server) {
		s.ReadTimeout = within
		s.WriteTimeout = within
	})
	p := h.Connect("/").Opened()
	time.Sleep(within + 100*time.Millisecond)
	p.SendFrame(true, opcode.Text, "hello")
	p.Want(true, opcode.Text, "hello")
	p.SendClose(1000, "")
	p.WantClose(1000)
}

// An overwritten ResponseWriter is what middleware makes of one.
type overwritten struct{ http.ResponseWriter }

func (w overwritten) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w overwritten) Write(p []byte) (int, error) {
	return 0, errors.New("what is taken over is not written here")
}

func TestMiddlewareIsPassedByOverHTTP2(t *testing.T) {
	handler := listen.Handler(stream.Standard, echo)
	h := dialHTTP2(t, true, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(overwritten{overwritten{w}}, r)
	}))
	p := h.Connect("/").Opened()
	p.SendFrame(true, opcode.Text, "hello")
	p.Want(true, opcode.Text, "hello")
	p.SendClose(1000, "")
	p.WantClose(1000)
}

func TestCloseFrameOverHTTP2IsAnOrderlyEnd(t *testing.T) {
	ends := make(chan error, 1)
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, func(r *http.Request, c *conn) error {
		_, err := c.Receive(r.Context())
		ends <- err
		return err
	}))
	p := h.Connect("/").Opened()
	p.SendClose(1001, "bye")
	p.WantClose(1001)
	var closed *stream.CloseError
	if err := <-ends; !errors.As(err, &closed) || closed.Code != 1001 || closed.Reason != "bye" || !errors.Is(err, io.EOF) {
		t.Errorf("the end is %v", err)
	}
}

func TestStreamsShareAConnection(t *testing.T) {
	var accepted atomic.Int32
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, echo), func(s *http.Server) {
		s.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				accepted.Add(1)
			}
		}
	})
	for range 50 {
		h.Connect("/").Opened()
	}
	if got := accepted.Load(); got != 1 {
		t.Errorf("there are %d connections", got)
	}
}

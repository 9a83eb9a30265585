package dial_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// protocols returns those that are named.
func protocols(names ...string) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(slices.Contains(names, "http/1.1"))
	p.SetHTTP2(slices.Contains(names, "h2"))
	p.SetUnencryptedHTTP2(slices.Contains(names, "h2c"))
	return p
}

func TestWhatMakesNoSenseOverHTTP2IsRefused(t *testing.T) {
	both := &http.Transport{Protocols: protocols("h2", "h2c")}
	tests := []struct {
		url  string
		opts []dial.Option
		want string
	}{
		{"wss://a.example/", []dial.Option{dial.HTTP2(nil)}, "the transport is nil"},
		{"wss://a.example/", []dial.Option{dial.HTTP2(both), dial.TLSConfig(new(tls.Config))}, "TLSConfig cannot go with it: its transport connects"},
		{"wss://a.example/", []dial.Option{dial.NetDial(new(net.Dialer).DialContext), dial.HTTP2(both)}, "NetDial cannot go with it: its transport connects"},
		{"wss://a.example/", []dial.Option{dial.Proxy(nil), dial.HTTP2(both)}, "Proxy cannot go with it: its transport connects"},
		{"wss://a.example/", []dial.Option{dial.EarlyData(opcode.Text, nil), dial.HTTP2(both)}, "EarlyData cannot go with it: the server's response comes first"},
		{"wss+unix:///run/app.sock", []dial.Option{dial.HTTP2(both)}, "its transport does not connect to UNIX sockets"},
		{"ws://a.example/", []dial.Option{dial.HTTP2(new(http.Transport))}, "its transport does not speak HTTP/2 alone without TLS"},
		{"ws://a.example/", []dial.Option{dial.HTTP2(&http.Transport{Protocols: protocols("http/1.1", "h2", "h2c")})}, "its transport does not speak HTTP/2 alone without TLS"},
		{"wss://a.example/", []dial.Option{dial.HTTP2(&http.Transport{Protocols: protocols("h2c")})}, "its transport does not speak HTTP/2"},
		{"wss://a.example/", []dial.Option{dial.HTTP2(&http.Transport{Protocols: protocols("http/1.1")})}, "its transport does not speak HTTP/2"},
		{"wss://a.example/", []dial.Option{dial.HTTP2(&http.Transport{TLSClientConfig: new(tls.Config)})}, "its transport does not speak HTTP/2"},
		{"wss://a.example/", []dial.Option{dial.HTTP2(&http.Transport{
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}, ForceAttemptHTTP2: true,
		})}, "its transport does not speak HTTP/2"},
	}
	for _, tt := range tests {
		_, err := dial.Dial(testContext(t), tt.url, stream.Standard, tt.opts...)
		var got *stream.ArgumentError
		if !errors.As(err, &got) {
			t.Errorf("%s: error is %v", tt.want, err)
			continue
		}
		if diff := cmp.Diff(&stream.ArgumentError{Func: "dial.HTTP2", Reason: tt.want}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHandshakeOverATransportIsNotOverHTTP2(t *testing.T) {
	conn, other := net.Pipe()
	defer other.Close()
	_, err := handshakeOver(t, conn, dial.HTTP2(&http.Transport{Protocols: protocols("h2", "h2c")}))
	if got := new(stream.ArgumentError); !errors.As(err, &got) || got.Func != "dial.HTTP2" || !strings.Contains(got.Reason, "has its transport") {
		t.Errorf("error is %v", err)
	}
	if _, err := conn.Write([]byte{0}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the transport is left open: %v", err)
	}
}

// wantUnsupported checks that err says that the server takes no WebSocket over HTTP/2.
func wantUnsupported(t *testing.T, err error, text string) {
	t.Helper()
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.StatusCode != 0 || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %#v", err)
		return
	}
	if err.Error() != text {
		t.Errorf("its text is %q, want %q", err, text)
	}
}

func TestHTTP2ServerThatDoesNotTakeWebSocketsIsSentNothing(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		for _, settings := range [][]http2Setting{nil, {{http2EnableConnect, 0}}} {
			server := startHTTP2(t, secure, func(*http2Stream) {}, settings...)
			for range 2 { // over a connection that is new, and one that is not
				_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(server.transport))
				wantUnsupported(t, err, "dial: the server takes no WebSocket over HTTP/2: it has not announced that (RFC 8441, section 3)")
			}
			if got := server.streams.Load(); got != 0 {
				t.Errorf("%d requests were sent", got)
			}
			server.wantOneConnection(t)
		}
	})
}

func TestHTTP1ServerIsSentNothing(t *testing.T) {
	cert, roots := wstest.Certificate(t, "127.0.0.1")
	for _, protos := range [][]string{{"http/1.1"}, nil} {
		l := tls.NewListener(listenTo(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: protos})
		got := make(chan string, 1)
		go func() {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			p, _ := io.ReadAll(conn)
			got <- string(p)
		}()
		transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
		_, err := dial.Dial(testContext(t), "wss://"+l.Addr().String(), stream.Standard, dial.HTTP2(transport))
		wantUnsupported(t, err, "dial: the server takes no WebSocket over HTTP/2: it does not speak HTTP/2")
		transport.CloseIdleConnections()
		if text := <-got; text != "" {
			t.Errorf("it was sent %q", text)
		}
	}
}

// The connections that the transport keeps are not for requests of another kind either.
func TestKeptHTTP1ConnectionIsSentNothing(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("a request is %s %s", r.Method, r.URL)
		}
	}))
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	client := server.Client()
	transport := client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = true
	for range 3 {
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		_, err = dial.Dial(testContext(t), server.URL, stream.Standard, dial.HTTP2(transport))
		wantUnsupported(t, err, "dial: the server takes no WebSocket over HTTP/2: it does not speak HTTP/2")
	}
}

// A withoutTrace is a transport whose hooks are not called, as they might not be in a release of net/http to come.
type withoutTrace struct{ *http.Transport }

func (w withoutTrace) RoundTrip(r *http.Request) (*http.Response, error) {
	return w.Transport.RoundTrip(r.WithContext(context.Background()))
}

func TestNothingIsSentIfThereIsNoWayToSetTheProtocol(t *testing.T) {
	server := startHTTP2(t, false, func(*http2Stream) {}, announced)
	transport := &http.Transport{Protocols: protocols("h2c")}
	transport.RegisterProtocol("http", withoutTrace{server.transport})
	_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(transport))
	if err == nil || !strings.Contains(err.Error(), "net/http has not let :protocol be set (golang/go#53208)") {
		t.Errorf("error is %v", err)
	}
	if got := server.streams.Load(); got != 0 {
		t.Errorf("%d requests were sent", got)
	}
}

func TestRequestThatTheServerHasNotLookedAtIsRepeated(t *testing.T) {
	for name, refuse := range map[string]func(s *http2Stream){
		"refused": func(s *http2Stream) { s.reset(http2Refused) },
		"going away": func(s *http2Stream) {
			s.goAway(0, http2NoError)
			s.link.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := startHTTP2(t, true, nil, announced)
			server.serve = func(s *http2Stream) {
				if server.streams.Load() == 1 {
					refuse(s)
					return
				}
				s.peer().Want(true, opcode.Text, "hello")
				<-s.ended
			}
			conn := dialHTTP2(t, server)
			if err := conn.WriteText(testContext(t), "hello"); err != nil {
				t.Error(err)
			}
			conn.Close()
		})
	}
}

// That takes the second for which net/http waits before it repeats the request again.
func TestRequestThatIsRefusedAgainAndAgainFails(t *testing.T) {
	t.Parallel()
	server := startHTTP2(t, false, func(s *http2Stream) { s.reset(http2Refused) }, announced)
	_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(server.transport))
	want := "dial: opening a stream to " + server.address() + ": the server has refused the stream, or was about to close the connection, several times"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
	if got := server.streams.Load(); got != 3 {
		t.Errorf("the request was sent %d times", got)
	}
}

func TestFailureToConnectNamesTheServer(t *testing.T) {
	l := listenTo(t, "tcp", "127.0.0.1:0")
	address := l.Addr().String()
	l.Close()
	_, err := dial.Dial(testContext(t), "ws://"+address, stream.Standard, dial.HTTP2(&http.Transport{Protocols: protocols("h2c")}))
	var op *net.OpError
	if !errors.As(err, &op) || err.Error() != "dial: connecting to "+address+": connect: connection refused" {
		t.Errorf("error is %v", err)
	}
}

// An impostor answers instead of the server.
type impostor struct{}

func (impostor) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: r.Body, Request: r}, nil
}

func TestAnAnswerWithoutAConnectionOpensNone(t *testing.T) {
	transport := &http.Transport{Protocols: protocols("h2c")}
	transport.RegisterProtocol("http", impostor{})
	_, err := dial.Dial(testContext(t), "ws://a.example/", stream.Standard, dial.HTTP2(transport))
	if err == nil || !strings.Contains(err.Error(), "net/http has not let :protocol be set (golang/go#53208)") {
		t.Errorf("error is %v", err)
	}
}

package listen_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// wrapped is what middleware makes of a response writer that hides all but its three methods.
type wrapped struct{ http.ResponseWriter }

// unwrapping is a response writer as the middleware of chi and echo makes it.
type unwrapping struct {
	wrapped
	status int
}

func (w *unwrapping) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *unwrapping) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// hijacking is a response writer that hands its connection over itself, as that of gin does. It counts what is read.
type hijacking struct {
	wrapped
	read *atomic.Int64
}

func (w hijacking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	return counted{conn, w.read}, rw, err
}

type counted struct {
	net.Conn
	read *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func TestMiddlewareThatUnwrapsIsNotInTheWay(t *testing.T) {
	addr, outcomes := upgrader(t, func(w http.ResponseWriter) http.ResponseWriter {
		return &unwrapping{wrapped: wrapped{&unwrapping{wrapped: wrapped{w}}}}
	})
	connect(t, addr, proper+"\r\n"+helloFrame).opened(t)
	o := <-outcomes
	if o.err != nil {
		t.Fatal(o.err)
	}
	receiveHello(t, o.conn)
}

func TestMiddlewareThatUnwrapsSeesTheStatusOfARefusal(t *testing.T) {
	statuses := make(chan int, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := &unwrapping{wrapped: wrapped{w}}
		listen.Upgrade(u, r, stream.Standard)
		statuses <- u.status
	}))
	defer server.Close()
	response, _ := connect(t, server.Listener.Addr(), requestLine+host+"\r\n").response(t)
	if status := <-statuses; status != 426 || response.StatusCode != 426 {
		t.Errorf("status is %d for the middleware and %d for the client, want 426", status, response.StatusCode)
	}
}

func TestMiddlewareThatHandsTheConnectionOverIsNotPassedBy(t *testing.T) {
	var read atomic.Int64
	addr, outcomes := upgrader(t, func(w http.ResponseWriter) http.ResponseWriter {
		return &unwrapping{wrapped: wrapped{hijacking{wrapped{w}, &read}}}
	})
	c := connect(t, addr, proper+"\r\n").opened(t)
	o := <-outcomes
	if o.err != nil {
		t.Fatal(o.err)
	}
	io.WriteString(c, helloFrame)
	receiveHello(t, o.conn)
	if n := read.Load(); n != int64(len(helloFrame)) {
		t.Errorf("%d bytes were read through the middleware, want %d", n, len(helloFrame))
	}
}

func TestMiddlewareThatDoesNotUnwrapIsNamed(t *testing.T) {
	tests := []struct {
		name, writer string
		middleware   func(http.Handler) http.Handler
	}{
		{"wrapper", "listen_test.wrapped", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrapped{w}, r) })
		}},
		{"TimeoutHandler", "*http.timeoutWriter", func(h http.Handler) http.Handler {
			return http.TimeoutHandler(h, time.Hour, "")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			errs := make(chan error, 1)
			server := httptest.NewServer(tt.middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := listen.Upgrade(w, r, stream.Standard)
				errs <- err
			})))
			defer server.Close()
			response, body := connect(t, server.Listener.Addr(), proper+"\r\n").response(t)
			var refused *listen.Error
			if err := <-errs; !errors.As(err, &refused) || !errors.Is(err, http.ErrNotSupported) || refused.StatusCode != 501 || !strings.Contains(err.Error(), tt.writer) {
				t.Errorf("error is %v, want one with status 501 and the name of %s", err, tt.writer)
			}
			if response.StatusCode != 501 || strings.Contains(body, tt.writer) {
				t.Errorf("response is %d %q", response.StatusCode, body)
			}
		})
	}
}

func TestResourceIsThatOfTheRequestWhateverHandlersMakeOfIt(t *testing.T) {
	resources := make(chan string, 1)
	server := httptest.NewServer(http.StripPrefix("/a", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := listen.Upgrade(w, r, stream.Standard)
		if err != nil {
			t.Error(err)
			resources <- ""
			return
		}
		defer conn.Abort()
		resources <- conn.Handshake().Resource
	})))
	defer server.Close()
	const want = "/a/b%2Fc?d=e"
	for _, target := range []string{want, "http://example.com" + want} {
		connect(t, server.Listener.Addr(), strings.Replace(proper, "/a", target, 1)+"\r\n").opened(t)
		if got := <-resources; got != want {
			t.Errorf("resource of %s is %q, want %q", target, got, want)
		}
	}
}

// A program may make the request by itself, which then has no RequestURI.
func TestResourceOfARequestThatNoServerHasReadIsThatOfItsURL(t *testing.T) {
	r := parse(t, strings.Replace(proper, "/a", "/b%2Fc?d=e", 1)+"\r\n")
	r.RequestURI = ""
	conn, err := listen.Upgrade(newFakeWriter(""), r, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	if got := conn.Handshake().Resource; got != "/b%2Fc?d=e" {
		t.Errorf("resource is %q", got)
	}
}

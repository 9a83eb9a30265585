package listen_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"weak"

	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// A lentWriter lends the buffers of the HTTP server to whoever takes the connection over, and does not keep them.
type lentWriter struct {
	http.ResponseWriter
	lent *leftovers
}

func (w *lentWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.lent.reader, w.lent.writer = weak.Make(rw.Reader), weak.Make(rw.Writer)
	}
	return conn, rw, err
}

// leftovers are what is left of HTTP, if somebody keeps it.
type leftovers struct {
	request  weak.Pointer[http.Request]
	response weak.Pointer[lentWriter]
	value    weak.Pointer[[64]byte] // of the request's context
	reader   weak.Pointer[bufio.Reader]
	writer   weak.Pointer[bufio.Writer]
}

// kept returns the names of those that somebody keeps.
func (l *leftovers) kept() (names []string) {
	for name, kept := range map[string]bool{
		"request":  l.request.Value() != nil,
		"response": l.response.Value() != nil,
		"context":  l.value.Value() != nil,
		"reader":   l.reader.Value() != nil,
		"writer":   l.writer.Value() != nil,
	} {
		if kept {
			names = append(names, name)
		}
	}
	return names
}

type contextKey struct{}

func TestConnectionKeepsNothingOfHTTP(t *testing.T) {
	type result struct {
		conn *conn
		lent *leftovers
	}
	results := make(chan result, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lent := new(leftovers)
		value := new([64]byte)
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, value))
		response := &lentWriter{w, lent}
		lent.request, lent.response, lent.value = weak.Make(r), weak.Make(response), weak.Make(value)
		conn, err := listen.Upgrade(response, r, stream.Standard)
		if err != nil {
			t.Error(err)
		}
		results <- result{conn, lent}
	}))
	defer server.Close()
	c := connect(t, server.Listener.Addr(), proper+"\r\n"+helloFrame).opened(t)
	got := <-results
	if got.conn == nil {
		t.FailNow()
	}
	defer got.conn.Abort()
	if !eventually(t, func() bool { runtime.GC(); return len(got.lent.kept()) == 0 }) {
		t.Errorf("kept are %v", got.lent.kept())
	}
	receiveHello(t, got.conn) // what was in the buffer is there all the same
	io.WriteString(c, helloFrame)
	receiveHello(t, got.conn)
}

func TestAHandlerKeepsNothingOfARequestThatItsFunctionDoesNotKeep(t *testing.T) {
	lents := make(chan *leftovers, 1)
	goOn := make(chan struct{})
	handler := listen.Handler(stream.Standard, func(*http.Request, *conn) error {
		<-goOn
		return nil
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lent := new(leftovers)
		value := new([64]byte)
		response := &lentWriter{w, lent}
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, value))
		lent.request, lent.response, lent.value = weak.Make(r), weak.Make(response), weak.Make(value)
		lents <- lent
		handler.ServeHTTP(response, r)
	}))
	defer server.Close()
	defer close(goOn)
	connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
	lent := <-lents
	kept := func() bool {
		return lent.request.Value() != nil || lent.value.Value() != nil || lent.response.Value() != nil
	}
	if !eventually(t, func() bool { runtime.GC(); return !kept() }) {
		t.Errorf("kept are %v", lent.kept())
	}
}

func TestIdleConnectionsOfAListenerHaveNoGoroutinesAndNoBuffers(t *testing.T) {
	const (
		n     = 500
		bound = 8 << 10 // bytes; what the HTTP server has in buffers alone
	)
	l := listenLocally(t)
	conns := make([]*conn, n)
	clients := make([]net.Conn, n)
	open := func(i int) {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = client
		if _, err := io.WriteString(client, proper+"\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(client, make([]byte, len(switching)+2)); err != nil {
			t.Fatal(err)
		}
		conns[i] = acceptFrom(t, l)
	}
	defer func() {
		for _, c := range clients {
			if c != nil {
				c.Close()
			}
		}
	}()
	open(0)
	goroutines, before := runtime.NumGoroutine(), heap()
	for i := 1; i < n; i++ {
		open(i)
	}
	if !eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines }) {
		t.Errorf("%d goroutines came with %d connections", runtime.NumGoroutine()-goroutines, n-1)
	}
	var each int64
	if !eventually(t, func() bool { each = (heap() - before) / (n - 1); return each < bound }) {
		t.Errorf("%d bytes are held for each connection and its client, want less than %d", each, bound)
	}
	runtime.KeepAlive(conns)
}

// heap returns how many bytes are in use.
func heap() int64 { return int64(census.Take().Heap) }

// manyFrames is more than all buffers of an HTTP server take.
var manyFrames = strings.Repeat(helloFrame, 20_000/len(helloFrame))

func TestManyFramesBehindTheRequestAreKept(t *testing.T) {
	receiveAll := func(t *testing.T, conn *conn) {
		t.Helper()
		for range len(manyFrames) / len(helloFrame) {
			receiveHello(t, conn)
		}
	}
	t.Run("Upgrade", func(t *testing.T) {
		addr, outcomes := upgrader(t, plain)
		connect(t, addr, proper+"\r\n"+manyFrames).opened(t)
		o := <-outcomes
		if o.err != nil {
			t.Fatal(o.err)
		}
		receiveAll(t, o.conn)
	})
	t.Run("Listener", func(t *testing.T) {
		l := listenLocally(t)
		connect(t, l.Addr(), proper+"\r\n"+manyFrames).opened(t)
		receiveAll(t, acceptFrom(t, l))
	})
}

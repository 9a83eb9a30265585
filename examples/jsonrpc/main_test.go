package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// mustStart is start, until stop is called or the test ends.
func mustStart(t *testing.T, addr string, methods Methods) (at string, stop func()) {
	t.Helper()
	at, end, err := start(addr, methods)
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return at, stop
}

func newClient(t *testing.T, addr string) *Client {
	t.Helper()
	c := NewClient("ws://" + addr + "/")
	t.Cleanup(c.Close)
	return c
}

func TestTheProgramShowsARestart(t *testing.T) {
	var out strings.Builder
	if err := run(testContext(t), &out); err != nil {
		t.Fatal(err)
	}
	if want := "the server has counted to 1\nthe server is away, and a call waits\nthe server has counted to 2\n"; out.String() != want {
		t.Errorf("it prints %q, want %q", out.String(), want)
	}
}

func TestCallsAreAnswered(t *testing.T) {
	addr, _ := mustStart(t, "localhost:0", Methods{
		"echo": func(_ context.Context, params json.RawMessage) (any, error) { return params, nil },
		"fail": func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("not today") },
	})
	c := newClient(t, addr)
	var got []string
	if err := c.Call(testContext(t), "echo", []string{"a", "größe"}, &got); err != nil || strings.Join(got, " ") != "a größe" {
		t.Errorf("%q, %v", got, err)
	}
	for method, want := range map[string]Error{"fail": {internalError, "not today"}, "missing": {methodNotFound, "there is no such method"}} {
		err := c.Call(testContext(t), method, nil, nil)
		var refused *Error
		if !errors.As(err, &refused) || *refused != want {
			t.Errorf("%s: %v, want %v", method, err, &want)
		}
	}
}

func TestAMessageThatIsNoRequestIsNotTheEnd(t *testing.T) {
	addr, _ := mustStart(t, "localhost:0", counter())
	ctx := testContext(t)
	conn, err := dial.Dial(ctx, "ws://"+addr, stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, tt := range []struct{ text, want string }{
		{"nonsense", `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"this is no request"}}`},
		{`{"jsonrpc": "2.0", "method": "count"}`, ""},
		{`{"jsonrpc": "2.0", "method": "count", "id": 7}`, `{"jsonrpc":"2.0","id":7,"result":2}`},
	} {
		if err := conn.WriteText(ctx, tt.text); err != nil {
			t.Fatal(err)
		}
		if tt.want == "" {
			continue
		}
		if got, err := conn.Receive(ctx); err != nil || got.String() != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.text, got, err, tt.want)
		}
	}
}

func TestACallThatHasLeftIsLostWithItsServer(t *testing.T) {
	begun := make(chan struct{})
	addr, stop := mustStart(t, "localhost:0", Methods{"wait": func(ctx context.Context, _ json.RawMessage) (any, error) {
		close(begun)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	c := newClient(t, addr)
	called := make(chan error, 1)
	go func() { called <- c.Call(testContext(t), "wait", nil, nil) }()
	<-begun
	go stop()
	if err := <-called; !errors.Is(err, ErrLost) {
		t.Errorf("the call ends with %v, want ErrLost", err)
	}
}

func TestNoCallIsDoneTwiceWhileServersComeAndGo(t *testing.T) {
	methods := counter()
	addr, stop := mustStart(t, "localhost:0", methods)
	c := newClient(t, addr)
	ctx := testContext(t)
	const callers, each = 8, 50
	var done, lost atomic.Int64
	var seen sync.Map
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			for range each {
				var n int64
				switch err := c.Call(ctx, "count", nil, &n); {
				case errors.Is(err, ErrLost):
					lost.Add(1)
				case err != nil:
					t.Error(err)
				default:
					if _, twice := seen.LoadOrStore(n, nil); twice {
						t.Errorf("%d is the answer to two calls", n)
					}
					done.Add(1)
				}
			}
		})
	}
	for range 3 {
		stop()
		_, stop = mustStart(t, addr, methods)
		if err := c.Call(ctx, "count", nil, nil); err != nil && !errors.Is(err, ErrLost) {
			t.Error(err)
		}
	}
	calling.Wait()
	if done.Load()+lost.Load() != callers*each || done.Load() == 0 {
		t.Errorf("%d calls are done and %d lost, of %d", done.Load(), lost.Load(), callers*each)
	}
	var n int
	if err := c.Call(ctx, "count", nil, &n); err != nil || n > callers*each+4 {
		t.Errorf("%d calls reached a server, %v; want %d at most", n, err, callers*each+4)
	}
}

func TestARefusalForGoodIsTheEndOfTheClient(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.NotFound(w, r)
	}))
	defer server.Close()
	c := newClient(t, strings.TrimPrefix(server.URL, "http://"))
	for range 3 {
		err := c.Call(testContext(t), "count", nil, nil)
		var refused *dial.Error
		if !errors.As(err, &refused) || refused.StatusCode != http.StatusNotFound {
			t.Errorf("the error is %v, want status 404", err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the server was asked %d times", n)
	}
	wrong := NewClient("nowhere")
	defer wrong.Close()
	if err := wrong.Call(testContext(t), "count", nil, nil); !errors.As(err, new(*stream.ArgumentError)) {
		t.Errorf("the error is %v, want one of the URL", err)
	}
}

func TestARefusalForNowIsNotTheEnd(t *testing.T) {
	methods := counter()
	ready := listen.Handler(requests, func(r *http.Request, conn *stream.Conn[request]) error {
		methods.serve(r.Context(), conn)
		return nil
	})
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			listen.Reject(w, r, http.StatusServiceUnavailable)
		case 2:
			listen.Reject(w, r, http.StatusTooManyRequests)
		default:
			ready.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	c := newClient(t, strings.TrimPrefix(server.URL, "http://"))
	if err := c.Call(testContext(t), "count", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestCallsWaitAsLongAsTheirContextAndTheClientDo(t *testing.T) {
	addr, stop := mustStart(t, "localhost:0", nil)
	stop()
	c := NewClient("ws://" + addr + "/")
	ctx, cancel := context.WithCancel(testContext(t))
	called := make(chan error, 2)
	go func() { called <- c.Call(ctx, "count", nil, nil) }()
	cancel()
	if err := <-called; !errors.Is(err, context.Canceled) {
		t.Errorf("the call ends with %v, want context.Canceled", err)
	}
	go func() { called <- c.Call(testContext(t), "count", nil, nil) }()
	c.Close()
	if err := <-called; !errors.Is(err, ErrClosed) {
		t.Errorf("the call ends with %v, want ErrClosed", err)
	}
}

func TestPausesGrowAndHaveAnEnd(t *testing.T) {
	for n := range 200 {
		if d := pause(n); d < 25*time.Millisecond || d > 30*time.Second {
			t.Errorf("pause %d is %v", n, d)
		}
	}
	if pause(0) >= pause(20) {
		t.Error("pauses do not grow")
	}
}

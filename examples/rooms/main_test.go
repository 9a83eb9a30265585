package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("ROOMS_ROLE"); role != "" {
		play(role)
		return
	}
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

const hangs = time.Minute

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until holds returns true.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx := testContext(t)
	for wait := time.Millisecond; !holds(); wait = min(2*wait, 200*time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("it never comes to pass: %s", what)
		}
		time.Sleep(wait)
	}
}

// startNode runs a node with its own NATS until stop is called, or the test ends.
func startNode(t *testing.T) (n *node, addr string, stop func()) {
	t.Helper()
	n = newNode()
	addr, stop = run(t, n, "")
	return n, addr, stop
}

// run has n run, with NATS at the URLs, or its own, until stop is called, or the test ends.
func run(t *testing.T, n *node, urls string) (addr string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n.refresh = 50 * time.Millisecond
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.connect(ctx, urls, t.TempDir(), 1); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- n.serve(ctx, ln) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		n.close()
	})
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// startNATS runs a NATS server in this process, which is none of a node's, until the test ends.
func startNATS(t *testing.T) (s *server.Server, urls string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: t.TempDir(), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(hangs) {
		t.Fatal("NATS does not listen")
	}
	return s, s.ClientURL()
}

// connectTo returns the JetStream of the NATS at the URLs.
func connectTo(t *testing.T, urls string) jetstream.JetStream {
	t.Helper()
	c, err := nats.Connect(urls, nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

type conn = stream.Conn[protocol.Event]

// enter returns a connection as alice, and what it is told of its place.
func enter(t *testing.T, addr, room, after string, opts ...dial.Option) (*conn, protocol.Event) {
	t.Helper()
	query := url.Values{"room": {room}, "name": {"alice"}, "after": {after}}
	c, err := dial.Dial(testContext(t), "ws://"+addr+"/ws?"+query.Encode(), stream.JSON[protocol.Event](), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	return c, next(t, c, protocol.Joined)
}

// next returns the next event of a kind. Others are not of interest.
func next(t *testing.T, c *conn, kind string) protocol.Event {
	t.Helper()
	for {
		e, err := c.Receive(testContext(t))
		if err != nil {
			t.Fatalf("no event %s comes: %v", kind, err)
		}
		if e.Kind == kind {
			return e
		}
	}
}

// say has a message accepted, and returns its sequence.
func say(t *testing.T, c *conn, id, text string) uint64 {
	t.Helper()
	if err := c.WriteJSON(testContext(t), protocol.Message{ID: id, Text: text}); err != nil {
		t.Fatal(err)
	}
	for {
		if e := next(t, c, protocol.Accepted); e.ID == id {
			return e.Seq
		}
	}
}

// reasonOf returns the reason of the close frame that err is of.
func reasonOf(err error) string {
	closed, _ := err.(*stream.CloseError)
	if closed == nil {
		return ""
	}
	return closed.Reason
}

func TestANodeThatEndsTellsWhenToComeBack(t *testing.T) {
	n, addr, stop := startNode(t)
	c, _ := enter(t, addr, "a", "")
	ready := get(t, "http://"+addr+"/ready")
	if ready.StatusCode != http.StatusOK {
		t.Errorf("the node is not ready: %s", ready.Status)
	}
	go stop()
	for range c.All(testContext(t)) {
	}
	if err := c.Err(); stream.CloseCode(err) != closecode.GoingAway || protocol.Within(reasonOf(err)) != n.spread {
		t.Errorf("the end is %v; want 1001, and when to come back", err)
	}
}

func TestAClientThatDoesNotLeaveIsCut(t *testing.T) {
	n := newNode()
	n.patience = 2 * time.Second
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.connect(testContext(t), "", t.TempDir(), 1); err != nil {
		t.Fatal(err)
	}
	defer n.close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.serve(ctx, ln) }()
	enter(t, ln.Addr().String(), "a", "") // receives nothing from now on, and so does not answer a close frame
	cancel()
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the end of the node is %v", err)
	}
}

func TestWhoIsPresentIsTold(t *testing.T) {
	_, addr, _ := startNode(t)
	c, _ := enter(t, addr, "a", "")
	await := func(count int) {
		t.Helper()
		for {
			e := next(t, c, protocol.Present)
			if e.Count == count {
				if diff := cmp.Diff([]string{"alice"}, e.Names); diff != "" {
					t.Errorf("(-want +told):\n%s", diff)
				}
				return
			}
		}
	}
	await(1)
	other, _ := enter(t, addr, "a", "")
	await(2)
	other.Abort()
	await(1)
}

func TestANodeWithoutNATSTellsWhoIsPresentHere(t *testing.T) {
	nats, urls := startNATS(t)
	addr, _ := run(t, newNode(), urls)
	c, _ := enter(t, addr, "a", "")
	if e := next(t, c, protocol.Present); e.Count != 1 {
		t.Errorf("what is told is %+v, want 1", e)
	}
	nats.Shutdown()
	enter(t, addr, "a", "")
	for e := next(t, c, protocol.Present); e.Count != 2; e = next(t, c, protocol.Present) {
		if e.Count == 0 || len(e.Names) == 0 {
			t.Fatalf("what is told is %+v", e)
		}
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	_, addr, _ := startNode(t)
	for _, query := range []string{"", "room=a", "name=a", "room=a.b&name=a", "room=*&name=a", "room=a&name=%0a", "room=a&name=a&after=-1",
		"room=" + strings.Repeat("x", 65) + "&name=a"} {
		c, err := dial.Dial(testContext(t), "ws://"+addr+"/ws?"+query, stream.JSON[protocol.Event]())
		if err != nil {
			t.Fatal(err)
		}
		if e, err := c.Receive(testContext(t)); stream.CloseCode(err) != closecode.PolicyViolation {
			t.Errorf("%s: comes %+v, %v; want 1008", query, e, err)
		}
	}
	for _, tt := range []struct {
		text string
		code closecode.Code
	}{
		{"", closecode.PolicyViolation},
		{"hello", closecode.PolicyViolation},
		{`{"text": "without an ID"}`, closecode.PolicyViolation},
		{`{"id": "a\nb"}`, closecode.PolicyViolation},
		{strings.Repeat(" ", 8<<10+1), closecode.MessageTooBig},
	} {
		c, _ := enter(t, addr, "a", "")
		if err := c.WriteText(testContext(t), tt.text); err != nil {
			t.Error(err)
		}
		var err error
		for err == nil {
			_, err = c.Receive(testContext(t))
		}
		if stream.CloseCode(err) != tt.code {
			t.Errorf("%.20q: the end is %v, want %d", tt.text, err, tt.code)
		}
	}
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return response
}

func TestThePageIsServed(t *testing.T) {
	_, addr, _ := startNode(t)
	response := get(t, "http://"+addr+"/")
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/html") {
		t.Errorf("%s, %s", response.Status, got)
	}
}

func TestAReasonHasTheTimeToComeBackIn(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, 10 * time.Second, 100 * time.Hour} {
		if got := protocol.Within(protocol.Reason("why", d)); got != d {
			t.Errorf("%v is read as %v", d, got)
		}
	}
	for _, reason := range []string{"", "why", "; come back within -1 ms", "; come back within 99999999999 ms", "; come back within 1 ms."} {
		if got := protocol.Within(reason); got != 0 {
			t.Errorf("%q is read as %v", reason, got)
		}
	}
}

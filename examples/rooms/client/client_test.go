package client_test

import (
	"context"
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
	"github.com/litert/websocket/examples/rooms/client"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hangs = time.Minute

// join returns a client of the node at url, which is closed when the test ends.
func join(t *testing.T, url string, hear func(protocol.Event)) *client.Client {
	t.Helper()
	c, err := client.New("ws"+strings.TrimPrefix(url, "http")+"/ws?room=a&name=alice", hear)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestATextThatIsTooLongIsRefusedAtOnce(t *testing.T) {
	c := join(t, "http://127.0.0.1:0", func(protocol.Event) {})
	for _, text := range []string{strings.Repeat("x", protocol.MaxSize), strings.Repeat("\n", protocol.MaxSize/2)} {
		if _, err := c.Say(t.Context(), text); !errors.Is(err, client.ErrTooLong) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

func TestAClientTriesAgainUntilItIsRefused(t *testing.T) {
	var answered atomic.Int32
	statuses := []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusForbidden}
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := min(int(answered.Add(1)), len(statuses))
		listen.Reject(w, r, statuses[n-1])
	}))
	defer node.Close()
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	var refused *dial.Error
	if _, err := join(t, node.URL, func(protocol.Event) {}).Say(ctx, "hello"); !errors.As(err, &refused) || refused.StatusCode != http.StatusForbidden {
		t.Errorf("the error is %v, want that of status 403", err)
	}
	if n := answered.Load(); int(n) != len(statuses) {
		t.Errorf("it has asked %d times, want %d", n, len(statuses))
	}
}

// startDeafNode starts a node that lets clients in, and reads nothing of what they say.
func startDeafNode(t *testing.T) (url string) {
	t.Helper()
	var group listen.Group
	end := make(chan struct{})
	deaf := func(r *http.Request, conn *stream.Conn[protocol.Message]) error {
		err := conn.WriteJSON(r.Context(), protocol.Event{Kind: protocol.Joined})
		<-end
		conn.Abort()
		return err
	}
	node := httptest.NewServer(listen.Handler(stream.JSON[protocol.Message](), deaf, listen.Join(&group)))
	t.Cleanup(func() {
		close(end)
		group.Shutdown(context.Background())
		node.Close()
	})
	return node.URL
}

func TestSayWaitsNoLongerThanItsContext(t *testing.T) {
	joined := make(chan struct{})
	c := join(t, startDeafNode(t), func(protocol.Event) { close(joined) })
	<-joined
	ctx, cancel := context.WithCancel(t.Context())
	var saying sync.WaitGroup
	text := strings.Repeat("x", protocol.MaxSize-100)
	for range 4000 { // more than all buffers on the way have room for
		saying.Go(func() {
			if _, err := c.Say(ctx, text); !errors.Is(err, context.Canceled) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		saying.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(hangs):
		t.Error("it still waits")
		c.Close()
		<-ended
	}
}

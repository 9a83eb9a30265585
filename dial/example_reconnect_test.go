package dial_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// How long follow waits before it connects again: twice as long each time, until a message has come.
const (
	shortestWait = 2 * time.Millisecond // in real programs, a second
	longestWait  = time.Minute
)

// follow handles the messages of the server at url, and connects again when it is lost, or restarts. It returns nil
// when the server is done, and an error when it does not want this client, or ctx has ended.
func follow(ctx context.Context, url string, handle func(stream.Message)) error {
	for wait := shortestWait; ; wait = min(2*wait, longestWait) {
		conn, err := dial.Dial(ctx, url, stream.Simple)
		var answer *dial.Error
		switch {
		case err == nil:
			for msg, err := range conn.All(ctx) {
				if err != nil {
					break // Err tells it again
				}
				wait = shortestWait
				handle(msg)
			}
			err = conn.Err()
			conn.Close()
			if stream.CloseCode(err) == closecode.NormalClosure {
				return nil
			}
		case errors.As(err, &answer) && answer.StatusCode/100 == 4 && answer.StatusCode != http.StatusTooManyRequests:
			return err // it will say the same again
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait/2)): // not all clients at once
		}
	}
}

// A client that outlives its servers: they crash, are missing behind their proxy, restart, and at last are gone for good.
func ExampleDial_reconnect() {
	var tries atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := tries.Add(1)
		switch n {
		case 2, 3, 4:
			listen.Reject(w, r, http.StatusServiceUnavailable)
			return
		case 6:
			listen.Reject(w, r, http.StatusNotFound)
			return
		}
		conn, err := listen.Upgrade(w, r, stream.Simple)
		if err != nil {
			return
		}
		defer conn.Abort() // as a crash does
		conn.WriteText(r.Context(), fmt.Sprint("hello from connection ", n))
		if n > 1 {
			conn.Shutdown(r.Context(), closecode.ServiceRestart, "")
		}
	}))
	defer server.Close()

	err := follow(context.Background(), server.URL, func(msg stream.Message) { fmt.Println(msg) })
	fmt.Println(err)
	// Output:
	// hello from connection 1
	// hello from connection 5
	// dial: the server answered 404 Not Found: the status is not 101 Switching Protocols
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type client = stream.Conn[stream.Message]

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// serveChat serves h until stop is called, or the test ends.
func serveChat(t *testing.T, h *hub) (addr string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, h) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// enter returns a client in a room. It has joined once it is among the members.
func enter(t *testing.T, addr, room string) *client {
	t.Helper()
	conn, err := dial.Dial(testContext(t), "ws://"+addr+"/chat?room="+room, stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	return conn
}

func (h *hub) members() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, members := range h.rooms {
		n += len(members)
	}
	return n
}

// awaitMembers waits until n clients are in the rooms.
func awaitMembers(t *testing.T, h *hub, n int) {
	t.Helper()
	for ctx := testContext(t); h.members() != n; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatalf("%d are in the rooms, want %d", h.members(), n)
		}
	}
}

func wantCode(t *testing.T, err error, code closecode.Code) {
	t.Helper()
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Code != code {
		t.Errorf("the end is %v; want %d", err, uint16(code))
	}
}

func TestAThousandMembersHearTheirRoomAndAreToldTheEnd(t *testing.T) {
	h := newHub()
	addr, stop := serveChat(t, h)
	const rooms = 10
	clients := make([]*client, crowd())
	for i := range clients {
		clients[i] = enter(t, addr, fmt.Sprint(i%rooms))
	}
	awaitMembers(t, h, len(clients))

	ctx := testContext(t)
	var heard, ended sync.WaitGroup
	for i, c := range clients {
		heard.Add(1)
		ended.Go(func() {
			msg, err := c.Receive(ctx)
			if want := fmt.Sprintf("hello, room %d", i%rooms); err != nil || msg.String() != want {
				t.Errorf("client %d hears %q, %v; want %q", i, msg, err, want)
			}
			heard.Done()
			_, err = c.Receive(ctx)
			wantCode(t, err, closecode.GoingAway)
		})
	}
	for i := range rooms {
		if err := clients[i].WriteText(ctx, fmt.Sprintf("hello, room %d", i)); err != nil {
			t.Error(err)
		}
	}
	heard.Wait()
	stop()
	ended.Wait()
	awaitMembers(t, h, 0)
}

func TestASlowMemberIsDroppedAndTheOthersGoOn(t *testing.T) {
	h := newHub()
	addr, _ := serveChat(t, h)
	slow, speaker := enter(t, addr, "a"), enter(t, addr, "a")
	awaitMembers(t, h, 2)
	ctx := testContext(t)
	said := strings.Repeat("x", 4<<10)
	for h.members() == 2 { // until what slow does not read fills all buffers
		if err := speaker.WriteText(ctx, said); err != nil {
			t.Fatal(err)
		}
		if msg, err := speaker.Receive(ctx); err != nil || msg.String() != said {
			t.Fatalf("the speaker hears %d bytes, %v", len(msg.Data), err)
		}
	}
	awaitMembers(t, h, 1)
	var err error
	for err == nil {
		_, err = slow.Receive(ctx)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("slow ends with %v", err)
	}
	if err := speaker.WriteText(ctx, "still here"); err != nil {
		t.Error(err)
	}
	if msg, err := speaker.Receive(ctx); err != nil || msg.String() != "still here" {
		t.Errorf("the speaker hears %q, %v", msg, err)
	}
}

func TestWhatIsNoTalkEndsTheConnection(t *testing.T) {
	h := newHub()
	addr, _ := serveChat(t, h)
	ctx := testContext(t)
	binary := enter(t, addr, "a")
	if err := binary.WriteBinary(ctx, nil); err != nil {
		t.Error(err)
	}
	_, err := binary.Receive(ctx)
	wantCode(t, err, closecode.UnsupportedData)
	long := enter(t, addr, "a")
	if err := long.WriteText(ctx, strings.Repeat("x", 4<<10+1)); err != nil {
		t.Error(err)
	}
	_, err = long.Receive(ctx)
	wantCode(t, err, closecode.MessageTooBig)
	awaitMembers(t, h, 0)
}

func TestThePageIsServed(t *testing.T) {
	addr, _ := serveChat(t, newHub())
	response, err := http.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/html") {
		t.Errorf("%s, %s", response.Status, got)
	}
}

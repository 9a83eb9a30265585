package stream_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

func TestMessagesOfManyWritersStayWhole(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			const writers, each = 8, 20
			for i := range writers {
				go func() {
					for j := range each {
						text := strings.Repeat(fmt.Sprintf("%d,%d;", i, j), 1+i*50)
						var err error
						if j%2 == 0 {
							err = client.WriteText(bg(t), text)
						} else if w, e := client.NewWriter(bg(t), opcode.Text); e != nil {
							err = e
						} else {
							for len(text) > 0 {
								n := min(100, len(text))
								io.WriteString(w, text[:n])
								w.Flush()
								text = text[n:]
							}
							err = w.Close()
						}
						if err != nil {
							t.Error(err)
							return
						}
						client.Ping(bg(t), nil)
					}
				}()
			}
			next := make(map[int]int)
			for range writers * each {
				got := receiveAll(t, server)
				var i, j int
				if _, err := fmt.Sscanf(got, "%d,%d;", &i, &j); err != nil || got != strings.Repeat(fmt.Sprintf("%d,%d;", i, j), 1+i*50) {
					t.Fatalf("got %.60q", got)
				}
				if next[i] != j {
					t.Fatalf("writer %d: message %d instead of %d", i, j, next[i])
				}
				next[i]++
			}
		})
	}
}

func TestEachMessageGoesToOneReceiver(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	const n = 200
	var mu sync.Mutex
	seen := make(map[string]int)
	var receivers sync.WaitGroup
	for range 4 {
		receivers.Go(func() {
			for {
				r, err := server.Receive(bg(t))
				if err != nil {
					return
				}
				p, err := io.ReadAll(r)
				if err != nil {
					continue // another one went on before this one had read all
				}
				mu.Lock()
				seen[string(p)]++
				mu.Unlock()
			}
		})
	}
	for i := range n {
		if err := client.WriteText(bg(t), fmt.Sprint("message ", i)); err != nil {
			t.Fatal(err)
		}
	}
	client.Shutdown(bg(t), closecode.NormalClosure, "")
	receivers.Wait()
	for text, times := range seen {
		if times != 1 || !strings.HasPrefix(text, "message ") {
			t.Errorf("%q came %d times", text, times)
		}
	}
}

// RFC 6455, section 5.4: control frames pass between the fragments of a message.
func TestControlFramesPassBetweenFragments(t *testing.T) {
	client, peer := clientAndPeer(t)
	go client.Receive(context.Background())
	w, err := client.NewWriter(bg(t), opcode.Text)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "a")
	w.Flush()
	peer.Want(false, opcode.Text, "a")
	peer.SendFrame(true, opcode.Ping, "are you there?")
	peer.Want(true, opcode.Pong, "are you there?")
	if err := client.Ping(bg(t), []byte("and you?")); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Ping, "and you?")
	if err := client.Pong(bg(t), nil); err != nil {
		t.Fatal(err)
	}
	peer.Want(true, opcode.Pong, "")
	io.WriteString(w, "b")
	w.Close()
	peer.Want(true, opcode.Continuation, "b")
}

// Both ends have much to say before they read: a ping that waits for an answer must not stop them from reading.
func TestPingsDoNotLockUpTwoEndsThatWrite(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	const size = 32 << 20
	var wg sync.WaitGroup
	for _, c := range []*conn{client, server} {
		wg.Go(func() {
			if err := c.WriteBinary(bg(t), make([]byte, size)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			for range 100 {
				if err := c.Ping(bg(t), make([]byte, 125)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			r, err := c.Receive(bg(t))
			if err != nil {
				t.Error(err)
				return
			}
			if n, err := io.Copy(io.Discard, r); n != size || err != nil {
				t.Error(n, err)
			}
		})
	}
	wg.Wait()
}

// A peer that sends pings and does not read the pongs makes neither the memory grow nor the receiver stop: only the
// latest ping needs an answer.
func TestPingsWhosePongsAreNotRead(t *testing.T) {
	server, peer := serverAndPeer(t)
	const pings = 200_000
	go func() {
		var b []byte
		for i := range pings {
			b = append(b, peer.Frame(true, opcode.Ping, fmt.Sprintf("%0100d", i))...)
			if len(b) > 1<<16 {
				peer.Send(b)
				b = b[:0]
			}
		}
		peer.Send(b, peer.Frame(true, opcode.Text, "through"))
	}()
	if got := receiveAll(t, server); got != "through" {
		t.Errorf("got %q", got)
	}
	last := ""
	for last != fmt.Sprintf("%0100d", pings-1) {
		f, _, err := peer.Receive()
		if err != nil || f.Opcode != opcode.Pong || f.Payload <= last {
			t.Fatalf("got %v, %v", f, err)
		}
		last = f.Payload
	}
}

package listen_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func listenAtPipes(t testing.TB, opts ...listen.Option) (*listener, *pipeListener) {
	t.Helper()
	pipes := newPipeListener()
	l, err := listen.NewListener(pipes, stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, pipes
}

func TestMaxPendingHoldsConnectionsBack(t *testing.T) {
	const timeout = time.Second
	tests := []struct {
		name, text string
		opened     bool
		settle     func(t *testing.T, l *listener, c *client) // has one place become free
	}{
		{"client leaves", "", false, func(t *testing.T, l *listener, c *client) { c.Close() }},
		{"silent client", "", false, func(t *testing.T, l *listener, c *client) { time.Sleep(timeout) }},
		{"slow client", requestLine, false, func(t *testing.T, l *listener, c *client) { time.Sleep(timeout) }},
		{"client that does not read", proper + "\r\n", false, func(t *testing.T, l *listener, c *client) {
			time.Sleep(timeout)
		}},
		{"refused client", requestLine + host, false, func(t *testing.T, l *listener, c *client) {
			io.WriteString(c, "\r\n")
			if response, _ := c.response(t); response.StatusCode != 426 {
				t.Errorf("status is %d, want 426", response.StatusCode)
			}
		}},
		{"client that asks for the server's options", "OPTIONS * HTTP/1.1\r\n" + host, false, func(t *testing.T, l *listener, c *client) {
			io.WriteString(c, "\r\n")
			if response, _ := c.response(t); response.StatusCode != 405 {
				t.Errorf("status is %d, want 405", response.StatusCode)
			}
		}},
		{"Accept", proper + "\r\n", true, func(t *testing.T, l *listener, c *client) { acceptFrom(t, l) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, pipes := listenAtPipes(t, listen.MaxPending(2), listen.HandshakeTimeout(timeout))
				var pending [2]*client
				for i := range pending {
					pending[i] = newClient(t, pipes.dial(t), tt.text)
					if tt.opened {
						pending[i].opened(t)
					}
				}
				next, server := net.Pipe()
				defer next.Close()
				taken := make(chan struct{})
				go func() {
					select {
					case pipes.conns <- server:
						close(taken)
					case <-pipes.done:
					}
				}()
				synctest.Wait()
				select {
				case <-taken:
					t.Fatal("a connection was taken beyond the bound")
				default:
				}
				tt.settle(t, l, pending[0])
				synctest.Wait()
				select {
				case <-taken:
				default:
					t.Fatal("the next connection was not taken")
				}
				newClient(t, next, proper+"\r\n").opened(t)
			})
		})
	}
}

func TestCloseEndsTheWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, pipes := listenAtPipes(t, listen.MaxPending(1))
		c := newClient(t, pipes.dial(t), "")
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if !c.ended() {
			t.Error("the connection is open")
		}
	})
}

func TestEveryoneGetsThroughOnePlace(t *testing.T) {
	const n = 50
	l := listenLocally(t, listen.MaxPending(1))
	var clients sync.WaitGroup
	defer clients.Wait()
	for i := range n {
		text := proper + "\r\n"
		if i%2 == 1 {
			text = requestLine + host + "\r\n"
		}
		c := connect(t, l.Addr(), text)
		clients.Go(func() {
			if response, _ := c.response(t); (response.StatusCode == 101) != (i%2 == 0) {
				t.Errorf("client %d: status is %d", i, response.StatusCode)
			}
		})
	}
	for range n / 2 {
		acceptFrom(t, l)
	}
}

// Nothing else happens meanwhile that would have the Listener look again.
func TestWhatHasSpokenGetsThePlaceOfAHandshakeThatHasBecomeSlow(t *testing.T) {
	skipUnlessSilenceIsKnown(t)
	l := listenLocally(t, listen.MaxPending(1), listen.HandshakeTimeout(time.Hour))
	slow := connect(t, l.Addr(), requestLine)
	if !eventually(t, func() bool { return l.Pending() == [2]int{0, 1} }) {
		t.Fatalf("pending are %v", l.Pending())
	}
	connect(t, l.Addr(), proper+"\r\n"+helloFrame).opened(t)
	receiveHello(t, acceptFrom(t, l))
	if !slow.ended() {
		t.Error("the slow handshake goes on")
	}
}

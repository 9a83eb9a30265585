package listen_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// handlers are those that return when a function of the program does.
var handlers = map[string]func(serve func(*conn), opts ...listen.Option) http.Handler{
	"Handler": func(serve func(*conn), opts ...listen.Option) http.Handler {
		return listen.Handler(stream.Standard, func(_ *http.Request, c *conn) error {
			serve(c)
			return nil
		}, opts...)
	},
	"Upgrade": func(serve func(*conn), opts ...listen.Option) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := listen.Upgrade(w, r, stream.Standard, opts...); err == nil {
				serve(c)
			}
		})
	},
}

// The close frame has to wait for the client, which is full, while the handler waits for the end and another goroutine receives.
func TestHandlerThatWaitsForTheEndReturnsBehindTheCloseFrame(t *testing.T) {
	full := make([]byte, 65535-4) // in a frame, the window of the client
	tests := []struct {
		name string
		end  func(p *wstest.Peer, c *conn)
		code closecode.Code
	}{
		{"the client closes", func(p *wstest.Peer, _ *conn) { p.SendClose(1000, "") }, 1000},
		{"the client breaks the protocol", func(p *wstest.Peer, _ *conn) { p.SendFrame(true, 3, "") }, 1002},
		{"nothing comes", func(_ *wstest.Peer, c *conn) { c.SetIdleTimeout(time.Millisecond) }, 1001},
		{"the server closes", func(_ *wstest.Peer, c *conn) { go c.Shutdown(testContext(t), 4000, "") }, 4000},
	}
	for _, tt := range tests {
		for name, handler := range handlers {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				var served *conn
				var receiving sync.WaitGroup
				conns, closing := make(chan *conn, 1), make(chan struct{})
				h := dialHTTP2(t, true, handler(func(c *conn) {
					served = c
					receiving.Go(func() { c.Receive(testContext(t)) })
					if err := c.WriteBinary(testContext(t), full); err != nil {
						t.Error(err)
					}
					conns <- c
					<-c.Done()
				}, stream.CloseTimeout(hangs), stream.WithTrace(&stream.Trace{
					Timeout: func(error) { served.SetIdleTimeout(0) }, // the close frame has to wait, too
					FrameSent: func(h frame.Header) {
						if h.Opcode == opcode.Close {
							close(closing)
						}
					},
				})))
				p := h.Connect("/").Opened()
				tt.end(p, <-conns)
				<-closing
				p.Want(true, opcode.Binary, string(full))
				p.WantClose(tt.code)
				if tt.code == 1002 || tt.code == 4000 {
					p.SendClose(tt.code, "")
				}
				p.WantEnd()
				receiving.Wait()
			})
		}
	}
}

// failures are how a client has the server fail the connection, with the first bytes of a long frame.
var failures = []struct {
	name string
	fin  bool
	op   opcode.Opcode
	text string
	opts listen.Option
	code closecode.Code
}{
	{"too long", true, opcode.Binary, "x", stream.MaxMessageSize(1 << 20), 1009},
	{"no text", true, opcode.Text, "\xff", stream.Options(), 1007},
	{"out of place", true, opcode.Continuation, "x", stream.Options(), 1002},
	{"unknown", true, 3, "x", stream.Options(), 1002},
}

// A client that is sending has to get to reading: what it sends is taken until it closes the connection, too.
func TestServerThatFailsAConnectionOverHTTP2WaitsForTheClient(t *testing.T) {
	ends := map[string]func(p *wstest.Peer, s *wstest.H2Stream){
		"close frame": func(p *wstest.Peer, s *wstest.H2Stream) {
			b := p.Frame(true, opcode.Close, wstest.ClosePayload(1000, "in single bytes"))
			for i := range b {
				s.Write(b[i : i+1])
			}
		},
		"END_STREAM": func(_ *wstest.Peer, s *wstest.H2Stream) { s.Close() },
	}
	for _, tt := range failures {
		for name, handler := range handlers {
			for end, close := range ends {
				t.Run(tt.name+"/"+name+"/"+end, func(t *testing.T) {
					t.Parallel()
					h := dialHTTP2(t, true, handler(func(c *conn) { drain(testContext(t), c) }, tt.opts, stream.CloseTimeout(hangs)))
					s := h.Connect("/")
					p := s.Opened()
					long := p.Frame(tt.fin, tt.op, tt.text+strings.Repeat("y", 3<<20-1)) // more than the window
					p.Send(long[:100])
					p.WantClose(tt.code)
					p.Send(long[100:])
					for _, size := range []int{0, 125, 126, 65536} {
						p.SendFrame(true, opcode.Binary, strings.Repeat("\x88", size))
					}
					close(p, s)
					if err := s.End(); err != io.EOF && err != wstest.H2NoError {
						t.Errorf("the stream has ended with %v", err)
					}
				})
			}
		}
	}
}

// receiveAllOf serves connections of a mode, and receives until the end.
func receiveAllOf[M any](t *testing.T, mode stream.Mode[M], opts ...listen.Option) http.Handler {
	return listen.Handler(mode, func(_ *http.Request, c *stream.Conn[M]) (err error) {
		for err == nil {
			_, err = c.Receive(testContext(t))
		}
		return err
	}, opts...)
}

// What was read of a message, and what is left of it, differs.
func TestServerThatFailsAConnectionOverHTTP2WaitsForTheClientInAllModes(t *testing.T) {
	opts := []listen.Option{stream.CloseTimeout(hangs), stream.MaxMessageSize(1000)}
	for name, handler := range map[string]http.Handler{
		"Standard": receiveAllOf(t, stream.Standard, opts...),
		"Simple":   receiveAllOf(t, stream.Simple, opts...),
		"Lite":     receiveAllOf(t, stream.Lite, opts...),
		"Frames":   receiveAllOf(t, stream.Frames, opts...),
	} {
		t.Run(name, func(t *testing.T) {
			h := dialHTTP2(t, true, handler)
			for _, op := range []opcode.Opcode{opcode.Binary, opcode.Continuation} {
				p := h.Connect("/").Opened()
				if op == opcode.Continuation {
					if name == "Lite" { // which takes no fragments
						continue
					}
					p.SendFrame(false, opcode.Binary, strings.Repeat("a", 600))
				}
				long := p.Frame(true, op, strings.Repeat("y", 100_000))
				p.Send(long[:100])
				p.WantClose(1009)
				p.Send(long[100:])
				p.SendClose(1009, "")
				p.WantEnd()
			}
			if name == "Standard" { // which does not look at text that is not read
				return
			}
			p := h.Connect("/").Opened()
			p.SendFrame(true, opcode.Text, "four\xff")
			p.WantClose(1007)
			p.SendClose(1007, "")
			p.WantEnd()
		})
	}
}

func TestServerThatFailsAConnectionOverHTTP2WaitsNoLongerThanItMay(t *testing.T) {
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := dialHTTP2(t, true, handler(func(c *conn) { drain(testContext(t), c) }, stream.CloseTimeout(within)))
			p := h.Connect("/").Opened()
			p.SendFrame(true, 3, "")
			p.WantClose(1002)
			p.WantEnd()
		})
	}
}

// Where the next frame begins is not known behind a header that cannot be: no close frame is found there.
func TestServerWaitsNoLongerThanItMayBehindAHeaderThatCannotBe(t *testing.T) {
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, echo, stream.CloseTimeout(within)))
	p := h.Connect("/").Opened()
	p.SendFrame(true, 3, "")
	p.WantClose(1002)
	p.Send([]byte("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff and as many bytes as the longest header has"))
	p.WantEnd()
}

// A close frame that is wrong is one all the same: the client sends nothing behind it.
func TestServerWaitsForNothingBehindACloseFrameThatIsWrong(t *testing.T) {
	h := dialHTTP2(t, true, listen.Handler(stream.Standard, echo, stream.CloseTimeout(hangs)))
	p := h.Connect("/").Opened()
	p.SendFrame(true, opcode.Close, "1")
	p.WantClose(1002)
	p.WantEnd()
}

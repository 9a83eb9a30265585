package dial_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// breaks are ways in which a stream ends without a close frame.
var breaks = []struct {
	name string
	end  func(s *http2Stream)
}{
	{"END_STREAM", func(s *http2Stream) { s.Close() }},
	{"trailers", func(s *http2Stream) { s.trailers() }},
	{"RST_STREAM with NO_ERROR", func(s *http2Stream) { s.reset(http2NoError) }},
	{"END_STREAM and NO_ERROR", func(s *http2Stream) { s.Close(); s.reset(http2NoError) }},
	{"RST_STREAM with PROTOCOL_ERROR", func(s *http2Stream) { s.reset(http2ProtocolError) }},
	{"RST_STREAM with INTERNAL_ERROR", func(s *http2Stream) { s.reset(http2InternalError) }},
	{"RST_STREAM with REFUSED_STREAM", func(s *http2Stream) { s.reset(http2Refused) }},
	{"RST_STREAM with CANCEL", func(s *http2Stream) { s.reset(http2Cancel) }},
	{"GOAWAY", func(s *http2Stream) { s.goAway(0, http2InternalError); s.link.Close() }},
	{"GOAWAY behind the stream", func(s *http2Stream) { s.goAway(s.id, http2NoError); s.link.Close() }},
	{"lost connection", func(s *http2Stream) { s.link.Close() }},
}

func TestStreamThatIsCutAtAnyByteNeverLooksWhole(t *testing.T) {
	p := wstest.NewPeer(t, nil, true)
	frames := [][]byte{
		p.Frame(true, opcode.Text, "one"),
		p.Frame(false, opcode.Text, "t"),
		p.Frame(true, opcode.Ping, ""),
		p.Frame(true, opcode.Continuation, "wo"),
		p.Frame(true, opcode.Binary, strings.Repeat("3", 130)),
	}
	all := bytes.Join(frames, nil)
	ends := []int{len(frames[0]), len(bytes.Join(frames[:4], nil)), len(all)}
	messages := []string{"one", "two", strings.Repeat("3", 130)}
	for _, way := range breaks {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			cuts := make(chan int, 1)
			server := startHTTP2(t, false, func(s *http2Stream) {
				s.respond("200")
				s.Write(all[:<-cuts])
				way.end(s)
			}, announced)
			for cut := range len(all) + 1 {
				cuts <- cut
				conn := dialHTTP2(t, server)
				var whole []string
				var err error
				for err == nil {
					var msg *stream.Reader
					if msg, err = conn.Receive(testContext(t)); err != nil {
						break
					}
					var text []byte
					if text, err = io.ReadAll(msg); err == nil {
						whole = append(whole, string(text))
					}
				}
				want := 0
				for want < len(ends) && ends[want] <= cut {
					want++
				}
				if strings.Join(whole, " ") != strings.Join(messages[:want], " ") {
					t.Errorf("cut at %d: the messages are %.50q", cut, whole)
				}
				if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
					t.Errorf("cut at %d: the end is %v", cut, err)
				}
				conn.Abort()
			}
		})
	}
}

func TestStreamThatEndsWithTheResponseIsCut(t *testing.T) {
	server := startHTTP2(t, true, func(s *http2Stream) { s.respondWith(http2EndStream, "200") }, announced)
	conn := dialHTTP2(t, server)
	if _, err := conn.Receive(testContext(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the end is %v", err)
	}
}

// What is written fails once the server has reset the stream, and so do writes that wait for its window.
func TestResetEndsWritesThatWait(t *testing.T) {
	for _, way := range breaks[2:] {
		t.Run(way.name, func(t *testing.T) {
			server := startHTTP2(t, true, nil, announced)
			server.keepsWindow = true
			server.serve = func(s *http2Stream) {
				s.respond("200")
				io.CopyN(io.Discard, s, 1<<16-1)
				way.end(s)
			}
			conn := dialHTTP2(t, server)
			go conn.Receive(testContext(t))
			if err := conn.WriteBinary(testContext(t), make([]byte, 1<<20)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the write ended with %v", err)
			}
		})
	}
}

// A server may close its side and go on reading.
func TestWritesGoOnBehindTheEndOfTheServersSide(t *testing.T) {
	server := startHTTP2(t, true, func(s *http2Stream) {
		p := s.peer()
		s.Close()
		p.Want(true, opcode.Text, "one")
		p.Want(true, opcode.Text, "two")
		if ends := s.waitForEnds(1); ends[0] != io.EOF {
			t.Errorf("the stream has ended with %v", ends)
		}
	}, announced)
	conn := dialHTTP2(t, server)
	for _, text := range []string{"one", "two"} {
		if err := conn.WriteText(testContext(t), text); err != nil {
			t.Error(err)
		}
	}
	conn.Abort()
}

func TestCloseEndsTheStreamAlone(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		server := startHTTP2(t, secure, func(s *http2Stream) {
			p := s.peer()
			if s.id == 1 {
				p.Want(true, opcode.Text, "one")
				p.SendFrame(true, opcode.Text, "1")
				<-s.ended
				return
			}
			p.Want(true, opcode.Text, "two")
			p.WantClose(1000)
			p.WantEnd()
			if ends := s.waitForEnds(2); fmt.Sprint(ends) != "[EOF reset with code 8]" {
				t.Errorf("the stream has ended with %v", ends)
			}
		}, announced)
		stays, goes := dialHTTP2(t, server), dialHTTP2(t, server)
		if err := goes.WriteText(testContext(t), "two"); err != nil {
			t.Error(err)
		}
		goes.Close()
		if err := stays.WriteText(testContext(t), "one"); err != nil {
			t.Error(err)
		}
		if _, err := stays.Receive(testContext(t)); err != nil {
			t.Error(err)
		}
		server.wantOneConnection(t)
	})
}

func TestCloseResetsAStreamWhoseWriteWaits(t *testing.T) {
	server := startHTTP2(t, true, nil, announced)
	server.keepsWindow = true
	full := make(chan struct{})
	server.serve = func(s *http2Stream) {
		s.respond("200")
		io.CopyN(io.Discard, s, 1<<16-1)
		close(full)
		if ends := s.waitForEnds(1); fmt.Sprint(ends) != "[reset with code 8]" {
			t.Errorf("the stream has ended with %v", ends)
		}
	}
	conn := dialHTTP2(t, server)
	written := make(chan error)
	go func() { written <- conn.WriteBinary(testContext(t), make([]byte, 1<<20)) }()
	<-full
	conn.Abort()
	if err := <-written; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the write ended with %v", err)
	}
}

func TestWriteThatIsBoundedEndsTheStreamAlone(t *testing.T) {
	server := startHTTP2(t, true, nil, announced)
	server.keepsWindow = true
	full := make(chan struct{})
	server.serve = func(s *http2Stream) {
		p := s.peer()
		if s.id == 1 {
			io.CopyN(io.Discard, s, 1<<16-100)
			close(full)
			<-s.ended
			return
		}
		p.SendFrame(true, opcode.Text, "still here")
		<-s.ended
	}
	conn := dialHTTP2(t, server)
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		<-full
		cancel()
	}()
	if err := conn.WriteBinary(ctx, make([]byte, 1<<20)); !errors.Is(err, context.Canceled) {
		t.Errorf("the write ended with %v", err)
	}
	<-conn.Done()
	if _, err := dialHTTP2(t, server).Receive(testContext(t)); err != nil {
		t.Error(err)
	}
	server.wantOneConnection(t)
}

// Bytes that nobody has read take room that all streams of a connection share.
func TestCloseGivesTheRoomOfUnreadBytesBack(t *testing.T) {
	server := startHTTP2(t, true, func(s *http2Stream) {
		s.peer().SendFrame(true, opcode.Binary, strings.Repeat("x", 48<<10)) // three buffers of the client
		<-s.ended
	}, announced)
	server.transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerConnection: 128 << 10, MaxReceiveBufferPerStream: 64 << 10}
	for range 10 {
		conn := dialHTTP2(t, server)
		if _, err := conn.Receive(testContext(t)); err != nil {
			t.Fatal(err)
		}
		conn.Abort()
	}
	server.wantOneConnection(t)
}

func TestContextBoundsTheHandshakeAlone(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		server := startHTTP2(t, secure, func(s *http2Stream) {
			p := s.peer()
			p.Want(true, opcode.Text, "one")
			p.SendFrame(true, opcode.Text, "two")
			<-s.ended
		}, announced)
		ctx, cancel := context.WithCancel(testContext(t))
		conn, err := dial.Dial(ctx, server.url, stream.Standard, dial.HTTP2(server.transport))
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Abort()
		if err := conn.WriteText(testContext(t), "one"); err != nil {
			t.Error(err)
		}
		if _, err := conn.Receive(testContext(t)); err != nil {
			t.Error(err)
		}
	})
}

func TestConnectTimeoutBoundsTheHandshakeOverHTTP2(t *testing.T) {
	silent := listenTo(t, "tcp", "127.0.0.1:0") // which accepts, and says nothing: neither in TLS nor its SETTINGS
	defer silent.Close()
	for name, server := range map[string]*http2Server{
		"TLS":      {url: "wss://" + silent.Addr().String(), transport: &http.Transport{ForceAttemptHTTP2: true}},
		"SETTINGS": {url: "ws://" + silent.Addr().String(), transport: &http.Transport{Protocols: protocols("h2c")}},
		"response": startHTTP2(t, true, func(s *http2Stream) { <-s.ended }, announced),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(server.transport), dial.ConnectTimeout(20*time.Millisecond))
			var timeout net.Error
			if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() || !strings.HasPrefix(err.Error(), "dial: ") {
				t.Errorf("error is %v", err)
			}
			ctx, cancel := context.WithCancelCause(testContext(t))
			stop := errors.New("stop")
			time.AfterFunc(10*time.Millisecond, func() { cancel(stop) })
			if _, err := dial.Dial(ctx, server.url, stream.Standard, dial.HTTP2(server.transport)); !errors.Is(err, stop) || !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// The answer has to have come by then.
func TestConnectTimeoutBoundsTheBodyOverHTTP2(t *testing.T) {
	t.Parallel()
	server := startHTTP2(t, false, func(s *http2Stream) {
		s.respond("403")
		io.WriteString(s, "no")
		<-s.ended
	}, announced)
	_, err := dial.Dial(testContext(t), server.url, stream.Standard, dial.HTTP2(server.transport), dial.ConnectTimeout(time.Second))
	var answer *dial.Error
	if !errors.As(err, &answer) || !errors.Is(err, context.DeadlineExceeded) || answer.StatusCode != 403 || string(answer.Body) != "no" {
		t.Errorf("error is %v", err)
	}
}

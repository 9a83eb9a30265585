package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// connect returns the two ends of a connection without a network. Programs get theirs from packages dial and listen.
func connect[M any](mode stream.Mode[M], opts ...stream.Option) (client *stream.Conn[*stream.Reader], server *stream.Conn[M]) {
	a, b := net.Pipe()
	client, err := stream.New(a, stream.Handshake{}, stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	server, err = stream.New(b, stream.Handshake{Server: true}, mode, opts...)
	if err != nil {
		log.Fatal(err)
	}
	return client, server
}

// In mode Standard a message is a stream, which may be larger than memory.
func ExampleConn_Receive() {
	client, server := connect(stream.Standard)
	defer client.Abort()
	defer server.Abort()
	ctx := context.Background()
	go client.WriteText(ctx, "a message of any size")

	msg, err := server.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var b strings.Builder
	n, err := io.Copy(&b, msg)
	fmt.Println(msg.Opcode(), n, err)
	// Output: text 21 <nil>
}

// The iterator ends silently when the peer closes in order.
func ExampleConn_All() {
	client, server := connect(stream.Standard)
	ctx := context.Background()
	go func() {
		client.WriteText(ctx, "one")
		client.WriteText(ctx, "two")
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()

	for msg, err := range server.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		text, err := msg.Text()
		fmt.Println(text, err)
	}
	// Output:
	// one <nil>
	// two <nil>
}

// In mode Simple a message is whole, and the caller's own.
func ExampleMode_simple() {
	client, server := connect(stream.Simple)
	defer client.Abort()
	defer server.Abort()
	ctx := context.Background()
	go client.WriteText(ctx, "hello")

	msg, err := server.Receive(ctx)
	fmt.Println(msg.Opcode, msg, err)
	// Output: text hello <nil>
}

// In mode Lite a message is what the connection's buffer holds: here it is answered in place.
func ExampleMode_lite() {
	client, server := connect(stream.Lite)
	ctx := context.Background()
	go func() {
		for msg, err := range server.All(ctx) {
			if err != nil {
				return
			}
			for i, b := range msg.Data {
				msg.Data[i] = b ^ 0x20
			}
			server.WriteBinary(ctx, msg.Data)
		}
	}()

	go client.WriteText(ctx, "Hello")
	msg, err := client.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(msg.Text())
	client.Shutdown(ctx, closecode.NormalClosure, "")
	// Output: hELLO <nil>
}

// In mode Frames a relay sees each frame as it was sent.
func ExampleMode_frames() {
	client, server := connect(stream.Frames)
	ctx := context.Background()
	go func() {
		w, _ := client.NewWriter(ctx, opcode.Text)
		io.WriteString(w, "in two ")
		w.Flush()
		io.WriteString(w, "fragments")
		w.Close()
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()

	for f, err := range server.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %v %q\n", f.Opcode, f.Fin, f.Payload)
	}
	// Output:
	// text false "in two "
	// continuation true "fragments"
}

// A mode of one's own: each message is decoded while it comes. A message that cannot be is not the end.
func ExampleDecode() {
	type point struct{ X, Y int }
	points := stream.Decode(func(r *stream.Reader) (p point, err error) {
		err = json.NewDecoder(r).Decode(&p)
		return p, err
	})

	client, server := connect(points)
	ctx := context.Background()
	go func() {
		client.WriteText(ctx, `{"X": 1, "Y": 2}`)
		client.WriteText(ctx, `not JSON`)
		client.WriteText(ctx, `{"X": 3, "Y": 4}`)
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()

	for p, err := range server.All(ctx) {
		if err != nil {
			fmt.Println("left out:", err)
			continue
		}
		fmt.Println(p.X + p.Y)
	}
	// Output:
	// 3
	// left out: invalid character 'o' in literal null (expecting 'u')
	// 7
}

// A connection without traffic is kept alive, and one whose peer is gone is noticed.
func ExampleKeepAlive() {
	a, b := net.Pipe()
	go io.Copy(io.Discard, b) // a peer that has stopped answering
	conn, err := stream.New(a, stream.Handshake{Server: true}, stream.Standard, stream.KeepAlive(10*time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	_, err = conn.Receive(context.Background())
	fmt.Println(errors.Is(err, stream.ErrNoPong))
	// Output: true
}

func ExampleSocket_Probe() {
	client, server := connect(stream.Standard)
	defer client.Abort()
	defer server.Abort()
	ctx := context.Background()
	go server.Receive(ctx)
	go client.Receive(ctx) // somebody must receive, or the pong is not seen

	took, err := client.Probe(ctx)
	fmt.Println(took > 0, err)
	// Output: true <nil>
}

// A hub sends a message to all, whatever the modes of their connections. It is encoded once.
type hub struct {
	mu      sync.Mutex
	members map[*stream.Socket]bool
}

func (h *hub) join(s *stream.Socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[s] = true
}

func (h *hub) broadcast(ctx context.Context, text string) error {
	msg, err := stream.Prepare(opcode.Text, []byte(text))
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.members {
		if err := s.WritePrepared(ctx, msg); err != nil {
			s.Abort() // gone, or stuck; until then the others wait: in real programs each has a queue
			delete(h.members, s)
		}
	}
	return nil
}

func ExamplePrepare() {
	ctx := context.Background()
	h := hub{members: make(map[*stream.Socket]bool)}
	var received sync.WaitGroup
	for range 3 {
		client, server := connect(stream.Simple)
		defer client.Abort()
		defer server.Abort()
		h.join(server.Socket)
		received.Go(func() {
			msg, err := client.Receive(ctx)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(msg.Text())
		})
	}
	h.broadcast(ctx, "to all")
	received.Wait()
	// Output:
	// to all <nil>
	// to all <nil>
	// to all <nil>
}

// Counters for package expvar.
func ExampleWithTrace() {
	frames, bytes := new(expvar.Int), new(expvar.Int)
	trace := stream.WithTrace(&stream.Trace{
		FrameReceived: func(frame.Header) { frames.Add(1) },
		Ended:         func(s stream.Summary) { bytes.Add(s.Received.Bytes) },
	})

	client, server := connect(stream.Simple, trace)
	ctx := context.Background()
	go func() {
		client.WriteText(ctx, "hello")
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()
	for msg, err := range server.All(ctx) {
		fmt.Println(msg, err)
	}
	fmt.Println(frames, "frames,", bytes, "bytes")
	// Output:
	// hello <nil>
	// 2 frames, 19 bytes
}

// Both ends know that all was received.
func ExampleSocket_Shutdown() {
	client, server := connect(stream.Standard)
	ctx := context.Background()
	ended := make(chan error)
	go func() {
		_, err := server.Receive(ctx)
		ended <- err
	}()

	fmt.Println(client.Shutdown(ctx, closecode.GoingAway, "until tomorrow"))
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// stream: closed by the peer: 1001 (going away): "until tomorrow"
}

// A client that has said all waits for the answers that are on their way.
func ExampleSocket_CloseWrite() {
	client, server := connect(stream.Standard)
	ctx := context.Background()
	go func() {
		for msg, err := range server.All(ctx) {
			if err != nil {
				return
			}
			text, _ := msg.Text()
			server.WriteText(ctx, "you said "+text)
		}
	}()

	go func() {
		client.WriteText(ctx, "one")
		client.WriteText(ctx, "two")
		client.CloseWrite(ctx, closecode.NormalClosure, "")
	}()
	for {
		msg, err := client.Receive(ctx)
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := msg.Text()
		fmt.Println(text)
	}
	// Output:
	// you said one
	// you said two
	// stream: closed by the peer: 1000 (normal closure)
}

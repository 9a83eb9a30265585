package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"github.com/litert/websocket/stream/streamtest"
)

// Each message is a value. One that cannot be decoded is not the end.
func ExampleJSON() {
	type point struct{ X, Y int }
	client, server := streamtest.Pipe(stream.JSON[point]())
	ctx := context.Background()
	go func() {
		client.WriteJSON(ctx, point{X: 1, Y: 2})
		client.WriteText(ctx, `{"X": "three"}`)
		client.WriteJSON(ctx, point{X: 3, Y: 4})
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()

	for p, err := range server.All(ctx) {
		var bad *stream.JSONError
		switch {
		case errors.As(err, &bad):
			fmt.Println("left out:", bad.Err)
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(p.X + p.Y)
		}
	}
	// Output:
	// 3
	// left out: json: cannot unmarshal string into Go struct field point.X of type int
	// 7
}

// An echo answers in the kind of the question, which in mode Simple may use the same memory again.
func ExampleSocket_Write() {
	client, server := streamtest.Pipe(stream.Simple, stream.ReuseBuffer())
	ctx := context.Background()
	go func() {
		for msg, err := range server.All(ctx) {
			if err != nil {
				return
			}
			server.Write(ctx, msg.Opcode, msg.Data)
		}
	}()

	go func() {
		client.WriteText(ctx, "hello")
		client.WriteBinary(ctx, []byte{1, 2, 3})
	}()
	for range 2 {
		msg, err := client.Receive(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %q\n", msg.Opcode, msg.Data)
	}
	client.Shutdown(ctx, closecode.NormalClosure, "")
	// Output:
	// text "hello"
	// binary "\x01\x02\x03"
}

// What stands in several places goes out as one message, and comes in without being joined.
func ExampleSocket_WriteBuffers() {
	client, server := streamtest.Pipe(stream.Standard)
	defer client.Abort()
	defer server.Abort()
	ctx := context.Background()
	header, body := []byte("header "), []byte("and body")
	go client.WriteBuffers(ctx, opcode.Binary, net.Buffers{header, body})

	msg, err := server.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	parts, err := msg.Buffers()
	fmt.Printf("%s %v\n", bytes.Join(parts, nil), err)
	// Output: header and body <nil>
}

// A relay hands on each frame as it came.
func ExampleSocket_WriteFrame() {
	sender, in := streamtest.Pipe(stream.Frames)
	out, receiver := streamtest.Pipe(stream.Frames)
	ctx := context.Background()
	go func() {
		w, _ := sender.NewWriter(ctx, opcode.Text)
		io.WriteString(w, "in two ")
		w.Flush()
		io.WriteString(w, "fragments")
		w.Close()
		sender.Shutdown(ctx, closecode.NormalClosure, "")
	}()
	go func() {
		for f, err := range in.All(ctx) {
			if err != nil {
				out.Abort()
				return
			}
			out.WriteFrame(ctx, f)
		}
		out.Shutdown(ctx, stream.CloseCode(in.Err()), "")
	}()

	for f, err := range receiver.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %v %q\n", f.Opcode, f.Fin, f.Payload)
	}
	fmt.Println(receiver.Err())
	// Output:
	// text false "in two "
	// continuation true "fragments"
	// stream: closed by the peer: 1000 (normal closure)
}

// A message of any size is written piece by piece.
func ExampleWriter() {
	client, server := streamtest.Pipe(stream.Simple)
	defer client.Abort()
	defer server.Abort()
	ctx := context.Background()
	go func() {
		w, err := client.NewWriter(ctx, opcode.Text)
		if err != nil {
			log.Fatal(err)
		}
		defer w.Abort() // does nothing after Close
		w.SetDeadline(time.Now().Add(time.Minute))
		for i := range 3 {
			fmt.Fprintf(w, "line %d\n", i)
		}
		w.WriteString("and ")
		w.Write([]byte(w.Opcode().String()))
		if err := w.Close(); err != nil {
			log.Fatal(err)
		}
	}()

	msg, err := server.Receive(ctx)
	fmt.Println(msg, err)
	// Output:
	// line 0
	// line 1
	// line 2
	// and text <nil>
}

// The sender chooses how a message is cut, or has it sent as a single frame.
func ExampleSingleFrame() {
	client, server := streamtest.Pipe(stream.Frames, stream.FragmentSize(5))
	ctx := context.Background()
	go func() {
		for _, opts := range [][]stream.WriterOption{{}, {stream.FragmentSize(8)}, {stream.SingleFrame(12)}} {
			w, err := client.NewWriter(ctx, opcode.Binary, opts...)
			if err != nil {
				log.Fatal(err)
			}
			io.WriteString(w, "twelve ")
			io.WriteString(w, "bytes")
			w.Close()
		}
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()

	for f, err := range server.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %q\n", f.Opcode, f.Payload)
	}
	// Output:
	// binary "twelv"
	// continuation "e byt"
	// continuation "es"
	// binary "twelve b"
	// continuation "ytes"
	// binary "twelve bytes"
}

// Messages of 1000 bytes and more are compressed, where the other end agrees: see packages dial and listen, which take the
// same option. What is compressed already goes out as it is.
func ExampleCompression() {
	var sizes []int64
	compression := stream.Compression(stream.CompressionConfig{Level: 6, Threshold: 1000})
	trace := stream.WithTrace(&stream.Trace{FrameReceived: func(h frame.Header) { sizes = append(sizes, h.Length) }})
	agreed := &stream.Deflate{}
	a, b := streamtest.NetPipe()
	client, err := stream.New(a, stream.Handshake{Deflate: agreed}, stream.Standard, compression)
	if err != nil {
		log.Fatal(err)
	}
	server, err := stream.New(b, stream.Handshake{Server: true, Deflate: agreed}, stream.Standard, compression, trace)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	go func() {
		client.WriteBinary(ctx, make([]byte, 999))
		client.WriteBinary(ctx, make([]byte, 10_000))
		w, _ := client.NewWriter(ctx, opcode.Binary, stream.Compress(false))
		w.Write(make([]byte, 10_000))
		w.Close()
		client.Shutdown(ctx, closecode.NormalClosure, "")
	}()

	for msg, err := range server.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		p, err := msg.Bytes()
		size := sizes[len(sizes)-1]
		fmt.Println(len(p), "bytes, fewer on the wire:", size < int64(len(p)), err)
	}
	// Output:
	// 999 bytes, fewer on the wire: false <nil>
	// 10000 bytes, fewer on the wire: true <nil>
	// 10000 bytes, fewer on the wire: false <nil>
}

// A program that knows what it wants looks at the size first, and reads in time.
func ExampleReader() {
	client, server := streamtest.Pipe(stream.Standard)
	ctx := context.Background()
	go func() {
		client.WriteBinary(ctx, make([]byte, 2000))
		client.WriteText(ctx, "short")
		w, _ := client.NewWriter(ctx, opcode.Text)
		w.WriteString("never ended")
		w.Flush()
	}()

	for msg, err := range server.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if n, known := msg.Size(); known && n > 1000 {
			fmt.Println("too large:", n)
			msg.Close() // the rest is discarded
			continue
		}
		msg.SetDeadline(time.Now().Add(20 * time.Millisecond))
		p := make([]byte, 100)
		for err == nil {
			var n int
			n, err = msg.Read(p)
			fmt.Printf("%q ", p[:n])
		}
		fmt.Println(err)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break // the connection is as it was
		}
	}
	fmt.Println(server.Err())
	client.Abort()
	server.Abort()
	// Output:
	// too large: 2000
	// "short" "" EOF
	// "never ended" "" i/o timeout
	// <nil>
}

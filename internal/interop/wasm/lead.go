//go:build js

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall/js"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// total is how many bytes go in messages of 64 KiB, or in one.
const (
	total = 256 << 20
	piece = 64 << 10
)

// pattern returns the payload of a message of n bytes.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*i>>4 + i)
	}
	return p
}

// lead has text, and binary messages of many lengths, whole and in fragments, come back.
func lead(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Simple, dial.Subprotocols(offered...))
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	all := pattern(1 << 20)
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, len(all)} {
		text := strings.ToValidUTF8(strings.Repeat("é世😀\ufeff\x00", n/12+1)[:n], "~")
		if err := echo(ctx, conn, opcode.Text, []byte(text)); err != nil {
			return lost(err)
		}
		if err := echo(ctx, conn, opcode.Binary, all[:n]); err != nil {
			return lost(err)
		}
	}
	w, err := conn.NewWriter(ctx, opcode.Binary, stream.FragmentSize(1000))
	if err == nil {
		_, err = io.Copy(w, bytes.NewReader(all))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return lost(err)
	}
	if err := expect(ctx, conn, opcode.Binary, all); err != nil {
		return lost(err)
	}
	if err := conn.Shutdown(ctx, 4321, "led"); err != nil {
		return lost(err)
	}
	return ended(conn.Err())
}

// mark has text come back that begins with a byte order mark.
func mark(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Simple, dial.Subprotocols(offered...))
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	if err := echo(ctx, conn, opcode.Text, []byte("\ufefftext")); err != nil {
		return lost(err)
	}
	return "it is kept"
}

func echo(ctx context.Context, conn *stream.Conn[stream.Message], op opcode.Opcode, data []byte) error {
	if err := conn.Write(ctx, op, data); err != nil {
		return err
	}
	return expect(ctx, conn, op, data)
}

func expect(ctx context.Context, conn *stream.Conn[stream.Message], op opcode.Opcode, data []byte) error {
	msg, err := conn.Receive(ctx)
	if err == nil && (msg.Opcode != op || !bytes.Equal(msg.Data, data)) {
		err = fmt.Errorf("%v of %d bytes came instead of %v of %d", msg.Opcode, len(msg.Data), op, len(data))
	}
	return err
}

// hold receives only when it is told to, and returns how many bytes came, their digest, and how the connection has ended.
func hold(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Standard)
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	report(over())
	next()
	sum, n := sha256.New(), int64(0)
	for msg, err := range conn.All(ctx) {
		var limit *stream.LimitError
		switch {
		case errors.As(err, &limit):
			return fmt.Sprintf("limit %d", limit.Limit)
		case err != nil:
			return lost(err)
		}
		k, err := io.Copy(sum, msg)
		n += k
		if err != nil {
			return lost(err)
		}
	}
	return fmt.Sprintf("%d %x %s", n, sum.Sum(nil), ended(conn.Err()))
}

// over returns what connections go over.
func over() string {
	if js.Global().Get("WebSocketStream").Truthy() {
		return "over WebSocketStream"
	}
	return "over WebSocket"
}

// stalled is how long a write has to take for its peer not to receive.
const stalled = time.Second

// flood sends total bytes, and reports how many were taken before the first write that stalls, whose context ends.
func flood(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Standard)
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	p, sum := pattern(piece), sha256.New()
	told := false
	for n := 0; n < total; {
		bounded, cancel := context.WithTimeout(ctx, stalled)
		if told {
			bounded = ctx
		}
		err := conn.WriteBinary(bounded, p)
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			told = true
			report(fmt.Sprint(n))
			continue
		case err != nil:
			return lost(err)
		}
		sum.Write(p)
		n += len(p)
	}
	if err := conn.Shutdown(ctx, closecode.NormalClosure, hex.EncodeToString(sum.Sum(nil))); err != nil {
		return lost(err)
	}
	return ended(conn.Err())
}

// big sends back what it receives, as a stream, and as a single message.
func big(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Standard, stream.MaxMessageSize(stream.Unlimited))
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	if err != nil {
		return lost(err)
	}
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return lost(err)
	}
	defer w.Abort()
	if _, err := io.Copy(w, msg); err != nil {
		return lost(err)
	}
	if err := w.Close(); err != nil {
		return lost(err)
	}
	if _, err := conn.Receive(ctx); err != nil {
		return ended(err)
	}
	return "another message"
}

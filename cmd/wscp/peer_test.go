package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// The tests play the other end of a transfer by what the documentation of package transfer says, and not by its code.

type conn = transfer.Conn

// A message is what is told of a file, or another text of the protocol, as far as the tests look at it.
type message struct {
	Name      string `json:"name,omitempty"`
	Mode      int    `json:"mode,omitempty"`
	Directory bool   `json:"directory,omitempty"`
	Target    string `json:"target,omitempty"`
	Length    *int64 `json:"length,omitempty"`
	Offset    int64  `json:"offset,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// told returns a function that sends messages: strings as texts, others as bytes.
func told(messages ...any) func(context.Context, conn) error {
	return func(ctx context.Context, c conn) error {
		for _, m := range messages {
			var err error
			switch m := m.(type) {
			case string:
				err = c.WriteText(ctx, m)
			case []byte:
				err = c.WriteBinary(ctx, m)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

var abc = []byte("abc")

// sumOf returns what is told behind a file.
func sumOf(p []byte) string {
	sum := sha256.Sum256(p)
	return fmt.Sprintf(`{"length": %d, "sha256": %q}`, len(p), hex.EncodeToString(sum[:]))
}

// hear receives a text.
func hear(ctx context.Context, c conn) (message, error) {
	msg, err := c.Receive(ctx)
	if err != nil {
		return message{}, err
	}
	return read(msg)
}

func read(msg *stream.Reader) (m message, err error) {
	content, err := msg.Text()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(content), &m)
}

// dialFor opens a connection to put or get a file.
func dialFor(t *testing.T, url, subprotocol string) conn {
	t.Helper()
	c, err := dial.Dial(testContext(t), url, stream.Standard, dial.Subprotocols(subprotocol), stream.MaxMessageSize(stream.Unlimited))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	return c
}

func dialPut(t *testing.T, url string) conn {
	t.Helper()
	return dialFor(t, url, transfer.PutProtocol)
}

// ask asks for a file of which there is nothing, and returns what it is.
func ask(t *testing.T, c conn) message {
	t.Helper()
	if err := told(`{}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	e, err := hear(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// receivePut receives what a client tells of a file that it puts.
func receivePut(ctx context.Context, c conn) (message, error) {
	if _, err := hear(ctx, c); err != nil {
		return message{}, err
	}
	return hear(ctx, c)
}

// receiveAll receives a file behind what was told of it, which must come as it was sent.
func receiveAll(ctx context.Context, c conn, e message, dst io.Writer) error {
	sum, came := sha256.New(), int64(0)
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return err
		}
		if msg.Opcode() == opcode.Text {
			total, err := read(msg)
			if err != nil {
				return err
			}
			if came != *e.Length || came != *total.Length || hex.EncodeToString(sum.Sum(nil)) != total.SHA256 {
				return errors.New("what came is not what was sent")
			}
			return nil
		}
		n, err := io.Copy(io.MultiWriter(dst, sum), msg)
		if came += n; err != nil {
			return err
		}
	}
}

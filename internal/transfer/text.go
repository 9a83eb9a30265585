package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// maxText is how many bytes a text may have, but for that which tells what the receiver has.
const maxText = 1024

var errLongText = fmt.Errorf("what is to be told has over %d bytes", maxText)

// sendText sends v as a text.
func sendText(ctx context.Context, c Conn, v any) error {
	text, err := json.Marshal(v)
	if err == nil && len(text) > maxText {
		err = errLongText
	}
	if err != nil {
		return err
	}
	return c.WriteText(ctx, string(text))
}

// receiveText receives a text into v. What says what is waited for.
func receiveText(ctx context.Context, c Conn, what string, v any) error {
	msg, err := c.Receive(ctx)
	if err == nil {
		err = readText(msg, v)
	}
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", what, err)
	}
	return nil
}

func readText(msg *stream.Reader, v any) error {
	defer msg.Close()
	text, err := io.ReadAll(io.LimitReader(msg, maxText+1))
	switch {
	case err != nil:
		return err
	case msg.Opcode() != opcode.Text:
		return errors.New("bytes instead of a text")
	case len(text) > maxText:
		return fmt.Errorf("a text of over %d bytes", maxText)
	}
	return json.Unmarshal(text, v)
}

// A heard is a text that has come, or why none has.
type heard[T any] struct {
	text T
	err  error
}

// hear receives a text beside what else is done: pings are answered meanwhile, however long that takes.
func hear[T any](ctx context.Context, c Conn, what string) <-chan heard[T] {
	came := make(chan heard[T], 1)
	go func() {
		var h heard[T]
		h.err = receiveText(ctx, c, what, &h.text)
		came <- h
	}()
	return came
}

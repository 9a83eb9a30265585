package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An announcement is the text that the sender sends before a file.
type announcement struct {
	Length     int64 `json:"length"`
	Executable bool  `json:"executable,omitzero"`
}

// A checksum is the text that the sender sends behind it.
type checksum struct {
	SHA256 string `json:"sha256"` // in hexadecimal digits
}

// maxText is how many bytes an announcement or a checksum may have.
const maxText = 1024

func sendText(ctx context.Context, conn *stream.Conn[*stream.Reader], v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return conn.WriteText(ctx, string(text))
}

// receiveText receives a text into v.
func receiveText(ctx context.Context, conn *stream.Conn[*stream.Reader], v any) error {
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
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

// receiveAnnouncement receives what the sender tells of the file.
func receiveAnnouncement(ctx context.Context, conn *stream.Conn[*stream.Reader]) (announcement, error) {
	a := announcement{Length: -1}
	if err := receiveText(ctx, conn, &a); err != nil {
		return a, fmt.Errorf("waiting for the length of the file: %w", err)
	}
	if a.Length < 0 {
		return a, errors.New("the length of the file was not told")
	}
	return a, nil
}

// receiveChecksum receives the sender's SHA-256 sum of the file.
func receiveChecksum(ctx context.Context, conn *stream.Conn[*stream.Reader]) ([]byte, error) {
	var c checksum
	if err := receiveText(ctx, conn, &c); err != nil {
		return nil, fmt.Errorf("waiting for the sum of the file: %w", err)
	}
	sum, err := hex.DecodeString(c.SHA256)
	if err != nil {
		return nil, errors.New("the sum of the file is no hexadecimal number")
	}
	return sum, nil
}

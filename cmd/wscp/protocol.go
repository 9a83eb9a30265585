package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// The subprotocols, which tell the direction.
const (
	putProtocol = "wscp.put.v3"
	getProtocol = "wscp.get.v3"
)

// maxText is how many bytes a text may have.
const maxText = 1024

var errLongText = fmt.Errorf("what is to be told has over %d bytes", maxText)

type conn = *stream.Conn[*stream.Reader]

// A head is what is told of a file before its bytes.
type head struct {
	Length     *int64    `json:"length,omitempty"` // nil: not known, as that of a pipe
	Executable bool      `json:"executable,omitzero"`
	MTime      time.Time `json:"mtime,omitzero"`
	Continue   bool      `json:"continue,omitzero"` // put: what the server has of it is wanted
	Offset     int64     `json:"offset,omitzero"`   // get: where the bytes begin
	Names      []string  `json:"names,omitempty"`   // of a directory: what alone is sent of it
}

// unknown is the length of what does not tell it.
const unknown = -1

// length returns the length that was told, or unknown.
func (h *head) length() int64 {
	if h.Length == nil {
		return unknown
	}
	return *h.Length
}

// check returns an error if what was told cannot be.
func (h *head) check() error {
	if n := h.length(); h.Length != nil && n < 0 || h.Offset < 0 || n >= 0 && h.Offset > n {
		return fmt.Errorf("a length of %d, from %d on, cannot be", n, h.Offset)
	}
	return nil
}

// A position is how much of a file there is, and the sum of that.
type position struct {
	Offset int64  `json:"offset"`
	SHA256 digest `json:"sha256,omitempty"`
}

// A total is what the sender tells behind the bytes of a file, of all of it.
type total struct {
	Length int64  `json:"length"`
	SHA256 digest `json:"sha256"`
}

// A receipt is the server's, of a file that is in its place and on the disk, or of a directory.
type receipt struct {
	SHA256 digest `json:"sha256,omitempty"`
	Files  int    `json:"files,omitzero"`
}

// A digest is a SHA-256 sum, in hexadecimal digits where it is text.
type digest []byte

func digestOf(sum hash.Hash) digest { return sum.Sum(nil) }

func (d digest) String() string { return hex.EncodeToString(d) }

func (d digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *digest) UnmarshalText(text []byte) (err error) {
	if *d, err = hex.DecodeString(string(text)); err != nil {
		return errors.New("the sum is no hexadecimal number")
	}
	return nil
}

func (d digest) equal(other digest) bool { return bytes.Equal(d, other) }

func sendText(ctx context.Context, c conn, v any) error {
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
func receiveText(ctx context.Context, c conn, what string, v any) error {
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

func receiveHead(ctx context.Context, c conn) (h head, err error) {
	if err := receiveText(ctx, c, "what the file is", &h); err != nil {
		return h, err
	}
	return h, h.check()
}

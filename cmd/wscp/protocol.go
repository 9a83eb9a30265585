package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// The subprotocols, which tell the direction.
const (
	putProtocol = "wscp.put.v4"
	getProtocol = "wscp.get.v4"
)

// maxText is how many bytes a text may have, but for that which tells what the receiver has.
const maxText = 1024

var errLongText = fmt.Errorf("what is to be told has over %d bytes", maxText)

type conn = *stream.Conn[*stream.Reader]

// A request is what the client tells first.
type request struct {
	Continue bool     `json:"continue,omitzero"` // the receiver tells what it has
	Names    []string `json:"names,omitempty"`   // put: what alone is sent of a directory
	Folder   bool     `json:"folder,omitzero"`   // put: the directory of the file is made if there is none
}

// An entry is what is told of a file, a directory or a symbolic link, before the bytes of a file.
type entry struct {
	Name      string      `json:"name,omitzero"` // below the directory, with slashes; a file that is sent alone has none
	Mode      fs.FileMode `json:"mode,omitzero"` // permissions
	MTime     time.Time   `json:"mtime,omitzero"`
	Directory bool        `json:"directory,omitzero"`
	Target    string      `json:"target,omitzero"`  // of a symbolic link
	Length    *int64      `json:"length,omitempty"` // nil: not known, as that of a pipe
	Offset    int64       `json:"offset,omitzero"`  // where the bytes begin
	End       bool        `json:"end,omitzero"`     // there are no more
}

// unknown is the length of what does not tell it.
const unknown = -1

// length returns the length that was told, or unknown.
func (e *entry) length() int64 {
	if e.Length == nil {
		return unknown
	}
	return *e.Length
}

// check returns an error if what was told of a file cannot be, or is too much. The name is the file's here.
func (e *entry) check(name string, most size.Bytes) error {
	switch n := e.length(); {
	case e.Length != nil && n < 0, e.Offset < 0, n >= 0 && e.Offset > n:
		return fmt.Errorf("%q: a length of %d, from %d on, cannot be", name, n, e.Offset)
	case size.Bytes(n) > most:
		return &draft.Refusal{Err: fmt.Errorf("%q: %v is more than the %v that a file may have", name, size.Bytes(n), most)}
	}
	return nil
}

// A position is how much of a file there is, and the sum of that.
type position struct {
	Offset int64  `json:"offset"`
	SHA256 digest `json:"sha256,omitzero"`
}

// A total is what the sender tells behind the bytes of a file, of all of it.
type total struct {
	Length int64  `json:"length"`
	SHA256 digest `json:"sha256"`
}

// A receipt is the receiver's, of a file that is in its place and on the disk, or of a directory.
type receipt struct {
	SHA256 digest `json:"sha256,omitzero"`
	Files  int    `json:"files,omitzero"`
}

// A digest is a SHA-256 sum, in hexadecimal digits where it is text.
type digest [32]byte

func digestOf(sum hash.Hash) digest { return digest(sum.Sum(nil)) }

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func (d digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *digest) UnmarshalText(text []byte) error {
	sum, err := hex.DecodeString(string(text))
	if err != nil || len(sum) != len(d) {
		return errors.New("a sum has 64 hexadecimal digits")
	}
	*d = digest(sum)
	return nil
}

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

// A heard is a text that has come, or why none has.
type heard[T any] struct {
	text T
	err  error
}

// hear receives a text beside what else is done: pings are answered meanwhile, however long that takes.
func hear[T any](ctx context.Context, c conn, what string) <-chan heard[T] {
	came := make(chan heard[T], 1)
	go func() {
		var h heard[T]
		h.err = receiveText(ctx, c, what, &h.text)
		came <- h
	}()
	return came
}

package transfer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/stream"
)

// The subprotocols, which tell the direction.
const (
	PutProtocol = "wscp.put.v4"
	GetProtocol = "wscp.get.v4"
)

// A Conn is the connection of a transfer.
type Conn = *stream.Conn[*stream.Reader]

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

// length returns the length that was told, or Unknown.
func (e *entry) length() int64 {
	if e.Length == nil {
		return Unknown
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
	SHA256 Digest `json:"sha256,omitzero"`
}

// A total is what the sender tells behind the bytes of a file, of all of it.
type total struct {
	Length int64  `json:"length"`
	SHA256 Digest `json:"sha256"`
}

// A receipt is the receiver's, of a file that is in its place and on the disk, or of a directory.
type receipt struct {
	SHA256 Digest `json:"sha256,omitzero"`
	Files  int    `json:"files,omitzero"`
}

// A Digest is a SHA-256 sum, in hexadecimal digits where it is text.
type Digest [32]byte

func digestOf(sum hash.Hash) Digest { return Digest(sum.Sum(nil)) }

// String returns the digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns the digits.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes 64 digits.
func (d *Digest) UnmarshalText(text []byte) error {
	sum, err := hex.DecodeString(string(text))
	if err != nil || len(sum) != len(d) {
		return errors.New("a sum has 64 hexadecimal digits")
	}
	*d = Digest(sum)
	return nil
}

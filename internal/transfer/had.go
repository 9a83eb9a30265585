package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/osfile"
	"github.com/litert/websocket/internal/size"
)

// A had is what the receiver has of a file.
type had struct {
	Name string `json:"name,omitzero"` // in a directory
	position
}

// maxHad is how many bytes the text may have that tells all of them. What does not go into it is sent.
const maxHad = 4 << 20

// listHad returns that text for the files in root, or for those of some names alone.
func listHad(ctx context.Context, root *os.Root, names []string) (text []byte, err error) {
	if names == nil {
		names = []string{"."}
	}
	visit := func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ErrInterrupted
		case err != nil || !d.Type().IsRegular() || draft.IsHidden(filepath.FromSlash(name)):
			return nil // the other end sends it
		}
		have, err := positionOf(ctx, root, name)
		if err != nil || have.Offset == 0 {
			return nil
		}
		line, err := json.Marshal(had{name, have})
		if err != nil || len(text)+len(line) > maxHad {
			return fs.SkipAll
		}
		text = append(text, line...)
		return nil
	}
	for _, name := range names {
		if err := fs.WalkDir(root.FS(), name, visit); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// positionOf returns that of the end of a file.
func positionOf(ctx context.Context, root *os.Root, name string) (position, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|osfile.NotWaiting|osfile.LargeFile, 0)
	if err != nil {
		return position{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return position{}, err
	}
	sum := sha256.New()
	n, err := draft.Hash(ctx, sum, file, info.Size())
	return position{n, digestOf(sum)}, err
}

// hearHad receives what the receiver has, by name. What is of no use to be known is not kept.
func hearHad(ctx context.Context, c Conn) (map[string]position, error) {
	msg, err := c.Receive(ctx)
	if err != nil {
		return nil, err
	}
	defer msg.Close()
	files := make(map[string]position)
	text := &io.LimitedReader{R: msg, N: maxHad + 1}
	for list := json.NewDecoder(text); ; {
		var h had
		err := list.Decode(&h)
		switch {
		case text.N == 0:
			return nil, fmt.Errorf("what is there takes more than %v to be told", size.Bytes(maxHad))
		case err == io.EOF:
			return files, nil
		case err != nil:
			return nil, fmt.Errorf("waiting for what is there: %w", err)
		case h.Offset > 0 && h.SHA256 != Digest{}:
			files[h.Name] = h.position
		}
	}
}

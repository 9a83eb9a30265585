package transfer

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/size"
)

// Rules are what clients may do.
type Rules struct {
	ReadOnly bool
	Keep     bool       // files are never replaced
	MaxSize  size.Bytes // of a file that is put
}

// A Server is the end of transfers that is asked for them. Its methods may be called at the same time.
type Server struct {
	Root  *os.Root // all that clients read and write is below
	Rules Rules
	Log   *log.Logger // is told what is not sent of a directory
}

// Serve does what the client at the other end of c wants, tells it how that went, and ends the connection. Its subprotocol,
// PutProtocol or GetProtocol, tells the direction, and the path of its URL the file. The end of ctx interrupts it.
func (s *Server) Serve(ctx context.Context, c Conn, path string) error {
	return exchange(ctx, c, func() error { return s.do(ctx, c, path) })
}

func (s *Server) do(ctx context.Context, c Conn, path string) error {
	name, isDir, err := Asked(path)
	put := c.Subprotocol() == PutProtocol
	switch {
	case c.Subprotocol() == "":
		return &draft.Refusal{Err: fmt.Errorf("neither %s nor %s was asked for", PutProtocol, GetProtocol)}
	case err != nil:
		return err
	case put && s.Rules.ReadOnly:
		return &draft.Refusal{Err: errors.New("files can only be read here")}
	}
	var req request
	if err := receiveText(ctx, c, "the request", &req); err != nil {
		return err
	}
	quietly := account{Observer: quiet{s.Log}}
	if put {
		return s.take(ctx, name, isDir, req, receiver{conn: c, root: s.Root, continues: req.Continue, keep: s.Rules.Keep, maxSize: s.Rules.MaxSize, account: quietly})
	}
	return s.give(ctx, name, isDir, req, sender{conn: c, account: quietly})
}

// take receives a file, or what is in a directory.
func (s *Server) take(ctx context.Context, name string, isDir bool, req request, in receiver) error {
	dir := name
	if !isDir {
		dir = filepath.Dir(name)
	}
	if dir != "." && (isDir || req.Folder) {
		if err := s.Root.MkdirAll(dir, 0o777); err != nil {
			return draft.Refuse(dir, err)
		}
	}
	if !isDir {
		return in.receiveAlone(ctx, name)
	}
	root, err := s.Root.OpenRoot(name)
	if err != nil {
		return draft.Refuse(name, err)
	}
	defer root.Close()
	in.root = root
	return in.receiveDir(ctx, req.Names)
}

// give sends a file, or what is in a directory.
func (s *Server) give(ctx context.Context, name string, isDir bool, req request, out sender) error {
	return out.send(ctx, req.Continue, func() error {
		if !isDir {
			src, err := OpenIn(s.Root, name)
			if err != nil {
				return err
			}
			defer src.Close()
			return out.sendFile(ctx, src, "")
		}
		root, err := s.Root.OpenRoot(name)
		if err != nil {
			return draft.Refuse(name, err)
		}
		defer root.Close()
		if err := out.sendDir(ctx, root, ".", ""); err != nil {
			return err
		}
		return out.end(ctx)
	})
}

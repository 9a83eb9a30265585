package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/stream"
)

// A client puts and gets files as its settings say.
type client struct {
	console
	*settings
	command string // that it runs
	opts    []dial.Option
	moved   int64 // bytes of files, in all attempts
}

func (c console) newClient(s *settings, command string) (*client, error) {
	opts, err := s.dialOptions(c)
	return &client{console: c, settings: s, command: cmp.Or(s.label, command), opts: opts}, err
}

func (c console) put(ctx context.Context, s *settings, args []string) error {
	files, to := args[:len(args)-1], args[len(args)-1]
	dir, req := dirAt(to), request{Continue: s.resumes()}
	switch {
	case dir != nil && slices.Contains(files, "-"):
		return usageError("put: what is piped in gets its name from the URL")
	case dir == nil && len(files) > 1:
		return usageError("put: the URL of a directory, where several files go, ends with a slash")
	case dir != nil && (len(files) > 1 || !kindOf(files[0]).IsRegular()):
		return c.putDir(ctx, s, files, to)
	case dir != nil: // a file alone can be continued in its middle
		to, req.Folder = dir.JoinPath(url.PathEscape(filepath.Base(files[0]))).String(), true
	}
	cl, err := c.newClient(s, "put")
	if err != nil {
		return err
	}
	src, err := leave(ctx, func() (*source, error) { return c.openSource(files[0]) })
	if err != nil {
		return err
	}
	defer func() { src.Close() }()
	if src.pipe != nil && req.Continue {
		return errors.New("a pipe cannot be read again; -continue and -retry are for files")
	}
	again := false
	put := func(conn conn, a account) (result, error) {
		out := sender{conn: conn, account: a}
		err := out.send(ctx, req.Continue, func() error {
			if again { // it may have changed since, or another may be in its place
				now, err := c.openSource(files[0])
				if err != nil {
					return err
				}
				src.Close()
				src = now
			}
			again = true
			return out.sendFile(ctx, src, "")
		})
		return out.result, err
	}
	if src.pipe != nil {
		put = leaving(ctx, put)
	}
	return cl.transfer(ctx, to, putProtocol, files[0], req, put)
}

func (c console) get(ctx context.Context, s *settings, args []string) error {
	from, to, out := args[0], args[1], c.out
	isDir, req := dirAt(from) != nil, request{Continue: s.resumes()}
	folder, name := filepath.Split(to)
	switch {
	case isDir && to == "-":
		return usageError("get: a directory does not go to a pipe")
	case to == "-" && req.Continue:
		return usageError("get: what has left for a pipe cannot be continued; -continue and -retry are for files")
	case to == "-":
		c.out = c.err
	case isDir:
		if err := os.MkdirAll(to, 0o777); err != nil {
			return err
		}
		folder, name = to, "."
	case kindOf(to).IsDir():
		folder, name = to, nameOf(from)
		to = filepath.Join(folder, name)
	}
	if name == "" {
		return draft.NotRegular(to)
	}
	cl, err := c.newClient(s, "get")
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(cmp.Or(folder, "."))
	if err != nil {
		return err
	}
	defer root.Close()
	get := func(conn conn, a account) (result, error) {
		in := receiver{conn: conn, root: root, continues: req.Continue, maxSize: maxSize, account: a}
		var err error
		switch {
		case isDir:
			err = in.receiveDir(ctx, nil)
		case to == "-":
			err = in.receivePipe(ctx, out)
		default:
			err = in.receiveAlone(ctx, name)
		}
		return in.result, err
	}
	if to == "-" {
		get = leaving(ctx, get)
	}
	return cl.transfer(ctx, from, getProtocol, to, req, get)
}

// A transferFunc puts or gets something once.
type transferFunc func(conn, account) (result, error)

// leaving returns the transfer, which is left behind when ctx ends.
func leaving(ctx context.Context, do transferFunc) transferFunc {
	return func(conn conn, a account) (result, error) {
		return leave(ctx, func() (result, error) { return do(conn, a) })
	}
}

// transfer puts or gets what is at url, again and again as the settings say, and prints the result.
func (c *client) transfer(ctx context.Context, url, subprotocol, file string, req request, do transferFunc) error {
	var r result
	err := c.again(ctx, func() error {
		conn, err := c.dial(ctx, url, subprotocol)
		if err != nil {
			return err
		}
		begun := time.Now()
		err = exchange(ctx, conn, func() (err error) {
			if err := sendText(ctx, conn, req); err != nil {
				return err
			}
			meter := c.newMeter()
			defer meter.done()
			r, err = do(conn, account{observer: meter})
			return err
		})
		r.took = time.Since(begun)
		return err
	})
	return c.report(file, r, err)
}

// dial connects to the server at url.
func (c *client) dial(ctx context.Context, url, subprotocol string) (conn, error) {
	conn, err := dial.Dial(ctx, url, stream.Standard, append(c.opts, dial.Subprotocols(subprotocol))...)
	if err != nil {
		return nil, err
	}
	if conn.Subprotocol() != subprotocol {
		conn.Close()
		return nil, &draft.Refusal{Err: fmt.Errorf("the server does not speak %s", subprotocol)}
	}
	return conn, nil
}

// dirAt returns the URL if it is that of a directory, and otherwise nil.
func dirAt(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil || u.Path != "" && !strings.HasSuffix(u.Path, "/") {
		return nil
	}
	return u
}

// nameOf returns the name of the file that a URL leads to.
func nameOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || strings.HasSuffix(u.Path, "/..") {
		return ""
	}
	return path.Base(u.Path)
}

// kindOf returns the mode of a file, or one that is of none if there is no such file.
func kindOf(name string) fs.FileMode {
	info, err := os.Stat(name)
	if err != nil {
		return fs.ModeIrregular
	}
	return info.Mode()
}

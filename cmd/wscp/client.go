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

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/transfer"
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
	dir, folder := dirAt(to), false
	switch {
	case dir != nil && slices.Contains(files, "-"):
		return usageError("put: what is piped in gets its name from the URL")
	case dir == nil && len(files) > 1:
		return usageError("put: the URL of a directory, where several files go, ends with a slash")
	case dir != nil && (len(files) > 1 || !kindOf(files[0]).IsRegular()):
		return c.putAll(ctx, s, files, to)
	case dir != nil: // a file alone can be continued in its middle
		to, folder = dir.JoinPath(url.PathEscape(filepath.Base(files[0]))).String(), true
	}
	cl, err := c.newClient(s, "put")
	if err != nil {
		return err
	}
	src, err := c.openSource(ctx, files[0])
	if err != nil {
		return err
	}
	defer src.Close()
	if src.IsPipe() && s.resumes() {
		return errors.New("a pipe cannot be read again; -continue and -retry are for files")
	}
	return cl.transfer(ctx, to, transfer.PutProtocol, files[0], func(end *transfer.Client) (transfer.Result, error) {
		return end.Put(ctx, src, folder)
	})
}

// openSource opens what is to be sent: a file, the input as "-", or another pipe.
func (c console) openSource(ctx context.Context, name string) (*transfer.Source, error) {
	if name == "-" {
		return transfer.Pipe("standard input", c.in), nil
	}
	return transfer.Open(ctx, name)
}

// putAll sends files and directories to the directory at url.
func (c console) putAll(ctx context.Context, s *settings, files []string, url string) error {
	var items []transfer.Item
	for _, file := range files {
		name := sentAs(file)
		if name != "" && slices.ContainsFunc(items, func(i transfer.Item) bool { return i.Name == name }) {
			return usageError(fmt.Sprintf("put: of what is given, several would be %q at the other end", name))
		}
		items = append(items, transfer.Item{File: file, Name: name})
	}
	cl, err := c.newClient(s, "put")
	if err != nil {
		return err
	}
	return cl.transfer(ctx, url, transfer.PutProtocol, url, func(end *transfer.Client) (transfer.Result, error) {
		return end.PutAll(ctx, items)
	})
}

func (c console) get(ctx context.Context, s *settings, args []string) error {
	from, to, out := args[0], args[1], c.out
	isDir := dirAt(from) != nil
	folder, name := filepath.Split(to)
	switch {
	case isDir && to == "-":
		return usageError("get: a directory does not go to a pipe")
	case to == "-" && s.resumes():
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
	return cl.transfer(ctx, from, transfer.GetProtocol, to, func(end *transfer.Client) (transfer.Result, error) {
		switch {
		case isDir:
			return end.GetAll(ctx, root)
		case to == "-":
			return end.GetPipe(ctx, out)
		}
		return end.Get(ctx, root, name)
	})
}

// transfer puts or gets what is at url, again and again as the settings say, and prints the result.
func (c *client) transfer(ctx context.Context, url, subprotocol, file string, do func(*transfer.Client) (transfer.Result, error)) error {
	opts := append(c.opts, dial.Subprotocols(subprotocol))
	var r transfer.Result
	err := c.again(ctx, func() error {
		conn, err := dial.Dial(ctx, url, stream.Standard, opts...)
		if err != nil {
			return err
		}
		meter := c.newMeter()
		defer meter.done()
		r, err = do(&transfer.Client{Conn: conn, Observer: meter, Continue: c.resumes()})
		return err
	})
	return c.report(file, r, err)
}

// sentAs returns the name of a file or directory at the other end; none if what is in it goes there.
func sentAs(file string) string {
	name := filepath.Base(file)
	if file == "" || os.IsPathSeparator(file[len(file)-1]) || name == "." || name == ".." {
		return ""
	}
	return name
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

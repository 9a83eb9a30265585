package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// A client puts and gets files as its settings say.
type client struct {
	console
	*settings
	opts  []dial.Option
	moved int64 // bytes of files, in all attempts
}

func newClient(c console, s *settings) (*client, error) {
	opts, err := s.dialOptions(c)
	return &client{console: c, settings: s, opts: opts}, err
}

func (c console) put(ctx context.Context, s *settings, args []string) error {
	cl, err := newClient(c, s)
	if err != nil {
		return err
	}
	files, to := args[:len(args)-1], args[len(args)-1]
	switch dir := dirAt(to); {
	case dir != nil && slices.Contains(files, "-"):
		return usageError("put: what is piped in gets its name from the URL")
	case dir != nil && len(files) == 1 && isFile(files[0]): // one file can be continued in its middle
		to = dir.JoinPath(url.PathEscape(filepath.Base(files[0]))).String()
	case dir != nil:
		return cl.putTree(ctx, files, to)
	case len(files) > 1:
		return usageError("put: the URL of a directory, where several files go, ends with a slash")
	}
	var r result
	err = cl.again(ctx, func() error {
		r, err = cl.upload(ctx, files[0], to)
		return err
	})
	return cl.report("put", files[0], r, err)
}

func (c console) get(ctx context.Context, s *settings, args []string) error {
	from, to := args[0], args[1]
	out := c.out
	if to == "-" {
		c.out = c.err
	}
	cl, err := newClient(c, s)
	switch {
	case err != nil:
		return err
	case dirAt(from) != nil && to == "-":
		return usageError("get: a directory does not go to a pipe")
	case dirAt(from) != nil:
		return cl.getTree(ctx, from, to)
	case to == "-" && (s.resume || s.retry > 0):
		return usageError("get: what has left for a pipe cannot be continued; -continue and -retry are for files")
	case isFolder(to):
		to = filepath.Join(to, nameOf(from))
	}
	var r result
	err = cl.again(ctx, func() error {
		if to == "-" {
			r, err = cl.downloadTo(ctx, from, out)
		} else {
			r, err = cl.download(ctx, from, to)
		}
		return err
	})
	return cl.report("get", to, r, err)
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

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// dial connects to the server at url.
func (c *client) dial(ctx context.Context, url, subprotocol string) (conn, error) {
	conn, err := dial.Dial(ctx, url, stream.Standard, append(c.opts, dial.Subprotocols(subprotocol))...)
	if err != nil {
		return nil, err
	}
	if conn.Subprotocol() != subprotocol {
		conn.Close()
		return nil, &refusal{fmt.Errorf("the server does not speak %s", subprotocol)}
	}
	return conn, nil
}

// errNotAgain says what a pipe cannot do.
var errNotAgain = errors.New("a pipe cannot be read again; -continue and -retry are for files")

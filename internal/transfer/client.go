package transfer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/litert/websocket/internal/draft"
)

// A Client is the end of a transfer that asks for it. It is for one call of one of its methods, which ends the connection, and tells
// the server how it went. The end of the method's context interrupts the transfer. The connection is to receive messages of any size.
type Client struct {
	Conn     Conn // of PutProtocol or GetProtocol; another is refused
	Observer Observer
	Continue bool // go on where an earlier transfer with it has stopped
}

// Put sends a file, or what a pipe has, under the name that the path of the connection's URL has. With folder, the directory of that
// is made if there is none. What [Open] has opened, and was sent before, is opened anew, as it may have changed since, or another may
// be in its place. Other sources are for one call.
func (c *Client) Put(ctx context.Context, src *Source, folder bool) (Result, error) {
	put := func(a account) (Result, error) {
		out := sender{conn: c.Conn, account: a}
		err := out.send(ctx, c.Continue, func() error {
			if err := src.renew(); err != nil {
				return err
			}
			return out.sendFile(ctx, src, "")
		})
		return out.Result, err
	}
	if src.IsPipe() {
		put = leaving(ctx, put)
	}
	return c.transfer(ctx, PutProtocol, request{Folder: folder}, put)
}

// An Item is a file or directory to be sent, and its name at the other end. What is in a directory that has none goes there itself.
type Item struct{ File, Name string }

// PutAll sends files and directories to the directory that the path of the connection's URL leads to.
func (c *Client) PutAll(ctx context.Context, items []Item) (Result, error) {
	var req request
	for _, item := range items {
		req.Names = append(req.Names, item.Name)
	}
	if text, err := json.Marshal(req.Names); err != nil || slices.Contains(req.Names, "") || len(text) > maxText/2 {
		req.Names = nil // what goes into the directory itself is not told by name, nor what is too much for a text
	}
	return c.transfer(ctx, PutProtocol, req, func(a account) (Result, error) {
		out := sender{conn: c.Conn, account: a}
		err := out.send(ctx, c.Continue, func() error {
			for _, item := range items {
				if err := out.sendItem(ctx, item); err != nil {
					return err
				}
			}
			return out.end(ctx)
		})
		return out.Result, err
	})
}

// Get receives a file, which gets that name in root.
func (c *Client) Get(ctx context.Context, root *os.Root, name string) (Result, error) {
	return c.receive(ctx, root, func(in *receiver) error { return in.receiveAlone(ctx, name) })
}

// GetAll receives what is in a directory into root.
func (c *Client) GetAll(ctx context.Context, root *os.Root) (Result, error) {
	return c.receive(ctx, root, func(in *receiver) error { return in.receiveDir(ctx, nil) })
}

// GetPipe receives a file for dst, at whose other end a program reads. It is not to be continued.
func (c *Client) GetPipe(ctx context.Context, dst io.Writer) (Result, error) {
	return c.transfer(ctx, GetProtocol, request{}, leaving(ctx, func(a account) (Result, error) {
		in := receiver{conn: c.Conn, maxSize: math.MaxInt64, account: a}
		err := in.receivePipe(ctx, dst)
		return in.Result, err
	}))
}

func (c *Client) receive(ctx context.Context, root *os.Root, receive func(*receiver) error) (Result, error) {
	return c.transfer(ctx, GetProtocol, request{}, func(a account) (Result, error) {
		in := receiver{conn: c.Conn, root: root, continues: c.Continue, maxSize: math.MaxInt64, account: a}
		err := receive(&in)
		return in.Result, err
	})
}

// transfer asks for the transfer, and does it.
func (c *Client) transfer(ctx context.Context, subprotocol string, req request, do func(account) (Result, error)) (r Result, err error) {
	if c.Conn.Subprotocol() != subprotocol {
		c.Conn.Close()
		return r, &draft.Refusal{Err: fmt.Errorf("the server does not speak %s", subprotocol)}
	}
	begun := time.Now()
	req.Continue = c.Continue
	err = exchange(ctx, c.Conn, func() (err error) {
		if err := sendText(ctx, c.Conn, req); err != nil {
			return err
		}
		r, err = do(account{Observer: c.Observer})
		return err
	})
	r.Took = time.Since(begun)
	return r, err
}

// leaving returns what is left behind when ctx ends.
func leaving(ctx context.Context, do func(account) (Result, error)) func(account) (Result, error) {
	return func(a account) (Result, error) {
		return leave(ctx, func() (Result, error) { return do(a) })
	}
}

// sendItem sends a file, or what is in a directory, under a name.
func (s *sender) sendItem(ctx context.Context, item Item) error {
	real, err := filepath.EvalSymlinks(item.File)
	if err != nil {
		return draft.Refuse(item.File, err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return draft.Refuse(item.File, err)
	}
	dir := real
	if !info.IsDir() {
		dir = filepath.Dir(real)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return draft.Refuse(item.File, err)
	}
	defer root.Close()
	if info.IsDir() {
		return s.sendDir(ctx, root, ".", item.Name)
	}
	return s.sendEntry(ctx, root, filepath.Base(real), item.Name, info)
}

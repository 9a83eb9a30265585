package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func (c console) put(ctx context.Context, args []string) error {
	args, t, err := parseClient("put", args)
	if err != nil {
		return err
	}
	r, err := c.upload(ctx, args[0], args[1], t)
	return c.report("put", r, err)
}

func (c console) get(ctx context.Context, args []string) error {
	args, t, err := parseClient("get", args)
	if err != nil {
		return err
	}
	r, err := c.download(ctx, args[0], args[1], t)
	return c.report("get", r, err)
}

// parseClient returns the two arguments of a client, and the token that it shows.
func parseClient(name string, args []string) ([]string, token, error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	var file argument
	flags.Var(&file, "token-file", "")
	args, err := parse(flags, args, 2)
	if err != nil {
		return nil, "", err
	}
	t, err := readToken(file)
	return args, t, err
}

func (c console) report(direction string, r result, err error) error {
	if err == nil {
		fmt.Fprintf(c.out, "%s  %v\n", direction, r)
	}
	return err
}

// upload sends the file to url.
func (c console) upload(ctx context.Context, file, url string, t token) (result, error) {
	src, err := open(file, os.Stat, os.Open)
	if err != nil {
		return result{}, err
	}
	defer src.Close()
	conn, err := connect(ctx, url, putProtocol, t)
	if err != nil {
		return result{}, err
	}
	start, length := time.Now(), src.info.Size()
	err = exchange(ctx, conn, func() error {
		meter := c.newMeter("put", length)
		defer meter.done()
		answer := hear(ctx, conn)
		if err := sendFile(ctx, conn, src, meter); err != nil {
			return err
		}
		conn.SetIdleTimeout(settleTime)
		return checkAnswer(<-answer)
	})
	return result{size(length), time.Since(start)}, err
}

// download fetches url into the file.
func (c console) download(ctx context.Context, url, file string, t token) (r result, err error) {
	dir, name := filepath.Split(file)
	if name == "" {
		return r, notRegular(file)
	}
	root, err := os.OpenRoot(cmp.Or(dir, "."))
	if err != nil {
		return r, err
	}
	defer root.Close()
	conn, err := connect(ctx, url, getProtocol, t)
	if err != nil {
		return r, err
	}
	start := time.Now()
	err = exchange(ctx, conn, func() error {
		a, err := receiveAnnouncement(ctx, conn)
		if err != nil {
			return err
		}
		r.size = size(a.Length)
		return save(root, name, saving{executable: a.Executable}, func(dst io.Writer) error {
			meter := c.newMeter("get", a.Length)
			defer meter.done()
			if err := receiveFile(ctx, conn, a.Length, dst, meter); err != nil {
				return err
			}
			end(ctx, conn, nil) // the server need not wait for the disk
			return ctx.Err()
		})
	})
	r.took = time.Since(start)
	return r, err
}

// connect connects to the server at url.
func connect(ctx context.Context, url, subprotocol string, t token) (*stream.Conn[*stream.Reader], error) {
	conn, err := dial.Dial(ctx, url, stream.Standard,
		dial.Subprotocols(subprotocol), dial.Header(t.header()), stream.MaxMessageSize(stream.Unlimited))
	if err != nil {
		return nil, err
	}
	if conn.Subprotocol() != subprotocol {
		conn.Close()
		return nil, fmt.Errorf("the server does not speak %s", subprotocol)
	}
	return conn, nil
}

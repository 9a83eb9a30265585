package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

func (c console) put(ctx context.Context, args []string) error {
	args, err := parse(flag.NewFlagSet("put", flag.ContinueOnError), args, 2)
	if err != nil {
		return err
	}
	r, err := c.upload(ctx, args[0], args[1])
	return c.report("put", r, err)
}

func (c console) get(ctx context.Context, args []string) error {
	args, err := parse(flag.NewFlagSet("get", flag.ContinueOnError), args, 2)
	if err != nil {
		return err
	}
	r, err := c.download(ctx, args[0], args[1])
	return c.report("get", r, err)
}

func (c console) report(direction string, r result, err error) error {
	if err == nil {
		fmt.Fprintf(c.out, "%s  %v\n", direction, r)
	}
	return err
}

// upload sends the file to url.
func (c console) upload(ctx context.Context, file, url string) (result, error) {
	src, length, err := open(file, os.Stat, os.Open)
	if err != nil {
		return result{}, err
	}
	defer src.Close()
	conn, err := connect(ctx, url, putProtocol)
	if err != nil {
		return result{}, err
	}
	start := time.Now()
	err = exchange(ctx, conn, func() error {
		meter := c.newMeter("put", length)
		defer meter.done()
		return send(ctx, conn, io.TeeReader(src, meter))
	})
	return result{size(length), time.Since(start)}, err
}

// download fetches url into the file.
func (c console) download(ctx context.Context, url, file string) (r result, err error) {
	root, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return r, err
	}
	defer root.Close()
	conn, err := connect(ctx, url, getProtocol)
	if err != nil {
		return r, err
	}
	start := time.Now()
	err = exchange(ctx, conn, func() error {
		return save(root, filepath.Base(file), func(dst io.Writer) error {
			length, err := receiveLength(ctx, conn)
			if err != nil {
				return err
			}
			r.size = size(length)
			meter := c.newMeter("get", length)
			defer meter.done()
			return receive(ctx, conn, io.MultiWriter(dst, meter))
		})
	})
	r.took = time.Since(start)
	return r, err
}

// connect connects to the server at url.
func connect(ctx context.Context, url, subprotocol string) (*stream.Conn[*stream.Reader], error) {
	conn, err := dial.Dial(ctx, url, stream.Standard, dial.Subprotocols(subprotocol), stream.MaxMessageSize(stream.Unlimited))
	if err != nil {
		return nil, err
	}
	if conn.Subprotocol() != subprotocol {
		conn.Close()
		return nil, fmt.Errorf("the server does not speak %s", subprotocol)
	}
	return conn, nil
}

// receiveLength receives the text that tells how long the file is.
func receiveLength(ctx context.Context, conn *stream.Conn[*stream.Reader]) (int64, error) {
	msg, err := conn.Receive(ctx)
	if err != nil {
		return 0, err
	}
	text, err := io.ReadAll(io.LimitReader(msg, 20))
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, 63)
	if err != nil {
		return 0, errors.New("the server did not tell the length of the file")
	}
	return int64(n), nil
}

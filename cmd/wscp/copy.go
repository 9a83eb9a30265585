package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"
)

// upload sends the file, or the pipe, to url.
func (c *client) upload(ctx context.Context, file, url string) (r result, err error) {
	src, err := openSource(ctx, file)
	if err != nil {
		return r, err
	}
	defer src.Close()
	return c.uploadSource(ctx, src, url)
}

func (c *client) uploadSource(ctx context.Context, src *source, url string) (r result, err error) {
	if src.pipe != nil && c.resumes() {
		return r, &refusal{errNotAgain}
	}
	conn, err := c.dial(ctx, url, putProtocol)
	if err != nil {
		return r, err
	}
	start := time.Now()
	err = exchange(ctx, conn, func() error {
		at, sum, err := c.begin(ctx, conn, src)
		if err != nil {
			return err
		}
		meter := c.newMeter("put", at, src.length())
		defer meter.done()
		heard := hear(ctx, conn)
		if r.digest, err = src.send(ctx, conn, at, sum, meter); err != nil {
			return err
		}
		r.size, r.from = size(meter.at), size(at)
		return awaitAnswer(heard).hasStored(receipt{SHA256: r.digest})
	})
	r.took = time.Since(start)
	return r, err
}

// begin tells what the source is, and agrees with the server on where it begins.
func (c *client) begin(ctx context.Context, conn conn, src *source) (at int64, sum hash.Hash, err error) {
	h := src.head()
	h.Continue = c.resumes()
	if err := sendText(ctx, conn, h); err != nil || !h.Continue {
		return 0, sha256.New(), err
	}
	var have position
	if err := receiveText(ctx, conn, "what the server has of the file", &have); err != nil {
		return 0, nil, err
	}
	err = attend(ctx, conn, func() (err error) {
		at, sum, err = src.agree(ctx, have)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	c.sayWhere(have.Offset, at)
	return at, sum, sendText(ctx, conn, position{Offset: at})
}

// download fetches url into the file.
func (c *client) download(ctx context.Context, url, file string) (r result, err error) {
	dir, name := filepath.Split(file)
	if name == "" {
		return r, notRegular(file)
	}
	root, err := os.OpenRoot(cmp.Or(dir, "."))
	if err != nil {
		return r, err
	}
	defer root.Close()
	start := time.Now()
	err = save(ctx, root, name, saving{resume: c.resumes()}, func(d *draft) error { // what there is has been read when it connects
		conn, err := c.dial(ctx, url, getProtocol)
		if err != nil {
			return err
		}
		return exchange(ctx, conn, func() error {
			h, err := c.ask(ctx, conn, d.have())
			if err != nil {
				return err
			}
			if err := d.resumeAt(h.Offset); err != nil {
				return err
			}
			d.how.executable, d.how.mtime = h.Executable, h.MTime
			return c.fetch(ctx, conn, &r, receiving{dst: d, sum: d.sum, at: h.Offset, length: h.length()})
		})
	})
	r.took = time.Since(start)
	return r, err
}

// downloadTo fetches url and writes it to dst, at whose other end a program reads.
func (c *client) downloadTo(ctx context.Context, url string, dst io.Writer) (r result, err error) {
	conn, err := c.dial(ctx, url, getProtocol)
	if err != nil {
		return r, err
	}
	start := time.Now()
	err = exchange(ctx, conn, func() error {
		h, err := c.ask(ctx, conn, position{})
		if err != nil {
			return err
		}
		w, finish := patient(ctx, dst)
		if err := c.fetch(ctx, conn, &r, receiving{dst: w, sum: sha256.New(), length: h.length()}); err != nil {
			return err
		}
		return finish()
	})
	r.took = time.Since(start)
	return r, err
}

// ask asks for a file, of which there is a part or nothing.
func (c *client) ask(ctx context.Context, conn conn, have position) (h head, err error) {
	if have.Offset == 0 {
		have = position{}
	}
	if err := sendText(ctx, conn, have); err != nil {
		return h, err
	}
	if h, err = receiveHead(ctx, conn); err != nil {
		return h, err
	}
	if h.Offset != 0 && h.Offset != have.Offset {
		return h, fmt.Errorf("the server goes on at %d of a file of which there are %d bytes", h.Offset, have.Offset)
	}
	c.sayWhere(have.Offset, h.Offset)
	return h, nil
}

// fetch receives the rest of a file. The server need not wait for the disk.
func (c *client) fetch(ctx context.Context, conn conn, r *result, rest receiving) (err error) {
	meter := c.newMeter("get", rest.at, rest.length)
	defer meter.done()
	rest.limit, rest.progress = maxSize, meter
	r.from = size(rest.at)
	if r.digest, err = rest.receive(ctx, conn); err != nil {
		return err
	}
	r.size = size(rest.at)
	end(ctx, conn, nil)
	return ctx.Err()
}

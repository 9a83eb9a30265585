package main

import (
	"context"
	"fmt"
	"io"
)

// take receives a file.
func (s *server) take(ctx context.Context, c conn, name string) error {
	h, err := receiveHead(ctx, c)
	if err != nil {
		return err
	}
	if size(h.length()) > s.rules.maxSize {
		return &refusal{fmt.Errorf("%q: %v is more than the %v that a file may have", name, size(h.length()), s.rules.maxSize)}
	}
	var stored digest
	how := saving{executable: h.Executable, mtime: h.MTime, keep: s.rules.keep, resume: h.Continue}
	err = save(ctx, s.root, name, how, func(d *draft) error {
		if h.Continue {
			if err := offer(ctx, c, d); err != nil {
				return err
			}
		}
		r := receiving{d, d.sum, d.size, h.length(), int64(s.rules.maxSize), io.Discard}
		stored, err = r.receive(ctx, c)
		return err
	})
	if err != nil {
		return err
	}
	return sendText(ctx, c, receipt{SHA256: stored})
}

// offer tells the client what there is of the file, and hears where it goes on.
func offer(ctx context.Context, c conn, d *draft) error {
	if err := sendText(ctx, c, d.have()); err != nil {
		return err
	}
	var p position
	if err := receiveText(ctx, c, "where the file goes on", &p); err != nil {
		return err
	}
	return d.resumeAt(p.Offset)
}

// give sends the file, and waits for no longer than the idle timeout until the client has it.
func (s *server) give(ctx context.Context, c conn, name string) error {
	var have position
	if err := receiveText(ctx, c, "what the client has of the file", &have); err != nil {
		return err
	}
	src, err := open(name, s.root.Stat, s.open)
	if err != nil {
		return err
	}
	defer src.Close()
	at, sum, err := src.agree(ctx, have)
	if err != nil {
		return err
	}
	h := src.head()
	h.Offset = at
	if err := sendText(ctx, c, h); err != nil {
		return err
	}
	heard := hear(ctx, c)
	if _, err := src.send(ctx, c, at, sum, io.Discard); err != nil {
		return err
	}
	return awaitAnswer(heard).hasClosed()
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/litert/websocket/internal/printable"
)

// putTree sends files and directories to the directory at url.
func (c *client) putTree(ctx context.Context, files []string, url string) error {
	seen := make(map[string]bool)
	for _, file := range files {
		name := sentAs(file)
		if seen[name] && name != "" {
			return usageError(fmt.Sprintf("put: of what is given, several would be %q at the other end", name))
		}
		seen[name] = true
	}
	var r result
	err := c.again(ctx, func() error {
		conn, err := c.dial(ctx, url, putProtocol)
		if err != nil {
			return err
		}
		start := time.Now()
		err = exchange(ctx, conn, func() (err error) {
			r, err = c.sendTree(ctx, conn, files)
			return err
		})
		r.took = time.Since(start)
		return err
	})
	return c.report("put", url, r, err)
}

func (c *client) sendTree(ctx context.Context, conn conn, files []string) (r result, err error) {
	if err := sendText(ctx, conn, head{Continue: c.resumes(), Names: namesOf(files)}); err != nil {
		return r, err
	}
	meter := c.newMeter("put", 0, unknown)
	defer meter.done()
	t := treeSender{conn: conn, progress: meter, sent: c.printDigest, skipped: c.skip}
	if c.resumes() {
		if t.had, err = hearHad(ctx, conn); err != nil {
			return r, err
		}
	}
	heard := hear(ctx, conn)
	for _, file := range files {
		if err := t.sendArgument(ctx, file); err != nil {
			return r, err
		}
	}
	if err := sendText(ctx, conn, entry{End: true}); err != nil {
		return r, err
	}
	if t.there > 0 {
		c.say("resume", "%d files were there already", t.there)
	}
	return t.result, awaitAnswer(heard).hasStored(receipt{Files: t.files})
}

// sendArgument sends a file, or a directory under its name; one that is given with a slash behind it, or as ".", is sent
// without its name.
func (t *treeSender) sendArgument(ctx context.Context, file string) error {
	as := sentAs(file)
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return &refusal{about(file, err)}
	}
	info, err := os.Stat(real)
	if err != nil {
		return &refusal{about(file, err)}
	}
	dir := real
	if !info.IsDir() {
		dir = filepath.Dir(real)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return &refusal{about(file, err)}
	}
	defer root.Close()
	if info.IsDir() {
		return t.send(ctx, root, ".", as)
	}
	return t.sendEntry(ctx, root, filepath.Base(real), as, info)
}

// sentAs returns the name of a file or directory at the other end; none if what is in it goes there.
func sentAs(file string) string {
	name := filepath.Base(file)
	if file == "" || os.IsPathSeparator(file[len(file)-1]) || name == "." || name == ".." {
		return ""
	}
	return name
}

// namesOf returns the names at the other end, or nil if they are all, or too long to be told.
func namesOf(files []string) (names []string) {
	for _, file := range files {
		names = append(names, sentAs(file))
	}
	if text, err := json.Marshal(names); err != nil || slices.Contains(names, "") || len(text) > maxText/2 {
		return nil
	}
	return names
}

// getTree fetches what is in the directory at url, and below, into dir.
func (c *client) getTree(ctx context.Context, url, dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	var r result
	err = c.again(ctx, func() error {
		var files []had
		if c.resumes() { // which may take long
			if files, err = listHad(ctx, root, nil); err != nil {
				return err
			}
		}
		conn, err := c.dial(ctx, url, getProtocol)
		if err != nil {
			return err
		}
		start := time.Now()
		err = exchange(ctx, conn, func() error {
			if err := sendText(ctx, conn, head{Continue: c.resumes()}); err != nil {
				return err
			}
			if c.resumes() {
				if err := tellHad(ctx, conn, files); err != nil {
					return err
				}
			}
			meter := c.newMeter("get", 0, unknown)
			defer meter.done()
			p := planting{conn: conn, root: root, maxSize: maxSize, progress: meter, received: c.printDigest}
			err := p.receive(ctx)
			r = p.result
			return err
		})
		r.took = time.Since(start)
		return err
	})
	return c.report("get", url, r, err)
}

// printDigest prints the digest of a file in a directory.
func (c *client) printDigest(name string, d digest) {
	switch {
	case !c.digest:
	case c.json:
		c.print(event{Event: "file", File: name, SHA256: d})
	default:
		fmt.Fprintf(c.out, "%v  %s\n", d, printable.Text(name))
	}
}

// skip says what is not sent.
func (c *client) skip(format string, args ...any) { c.say("skip", format, args...) }

// takeTree receives the files of a directory.
func (s *server) takeTree(ctx context.Context, c conn, name string) error {
	h, err := receiveHead(ctx, c)
	if err != nil {
		return err
	}
	if name != "" {
		if err := s.root.MkdirAll(name, 0o777); err != nil {
			return &refusal{about(name, err)}
		}
	}
	root, err := s.folder(name)
	if err != nil {
		return err
	}
	defer root.Close()
	if h.Continue {
		files, err := listHad(ctx, root, h.Names)
		if err != nil {
			return err
		}
		if err := tellHad(ctx, c, files); err != nil {
			return err
		}
	}
	p := planting{conn: c, root: root, keep: s.rules.keep, maxSize: s.rules.maxSize, progress: io.Discard, received: func(string, digest) {}}
	if err := p.receive(ctx); err != nil {
		if p.keep { // the next attempt leaves the directories of this one as they are
			p.finish()
		}
		return err
	}
	return sendText(ctx, c, receipt{Files: p.files})
}

// giveTree sends the files of a directory.
func (s *server) giveTree(ctx context.Context, c conn, name string) error {
	h, err := receiveHead(ctx, c)
	if err != nil {
		return err
	}
	root, err := s.folder(name)
	if err != nil {
		return err
	}
	defer root.Close()
	t := treeSender{conn: c, progress: io.Discard, sent: func(string, digest) {}, skipped: s.log.Printf}
	if h.Continue {
		if t.had, err = hearHad(ctx, c); err != nil {
			return err
		}
	}
	heard := hear(ctx, c)
	if err := t.send(ctx, root, ".", ""); err != nil {
		return err
	}
	if err := sendText(ctx, c, entry{End: true}); err != nil {
		return err
	}
	return awaitAnswer(heard).hasClosed()
}

// folder opens a directory.
func (s *server) folder(name string) (*os.Root, error) {
	if name == "" {
		name = "."
	}
	root, err := s.root.OpenRoot(name)
	if err != nil {
		return nil, &refusal{about(name, err)}
	}
	return root, nil
}

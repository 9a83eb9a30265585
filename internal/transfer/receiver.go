package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/size"
)

// A receiver is the end of a transfer that receives. It writes nothing but through its root.
type receiver struct {
	conn      Conn
	root      *os.Root
	continues bool       // it tells what it has
	keep      bool       // files are never replaced
	maxSize   size.Bytes // of a file
	account

	dirs map[string]entry // whose modes and times are set at the end; by name, as a sender may tell one over and over
}

// receiveAlone receives a single file.
func (r *receiver) receiveAlone(ctx context.Context, name string) error {
	told := hear[entry](ctx, r.conn, "what the file is")
	err := draft.Save(ctx, r.root, name, draft.How{Keep: r.keep, Resume: r.continues}, func(d *draft.Draft) error {
		have := position{d.Size(), digestOf(d.Sum())}
		if r.continues {
			if err := sendText(ctx, r.conn, had{"", have}); err != nil {
				return err
			}
		}
		heard := <-told
		e, err := heard.text, heard.err
		if err == nil {
			err = e.check(name, r.maxSize)
		}
		if err == nil {
			err = d.ResumeAt(e.Offset)
		}
		if err != nil {
			return err
		}
		e.Name = ""
		d.Mode, d.MTime = e.Mode, e.MTime
		r.Begin(have.Offset, e.Offset, e.length())
		return r.receiveFile(ctx, d, d.Sum(), e.Offset, e)
	})
	if err != nil {
		return err
	}
	return sendText(ctx, r.conn, r.receipt())
}

// receivePipe receives a single file for dst, at whose other end a program reads.
func (r *receiver) receivePipe(ctx context.Context, dst io.Writer) error {
	var e entry
	if err := receiveText(ctx, r.conn, "what the file is", &e); err != nil {
		return err
	}
	if err := e.check("-", r.maxSize); err != nil {
		return err
	}
	r.Begin(0, 0, e.length())
	if err := r.receiveFile(ctx, dst, sha256.New(), 0, e); err != nil {
		return err
	}
	return sendText(ctx, r.conn, r.receipt())
}

// receiveFile receives the bytes of a file from at on, and has them written to dst; sum has those before.
func (r *receiver) receiveFile(ctx context.Context, dst io.Writer, sum hash.Hash, at int64, e entry) error {
	b := arriving{dst: dst, sum: sum, at: at, length: e.length(), limit: int64(r.maxSize), Observer: r.Observer}
	t, err := b.receive(ctx, r.conn)
	if err != nil {
		return err
	}
	r.add(e.Name, t, at)
	return nil
}

// receiveDir receives what is in a directory. Of what there is, it tells that with the names, if there are any.
func (r *receiver) receiveDir(ctx context.Context, names []string) error {
	first := hear[entry](ctx, r.conn, "the first file")
	if r.continues {
		text, err := listHad(ctx, r.root, names)
		if err != nil {
			return err
		}
		if err := r.conn.WriteText(ctx, string(text)); err != nil {
			return err
		}
	}
	told := <-first
	e, err := told.text, told.err
	for err == nil && !e.End {
		if err = r.plant(ctx, e); err == nil {
			e = entry{}
			err = receiveText(ctx, r.conn, "the next file", &e)
		}
	}
	if dirsErr := r.finishDirs(); err == nil {
		err = dirsErr
	}
	if err != nil {
		return err
	}
	return sendText(ctx, r.conn, r.receipt())
}

// plant makes what was told of a directory.
func (r *receiver) plant(ctx context.Context, e entry) error {
	name, err := localName(e.Name)
	switch {
	case err != nil || strings.HasPrefix(e.Name, "/"):
		return &draft.Refusal{Err: fmt.Errorf("%q: not a name below the directory", e.Name)}
	case e.Directory:
		return r.makeDir(name, e)
	case e.Target != "":
		return r.link(name, filepath.FromSlash(e.Target))
	case e.Length == nil:
		return fmt.Errorf("%q: neither a file of some length, nor a directory or link", e.Name)
	}
	if err := e.check(e.Name, r.maxSize); err != nil {
		return err
	}
	how := draft.How{Exact: true, Keep: r.keep, Unsynced: true}
	return draft.Save(ctx, r.root, name, how, func(d *draft.Draft) error {
		d.Mode, d.MTime = e.Mode, e.MTime
		return r.receiveFile(ctx, d, d.Sum(), 0, e)
	})
}

// makeDir makes a directory, unless it is there. Its owner can write to it until all is there.
func (r *receiver) makeDir(name string, e entry) error {
	info, err := r.root.Lstat(name)
	_, own := r.dirs[name]
	switch {
	case err != nil || !info.IsDir():
		err = r.root.Mkdir(name, 0o700)
	case r.keep && !own: // as it is
		return nil
	case info.Mode()&0o700 != 0o700:
		err = r.root.Chmod(name, info.Mode().Perm()|0o700)
	}
	if err != nil {
		return draft.Refuse(name, err)
	}
	if r.dirs == nil {
		r.dirs = make(map[string]entry)
	}
	r.dirs[name] = e
	return nil
}

// finishDirs gives the directories the modes and times that were told, from the innermost on, as far as all has come.
func (r *receiver) finishDirs() (err error) {
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(r.dirs))) {
		err = errors.Join(err, r.root.Chmod(name, r.dirs[name].Mode.Perm()), r.root.Chtimes(name, time.Time{}, r.dirs[name].MTime))
	}
	return err
}

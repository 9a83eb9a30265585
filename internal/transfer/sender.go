package transfer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/stream"
)

// A sender is the end of a transfer that sends a file, or what is in directories.
type sender struct {
	conn Conn
	account
	had   map[string]position // what the receiver has, by name
	there int                 // how many files of directories it has
}

// send has what send, to a receiver that tells what it has if the transfer continues, and waits for the receipt for no longer than
// the receiver may take to bring a file to its disk.
func (s *sender) send(ctx context.Context, continues bool, what func() error) (err error) {
	if continues {
		if s.had, err = hearHad(ctx, s.conn); err != nil {
			return err
		}
	}
	answer := hear[receipt](ctx, s.conn, "the other side's receipt")
	if err := what(); err != nil {
		return err
	}
	select {
	case a := <-answer:
		return s.checkReceipt(a.text, a.err)
	case <-time.After(settleTime):
		return fmt.Errorf("no receipt came within %v", settleTime)
	}
}

// checkReceipt returns nil if the other side has stored what was sent, and says so.
func (s *sender) checkReceipt(r receipt, err error) error {
	switch {
	case stream.CloseCode(err) == closecode.NormalClosure:
		return errors.New("the other side has closed without saying that it has all")
	case err != nil:
		return err
	case r.SHA256 != s.SHA256:
		return &draft.Spoiled{Err: fmt.Errorf("the other side has stored another file: its SHA-256 sum is %v instead of %v", r.SHA256, s.SHA256)}
	case r.Files != s.Files:
		return &draft.Spoiled{Err: fmt.Errorf("the other side has stored %d files of %d", r.Files, s.Files)}
	}
	return nil
}

// sendFile sends a file or pipe under a name, or alone if that is empty. Of a directory, a file is sent whole or not at all.
func (s *sender) sendFile(ctx context.Context, src *Source, name string) error {
	e, have, alone := src.entry(name), s.had[name], name == ""
	if !alone && have.Offset != e.length() {
		have = position{}
	}
	at, sum, err := src.agree(ctx, have)
	switch {
	case err != nil:
		return err
	case alone:
		s.Begin(have.Offset, at, e.length())
	case at > 0:
		s.there++
		return nil
	}
	e.Offset = at
	if err := s.tell(ctx, e); err != nil {
		return err
	}
	t, err := src.send(ctx, s.conn, at, sum, s.Observer)
	if err != nil {
		return err
	}
	s.add(name, t, at)
	return nil
}

// sendDir sends what is in the directory dir of root, and below, under the name as.
func (s *sender) sendDir(ctx context.Context, root *os.Root, dir, as string) error {
	return fs.WalkDir(root.FS(), dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ErrInterrupted
		case err != nil:
			return draft.Refuse(name, err)
		case draft.IsHidden(filepath.FromSlash(name)) && d.IsDir():
			return fs.SkipDir
		case draft.IsHidden(filepath.FromSlash(name)):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return draft.Refuse(name, err)
		}
		return s.sendEntry(ctx, root, name, path.Join(as, strings.TrimPrefix(name, dir)), info)
	})
}

// sendEntry sends the file, directory or link name of root as another name.
func (s *sender) sendEntry(ctx context.Context, root *os.Root, name, as string, info fs.FileInfo) error {
	e := entry{Name: as, Mode: info.Mode().Perm(), MTime: info.ModTime()}
	switch info.Mode().Type() {
	case 0:
		src, err := openRegular(name, root.Lstat, readIn(root))
		if err != nil {
			return err
		}
		defer src.Close()
		return s.sendFile(ctx, src, as)
	case fs.ModeDir:
		if as == "" || as == "." {
			return nil
		}
		e.Directory = true
	case fs.ModeSymlink:
		target, err := root.Readlink(name)
		if err != nil {
			return draft.Refuse(name, err)
		}
		if !staysWithin(as, target) {
			s.Say("skip", "%q: a link that may lead out of the directory is not sent", name)
			return nil
		}
		e.Target = filepath.ToSlash(target)
	default:
		s.Say("skip", "%q: not a regular file, and not sent", name)
		return nil
	}
	return s.tell(ctx, e)
}

// end tells that no more files of directories follow.
func (s *sender) end(ctx context.Context) error {
	if s.there > 0 {
		s.Say("resume", "%d files were there already", s.there)
	}
	return s.tell(ctx, entry{End: true})
}

// tell tells what follows. JSON has no bytes that are no UTF-8, and would have one name for several.
func (s *sender) tell(ctx context.Context, e entry) error {
	if !utf8.ValidString(e.Name) || !utf8.ValidString(e.Target) {
		return &draft.Refusal{Err: fmt.Errorf("%q: neither its name nor the target of a link may have bytes that are no UTF-8", e.Name)}
	}
	err := sendText(ctx, s.conn, e)
	if errors.Is(err, errLongText) {
		return &draft.Refusal{Err: fmt.Errorf("%q: the name is too long: %w", e.Name, err)}
	}
	return err
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/litert/websocket/internal/draft"
)

// putDir sends files and directories to the directory at url.
func (c console) putDir(ctx context.Context, s *settings, files []string, url string) error {
	var names []string
	for _, file := range files {
		name := sentAs(file)
		if name != "" && slices.Contains(names, name) {
			return usageError(fmt.Sprintf("put: of what is given, several would be %q at the other end", name))
		}
		names = append(names, name)
	}
	cl, err := c.newClient(s, "put")
	if err != nil {
		return err
	}
	req := request{Continue: s.resumes(), Names: names}
	if text, err := json.Marshal(names); err != nil || slices.Contains(names, "") || len(text) > maxText/2 {
		req.Names = nil // what goes into the directory itself is not told by name, nor what is too much for a text
	}
	return cl.transfer(ctx, url, putProtocol, url, req, func(conn conn, a account) (result, error) {
		out := sender{conn: conn, account: a}
		err := out.send(ctx, req.Continue, func() error {
			for i, file := range files {
				if err := out.sendArgument(ctx, file, names[i]); err != nil {
					return err
				}
			}
			return out.end(ctx)
		})
		return out.result, err
	})
}

// sentAs returns the name of a file or directory at the other end; none if what is in it goes there.
func sentAs(file string) string {
	name := filepath.Base(file)
	if file == "" || os.IsPathSeparator(file[len(file)-1]) || name == "." || name == ".." {
		return ""
	}
	return name
}

// sendArgument sends a file, or what is in a directory, under a name.
func (s *sender) sendArgument(ctx context.Context, file, as string) error {
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return draft.Refuse(file, err)
	}
	info, err := os.Stat(real)
	if err != nil {
		return draft.Refuse(file, err)
	}
	dir := real
	if !info.IsDir() {
		dir = filepath.Dir(real)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return draft.Refuse(file, err)
	}
	defer root.Close()
	if info.IsDir() {
		return s.sendDir(ctx, root, ".", as)
	}
	return s.sendEntry(ctx, root, filepath.Base(real), as, info)
}

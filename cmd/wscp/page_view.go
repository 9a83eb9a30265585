package main

import (
	"cmp"
	"io"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/litert/websocket/internal/osfile"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/internal/transfer"
)

// maxEntries is how many names of a folder are read for the page.
const maxEntries = 10000

// A view is what the page shows. What is empty is not shown. URLs are relative, so that a proxy may serve the page anywhere.
type view struct {
	Title     string
	Assets    string  // where they are
	Steps     []crumb // from the root to what was asked for
	Notice    string
	AsksToken bool
	Wrong     bool // the token that was shown
	Secure    bool
	Uploads   *rulesOfUploads
	Folder    *folder
}

// A crumb is a folder on the way. The last one, which may be a file, has no URL.
type crumb struct{ Name, Href string }

type rulesOfUploads struct {
	Keep, Limited bool
	MaxSize       size.Bytes
}

type folder struct {
	Entries  []row
	More     bool
	ReadOnly bool
}

type row struct {
	Name, Href string
	IsFolder   bool
	Size       size.Bytes
	Time       time.Time
}

// rank tells where it stands in the list, before its name does.
func (r row) rank() int {
	if r.IsFolder {
		return 0
	}
	return 1
}

// show answers with the page, which has v and where it is.
func (s *server) show(w http.ResponseWriter, r *http.Request, status int, v view) {
	names := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	depth := len(names) - 1
	if names[depth] == "" {
		names = names[:depth]
	}
	v.Steps = append(v.Steps, crumb{Name: r.Host, Href: upwards(depth)})
	for i, name := range names {
		v.Steps = append(v.Steps, crumb{name, upwards(depth - 1 - i)})
	}
	last := &v.Steps[len(v.Steps)-1]
	last.Href = ""
	v.Title, v.Assets, v.Secure = last.Name, upwards(depth)+assetsFolder, r.TLS != nil
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := pageTemplate.Execute(w, v); err != nil {
		s.log.Printf("%s: %v", r.RemoteAddr, err)
	}
}

// upwards returns the URL of the folder that is n above.
func upwards(n int) string { return "./" + strings.Repeat("../", max(n, 0)) }

func (s *server) showMissing(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, view{Notice: "There is no file of this name."})
}

func (s *server) showFolder(w http.ResponseWriter, r *http.Request, name string) {
	entries, more, err := s.list(name)
	if err != nil {
		s.log.Printf("%s: %v", r.RemoteAddr, osfile.About(name, err))
		s.show(w, r, http.StatusForbidden, view{Notice: "This folder cannot be read."})
		return
	}
	v := view{Folder: &folder{entries, more, s.rules.ReadOnly}}
	if !s.rules.ReadOnly {
		v.Uploads = &rulesOfUploads{s.rules.Keep, s.rules.MaxSize < math.MaxInt64, s.rules.MaxSize}
	}
	s.show(w, r, http.StatusOK, v)
}

// list returns what a client may see of a folder: folders, and then files. There is more than that if there are too many.
func (s *server) list(dir string) (entries []row, more bool, err error) {
	d, err := s.root.Open(dir)
	if err != nil {
		return nil, false, err
	}
	defer d.Close()
	names, err := d.Readdirnames(maxEntries + 1)
	if err != nil && err != io.EOF {
		return nil, false, err
	}
	more = len(names) > maxEntries
	for _, name := range names[:min(len(names), maxEntries)] {
		if e, ok := s.rowOf(dir, name); ok {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b row) int { return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Name, b.Name)) })
	return entries, more, nil
}

// rowOf returns what the page shows of a name, unless a client may not ask for it.
func (s *server) rowOf(dir, name string) (e row, ok bool) {
	whole := filepath.Join(dir, name)
	if _, _, err := transfer.Asked(filepath.ToSlash(whole)); err != nil {
		return e, false
	}
	info, err := s.root.Stat(whole)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return e, false
	}
	e = row{name, url.PathEscape(name), info.IsDir(), size.Bytes(info.Size()), info.ModTime().UTC()}
	if e.IsFolder {
		e.Href += "/"
	}
	return e, true
}

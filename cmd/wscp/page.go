package main

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"mime"
	"net"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/transfer"
)

// pageFiles are the page for people with a browser: a template, and its assets, which are served as they are.
//
//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/index.html"))

// assetsFolder is where the assets are, below the root: under a name that no file of a client has.
const assetsFolder = draft.Prefix + "page/"

// The types of the assets. Those of package mime depend on the machine.
var assetTypes = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
}

const (
	// pagePolicy has the page load what is its own, and be part of no other.
	pagePolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

	// filePolicy has a file do nothing, should a browser show it.
	filePolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"
)

// stallTime is how long a client may take for each part of a file.
const stallTime = time.Minute

// servePage answers what is no handshake, and for this host: the page's assets to all, and folders and files to those who are
// admitted.
func (s *server) servePage(w http.ResponseWriter, r *http.Request) {
	client := http.NewResponseController(w)
	client.SetReadDeadline(time.Now().Add(handshakeTime)) // of a token, or of a body that nobody wants
	client.SetWriteDeadline(time.Now().Add(stallTime))
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	asset, isAsset := strings.CutPrefix(r.URL.Path, "/"+assetsFolder)
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case isAsset && get:
		serveAsset(w, r, asset)
	case r.Method == http.MethodPost && s.rules.token != "":
		s.takeToken(w, r)
	case !s.admits(r):
		s.askToken(w, r, false)
	case get:
		s.admit(w, r, http.HandlerFunc(s.serveFiles))
	default:
		h.Set("Allow", "GET, HEAD")
		s.show(w, r, http.StatusMethodNotAllowed, view{Notice: "Files are uploaded by WebSocket here."})
	}
}

func serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	contentType := assetTypes[path.Ext(name)]
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil || contentType == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(content)
}

// serveFiles serves the folder or file that the path of the URL names: a folder with a slash at its end.
func (s *server) serveFiles(w http.ResponseWriter, r *http.Request) {
	name, isFolder, err := transfer.Asked(r.URL.Path)
	if err != nil {
		s.showMissing(w, r)
		return
	}
	info, err := s.root.Stat(name)
	switch {
	case err != nil || isFolder && !info.IsDir():
		s.showMissing(w, r)
	case isFolder:
		s.showFolder(w, r, name)
	case info.IsDir():
		w.Header().Set("Location", "./"+lastOf(r)+"/")
		w.WriteHeader(http.StatusFound)
	default:
		s.serveFile(w, r, name)
	}
}

// lastOf returns what is behind the last slash of the URL, for a URL relative to it.
func lastOf(r *http.Request) string {
	escaped := r.URL.EscapedPath()
	return escaped[strings.LastIndex(escaped, "/")+1:]
}

// serveFile has the browser keep the file, and not show it: as a page, it would be one of this origin.
func (s *server) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	src, err := transfer.OpenIn(s.root, name)
	if err != nil {
		s.showMissing(w, r)
		return
	}
	defer src.Close()
	s.log.Printf("%s: %s %q", r.RemoteAddr, r.Method, r.RequestURI)
	modified := src.Info.ModTime()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filepath.Base(name)}))
	h.Set("ETag", fmt.Sprintf(`"%x-%x"`, modified.UnixNano(), src.Info.Size()))
	http.ServeContent(w, r, "", modified, paced{src, http.NewResponseController(w)})
}

// A paced file is read for a client that has stallTime for each part.
type paced struct {
	io.ReadSeeker
	client *http.ResponseController
}

func (p paced) Read(b []byte) (int, error) {
	p.client.SetWriteDeadline(time.Now().Add(stallTime))
	return p.ReadSeeker.Read(b)
}

// A browser shows the token once, in a form, and a cookie from then on, as it can set no field of a handshake. The cookie is another
// secret, of this run of the server alone: a browser sends it to whatever else this host serves at other ports.

// admits reports whether the request shows the token, or the cookie that was given for it.
func (s *server) admits(r *http.Request) bool {
	if s.rules.token.admits(r) {
		return true
	}
	cookie, err := r.Cookie(cookieName(r))
	return err == nil && equal(cookie.Value, s.session)
}

// cookieName tells apart the servers of a host.
func cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	return "wscp" + port
}

// takeToken gives a browser that shows the token the cookie, and has it ask again for what it has asked for.
func (s *server) takeToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4*maxToken) // each byte may be escaped
	if !equal(r.PostFormValue("token"), string(s.rules.token)) {
		s.askToken(w, r, true)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: s.session, Path: "/",
		Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Location", "./"+lastOf(r))
	w.WriteHeader(http.StatusSeeOther)
}

// askToken answers with the form.
func (s *server) askToken(w http.ResponseWriter, r *http.Request, wrong bool) {
	s.log.Printf("%s: answered 401 Unauthorized", r.RemoteAddr)
	w.Header().Set("WWW-Authenticate", "Bearer")
	s.show(w, r, http.StatusUnauthorized, view{AsksToken: true, Wrong: wrong})
}

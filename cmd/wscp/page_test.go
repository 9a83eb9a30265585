package main

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
)

// A reply is what a server has answered to a request.
type reply struct {
	*http.Response
	body string
}

// request sends a request to a server as a browser does, whose path is sent as it is. A redirection is not followed.
func (s served) request(t *testing.T, method, path, body string, header http.Header) reply {
	t.Helper()
	base, err := url.Parse(strings.Replace(s.url, "ws:", "http:", 1))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(testContext(t), method, base.String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque = path
	if strings.HasPrefix(path, "//") { // which begins a host there
		r.URL.Opaque = "//" + base.Host + path
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{response, string(text)}
}

func (s served) get(t *testing.T, path string) reply {
	t.Helper()
	return s.request(t, http.MethodGet, path, "", nil)
}

// check checks the status, and that the body has each text, or, if that begins with an exclamation mark, has it not.
func (a reply) check(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s: status %d, want %d", a.Request.URL.Opaque, a.StatusCode, status)
	}
	for _, text := range texts {
		unwanted, no := strings.CutPrefix(text, "!")
		if no == strings.Contains(a.body, strings.TrimPrefix(text, "!")) {
			t.Errorf("%s: has %q: %v, in %s", a.Request.URL.Opaque, unwanted, no, a.body)
		}
	}
}

func TestServeTellsWhereThePageIs(t *testing.T) {
	s := startServer(t)
	const before = "browsers find its page at "
	await(t, "the URL of the page is shown", func() bool { return strings.Contains(s.out.String(), before) })
	_, page, _ := strings.Cut(s.out.String(), before)
	served{url: strings.TrimSpace(page)}.get(t, "/").check(t, 200, "Nothing is in this folder.")
}

func TestThePageShowsWhatClientsMaySee(t *testing.T) {
	s := startServer(t)
	s.get(t, "/").check(t, 200, "Nothing is in this folder.")
	outside := filetest.Write(t, "secret", t.TempDir(), "outside")
	filetest.Write(t, "these words", s.dir, "a file")
	filetest.Write(t, "half", s.dir, draft.Prefix+strings.Repeat("A", 26))
	filetest.MakeDir(t, s.dir, "folder", "inner")
	filetest.Write(t, strings.Repeat("x", 2048), s.dir, "folder", "deep")
	if runtime.GOOS != "windows" {
		filetest.Write(t, "", s.dir, "control\x1bname")
		for name, target := range map[string]string{"link out": outside, "link in": "a file", "link to none": "none"} {
			if err := os.Symlink(target, filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		s.get(t, "/").check(t, 200, "link in", "!link out", "!link to none", "!control")
		s.get(t, "/link%20out").check(t, 404, "!secret")
	}
	s.get(t, "/").check(t, 200, `href="./a%20file"`, `href="./folder/"`, "11 B", "!"+strings.Repeat("A", 26), "page.js")
	s.get(t, "/folder/").check(t, 200, `href="./deep"`, "2 KiB", `href="./inner/"`, `href="./../"`, `src="./../.wscp-page/page.js"`, "!a file")
	s.get(t, "/a%20file/").check(t, 404)
	s.get(t, "/missing").check(t, 404, "There is no file of this name.")
	if moved := s.get(t, "/folder"); moved.StatusCode != 302 || moved.Header.Get("Location") != "./folder/" {
		t.Errorf("status %d, to %q", moved.StatusCode, moved.Header.Get("Location"))
	}
}

func TestPathsThatLeadOutAreNotServed(t *testing.T) {
	parent := t.TempDir()
	filetest.Write(t, "secret", parent, "secret")
	s := startServerAt(t, "127.0.0.1:0", filetest.MakeDir(t, parent, "served"))
	filetest.Write(t, "secret", s.dir, draft.Prefix+strings.Repeat("A", 26))
	for _, path := range []string{
		"/../secret", "/%2e%2e/secret", "/..%2fsecret", "/../", "//", "//secret", "/./", "/%00", "/%ff", "/.wscp-page/../../secret",
		"/.wscp-page/%2e%2e/page.go", "/.wscp-page/index.html", "/.wscp-page/", "/.wscp-page/none.js", "/" + draft.Prefix + strings.Repeat("A", 26),
		"/" + strings.ToUpper(draft.Prefix) + strings.Repeat("A", 26), "/" + filepath.ToSlash(parent) + "/secret", "/%5c..%5csecret",
	} {
		s.get(t, path).check(t, 404, "!secret\n", "!{{")
	}
}

func TestANameWithMarkupIsText(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the system has no such names")
	}
	s := startServer(t)
	names := []string{`<img src=x onerror=alert(1)>`, `"><script>alert(1)<`, `a'b" onclick="alert(1)`, "&lt;b&gt;", "{{.}}", "javascript:alert(1)", "100%25", "a?b#c", `back\slash`, " x "}
	for _, name := range names {
		filetest.Write(t, name, s.dir, name)
	}
	page := s.get(t, "/")
	page.check(t, 200, "!<img", "!<script>", `!" onclick=`)
	links := regexp.MustCompile(`<a href="(\./[^"]+)">([^<]*)</a></th>`).FindAllStringSubmatch(page.body, -1)
	if len(links) != len(names) {
		t.Errorf("%d links for %d files: %s", len(links), len(names), page.body)
	}
	for _, link := range links {
		href, name := html.UnescapeString(link[1]), html.UnescapeString(link[2])
		if got := s.get(t, strings.TrimPrefix(href, ".")); got.body != name {
			t.Errorf("%s leads to %q, want %q", href, got.body, name)
		}
	}
	s.get(t, "/%3Cimg%20src=x%3E").check(t, 404, "!<img")
}

func TestAFileIsDownloadedAndNeverShown(t *testing.T) {
	s := startServer(t)
	const content = "<script>alert(1)</script>"
	filetest.Write(t, content, s.dir, "größe.html")
	const path = "/gr%C3%B6%C3%9Fe.html"
	whole := s.get(t, path)
	whole.check(t, 200, content)
	for name, want := range map[string]string{
		"Content-Disposition": "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.html", "Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff",
		"Content-Security-Policy": filePolicy, "Cross-Origin-Resource-Policy": "same-origin", "Accept-Ranges": "bytes", "Content-Length": "25",
	} {
		if got := whole.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	part := func(ifRange string) reply {
		return s.request(t, http.MethodGet, path, "", http.Header{"Range": {"bytes=8-12"}, "If-Range": {ifRange}})
	}
	if got := part(whole.Header.Get("ETag")); got.StatusCode != 206 || got.body != "alert" {
		t.Errorf("the part is %q, status %d", got.body, got.StatusCode)
	}
	if got := part(`"another"`); got.StatusCode != 200 || got.body != content {
		t.Errorf("the part of another file is %q, status %d", got.body, got.StatusCode)
	}
	if got := s.request(t, http.MethodHead, path, "", nil); got.StatusCode != 200 || got.ContentLength != 25 || got.body != "" {
		t.Errorf("HEAD: %q, status %d, %d bytes", got.body, got.StatusCode, got.ContentLength)
	}
	s.awaitLog(t, `GET "`+path)
}

// A strict policy wants that nothing stands in the page itself.
func TestThePageLoadsWhatIsItsOwn(t *testing.T) {
	s := startServer(t)
	page := s.get(t, "/")
	const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := page.Header.Get("Content-Security-Policy"); got != policy {
		t.Errorf("the policy is %s", got)
	}
	template, err := pageFiles.ReadFile("page/index.html")
	if err != nil {
		t.Fatal(err)
	}
	if inline := regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|\son\w+=|\sstyle=|//[a-z]`).Find(template); inline != nil {
		t.Errorf("%q stands in the page", inline)
	}
	linked := regexp.MustCompile(`(?:src|href)="\./(\.wscp-page/[^"]+)"`).FindAllStringSubmatch(page.body, -1)
	if len(linked) != 3 {
		t.Errorf("%d assets are linked", len(linked))
	}
	for name, contentType := range map[string]string{
		"page.js": "text/javascript", "upload.js": "text/javascript", "sha256.js": "text/javascript", "page.css": "text/css", "icon.svg": "image/svg+xml",
	} {
		asset := s.get(t, "/.wscp-page/"+name)
		asset.check(t, 200)
		h := asset.Header
		if !strings.HasPrefix(h.Get("Content-Type"), contentType) || h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestThePageTellsTheRules(t *testing.T) {
	for _, tt := range []struct {
		flags []string
		texts []string
	}{
		{nil, []string{"Upload files", "!data-keep", "!at most"}},
		{[]string{"-readonly"}, []string{"Files can only be read here.", "!Upload files", "!page.js"}},
		{[]string{"-no-overwrite"}, []string{"A file that is here is not replaced.", "data-keep"}},
		{[]string{"-max-size", "3MiB"}, []string{"A file may have 3 MiB at most.", `data-max-size="3145728"`}},
	} {
		startServer(t, tt.flags...).get(t, "/").check(t, 200, tt.texts...)
	}
}

func TestWhatIsNoGetIsRefused(t *testing.T) {
	s := startServer(t)
	filetest.Write(t, "these words", s.dir, "file")
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		got := s.request(t, method, "/file", "other", nil)
		got.check(t, 405, "Files are uploaded by WebSocket here.")
		if allow := got.Header.Get("Allow"); allow != "GET, HEAD" {
			t.Errorf("%s: allowed is %q", method, allow)
		}
	}
	filetest.Check(t, "these words", s.dir, "file")
	s.request(t, http.MethodGet, "/", "", http.Header{"Host": {"attacker.example"}}).check(t, 421, "!file")
	s.request(t, http.MethodGet, "/file", "", http.Header{"Host": {"attacker.example"}}).check(t, 421, "!these words")
}

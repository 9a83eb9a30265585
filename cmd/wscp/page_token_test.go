package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

func TestABrowserShowsTheTokenOnce(t *testing.T) {
	const secret = "correct+horse%26"
	dir := t.TempDir()
	s := startServer(t, "-token-file", filetest.Write(t, secret, dir, "token"))
	filetest.Write(t, "these words", s.dir, "file")
	asked := s.get(t, "/file")
	asked.check(t, 401, `type="password"`, "!these words", "!That is not the token.")
	s.get(t, "/").check(t, 401, `type="password"`, "!./file")
	s.get(t, "/missing").check(t, 401)
	s.get(t, "/.wscp-page/page.css").check(t, 200)

	enter := func(path, token string) reply {
		form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		return s.request(t, http.MethodPost, path, url.Values{"token": {token}}.Encode(), form)
	}
	for _, wrong := range []string{"", "wrong", secret + "x", strings.Repeat("x", 1<<20)} {
		got := enter("/file", wrong)
		got.check(t, 401, "That is not the token.", "!these words")
		if len(got.Cookies()) > 0 {
			t.Errorf("a cookie is given for %.20q", wrong)
		}
	}
	right := enter("//attacker.example/file", secret)
	if to := right.Header.Get("Location"); right.StatusCode != 303 || to != "./file" || len(right.Cookies()) != 1 {
		t.Fatalf("status %d, to %q, with %v", right.StatusCode, to, right.Cookies())
	}
	cookie := right.Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || strings.Contains(cookie.Value, "horse") || len(cookie.Value) < 26 {
		t.Errorf("the cookie is %v", cookie)
	}
	shown := func(value string) http.Header { return http.Header{"Cookie": {cookie.Name + "=" + value}} }
	s.request(t, http.MethodGet, "/file", "", shown(cookie.Value)).check(t, 200, "these words")
	s.request(t, http.MethodGet, "/file", "", http.Header{"Authorization": {"Bearer " + secret}}).check(t, 200, "these words")
	for _, wrong := range []string{"", "x", cookie.Value + "x", secret} {
		s.request(t, http.MethodGet, "/file", "", shown(wrong)).check(t, 401, "!these words")
	}

	connect := func(h http.Header) error {
		conn, err := dial.Dial(testContext(t), s.url+"file", stream.Standard, dial.Subprotocols(transfer.GetProtocol), dial.Header(h))
		if err == nil {
			conn.Close()
		}
		return err
	}
	if err := connect(shown(cookie.Value)); err != nil {
		t.Errorf("with the cookie: %v", err)
	}
	foreign := shown(cookie.Value)
	foreign.Set("Origin", "http://127.0.0.1:1")
	for status, h := range map[int]http.Header{401: shown("x"), 403: foreign} {
		if refused, ok := connect(h).(*dial.Error); !ok || refused.StatusCode != status {
			t.Errorf("%v: %v, want status %d", h, refused, status)
		}
	}
	s.stop()
	if log := s.log.String(); strings.Contains(log, "horse") || strings.Contains(log, cookie.Value) {
		t.Errorf("the log is %s", log)
	}
}

// Another run of the server asks again, as does another server of the same token.
func TestACookieIsOfOneRun(t *testing.T) {
	token := filetest.Write(t, "secret", t.TempDir(), "token")
	first, second := startServer(t, "-token-file", token), startServer(t, "-token-file", token)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	given := first.request(t, http.MethodPost, "/", "token=secret", form).Cookies()
	if len(given) != 1 {
		t.Fatal("no cookie is given")
	}
	port := second.url[strings.LastIndex(second.url, ":")+1 : len(second.url)-1]
	for _, name := range []string{given[0].Name, "wscp" + port} {
		second.request(t, http.MethodGet, "/", "", http.Header{"Cookie": {name + "=" + given[0].Value}}).check(t, 401)
	}
}

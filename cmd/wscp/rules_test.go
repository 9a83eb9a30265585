package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

func TestOnlyClientsWithTheTokenAreServed(t *testing.T) {
	const secret = "correct-horse.battery~staple"
	dir := t.TempDir()
	right, wrong := filetest.Write(t, secret+"\n", dir, "right"), filetest.Write(t, "another", dir, "wrong")
	s := startServer(t, "-token-file", right)
	source, copied := filetest.Write(t, "content", dir, "source"), filepath.Join(dir, "copied")

	const complaint = "the server answered 401 Unauthorized: the token is missing or wrong"
	mustFail(t, complaint, "put", source, s.url+"file")
	mustFail(t, complaint, "put", "-token-file", wrong, source, s.url+"file")
	mustFail(t, complaint, "get", "-token-file", wrong, s.url+"file", copied)
	filetest.CheckDir(t, s.dir)
	mustRun(t, "put", "-token-file", right, source, s.url+"file")
	t.Setenv(tokenVariable, secret)
	mustRun(t, "get", s.url+"file", copied)
	filetest.Check(t, "content", copied)
	mustFail(t, complaint, "get", "-token-file", wrong, s.url+"file", copied)
	mustFail(t, "the other side says", "get", s.url+"missing", copied)
	s.stop()
	if log := s.log.String(); strings.Contains(log, secret) || strings.Contains(log, "another") || !strings.Contains(log, "answered 401") {
		t.Errorf("the log is %s", log)
	}
}

func TestWhatAdmits(t *testing.T) {
	tests := []struct {
		token, field string
		want         bool
	}{
		{"", "", true},
		{"", "Bearer x", true},
		{"x", "", false},
		{"x", "x", false},
		{"x", "Bearer", false},
		{"x", "Bearer ", false},
		{"x", "Basic x", false},
		{"x", "Bearer x", true},
		{"x", "bearer  x", true},
		{"x", "Bearer X", false},
		{"x", "Bearer xx", false},
		{"x", "Bearer x y", false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", tt.field)
		if got := token(tt.token).admits(r); got != tt.want {
			t.Errorf("token %q, %q: %v", tt.token, tt.field, got)
		}
	}
}

func TestTokensThatAreNone(t *testing.T) {
	dir := t.TempDir()
	for complaint, text := range map[string]string{
		"no token":                   "\n",
		"a token is one line":        "two words",
		"a token is one line of up ": "two\nlines\n",
		"of up to 1024 letters":      strings.Repeat("x", 1025),
		"of up to 1024":              "tökén",
	} {
		file := filetest.Write(t, text, dir, "token")
		mustFail(t, complaint, "serve", "-token-file", file, dir)
		mustFail(t, complaint, "get", "-token-file", file, "ws://127.0.0.1:1/file", filepath.Join(dir, "copied"))
	}
	mustFail(t, "missing", "serve", "-token-file", filepath.Join(dir, "missing"), dir)
	t.Setenv(tokenVariable, "two words")
	mustFail(t, tokenVariable+": a token is", "serve", dir)
	t.Setenv(tokenVariable, "") // as of a command that has failed
	mustFail(t, tokenVariable+": no token", "serve", dir)
	mustFail(t, tokenVariable+": no token", "get", "ws://127.0.0.1:1/file", filepath.Join(dir, "copied"))
	file := filetest.Write(t, strings.Repeat("x", 1024)+"\r\n", dir, "token")
	if got, err := readToken(argument(file)); err != nil || len(got) != 1024 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestAServerToReadFrom(t *testing.T) {
	s := startServer(t, "-readonly")
	dir := t.TempDir()
	source, copied := filetest.Write(t, "new", dir, "source"), filepath.Join(dir, "copied")
	filetest.Write(t, "old", s.dir, "file")
	left := draft.Prefix + strings.Repeat("A", 26)
	filetest.Write(t, "", s.dir, left)
	mustFail(t, "the other side says: files can only be read here", "put", source, s.url+"file")
	mustFail(t, "the other side says: files can only be read here", "put", source, s.url+"another")
	mustRun(t, "get", s.url+"file", copied)
	filetest.Check(t, "old", copied)
	filetest.CheckDir(t, s.dir, left, "file")
}

func TestAServerThatReplacesNothing(t *testing.T) {
	s := startServer(t, "-no-overwrite")
	source := filetest.Write(t, "new", t.TempDir(), "source")
	filetest.Write(t, "old", s.dir, "file")
	mustFail(t, `the other side says: "file": file already exists`, "put", source, s.url+"file")
	filetest.Check(t, "old", s.dir, "file")

	var puts sync.WaitGroup
	var stored atomic.Int32
	for range 5 {
		puts.Go(func() {
			if status, _, _ := wscp(testContext(t), "put", source, s.url+"another"); status == 0 {
				stored.Add(1)
			}
		})
	}
	puts.Wait()
	if stored.Load() != 1 {
		t.Errorf("%d of the puts of one name have succeeded, want 1", stored.Load())
	}
	filetest.Check(t, "new", s.dir, "another")
	filetest.CheckDir(t, s.dir, "another", "file")
}

func TestAFileMayBeTooLarge(t *testing.T) {
	s := startServer(t, "-max-size", "3")
	dir := t.TempDir()
	mustRun(t, "put", filetest.Write(t, "abc", dir, "source"), s.url+"file")
	mustFail(t, `the other side says: "file": 4 B is more than the 3 B that a file may have`, "put", filetest.Write(t, "abcd", dir, "source"), s.url+"file")
	mustFail(t, "8 GiB is more than", "put", sparseFile(t, dir, "sparse"), s.url+"file")
	filetest.Check(t, "abc", s.dir, "file")
	filetest.CheckDir(t, s.dir, "file")
}

func TestConnectionsAreCounted(t *testing.T) {
	s := startServer(t, "-max-connections", "1")
	source := filetest.Write(t, "content", t.TempDir(), "source")
	conn, _ := beginPut(t, s)
	mustFail(t, "the server answered 503 Service Unavailable: there are too many connections", "put", source, s.url+"another")
	conn.Abort()
	await(t, "the place is free", func() bool {
		status, _, _ := wscp(testContext(t), "put", source, s.url+"another")
		return status == 0
	})
}

func TestNothingFromOutsideActsOnTheTerminal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "\r\n \x1b[2Jgo\u202eaway\nfor ever", http.StatusForbidden)
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "http:", "ws:", 1)
	mustFail(t, "wscp get: the server answered 403 Forbidden: [2Jgo?away\n", "get", url+"/file", filepath.Join(t.TempDir(), "copied"))
	mustFail(t, `b\x1b[2Jc`, "put", filepath.Join(t.TempDir(), "a\nb\x1b[2Jc"), url+"/file")

	var log lockedBuffer
	console{err: &log}.newLog().Print("a\nb\x1b[2J\u202ec")
	if got := log.String(); !strings.HasSuffix(got, " a?b?[2J?c\n") {
		t.Errorf("the log is %q", got)
	}
}

func TestHostsThatAServerIsNot(t *testing.T) {
	s := startServer(t, "-host", "Files.Example.com.")
	filetest.Write(t, "content", s.dir, "file")
	port := s.url[strings.LastIndex(s.url, ":"):]
	get := func(host, origin string) error {
		h := http.Header{"Host": {host}}
		if origin != "" {
			h.Set("Origin", origin)
		}
		conn, err := dial.Dial(testContext(t), s.url+"file", stream.Standard, dial.Subprotocols(transfer.GetProtocol), dial.Header(h))
		if err == nil {
			conn.Close()
		}
		return err
	}
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost.", "files.example.com"} {
		if err := get(host+port[:len(port)-1], ""); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"attacker.example", "localhost.attacker.example", "127.0.0.2", "10.0.0.1"} {
		err := get(host, "http://"+host)
		if refused, ok := err.(*dial.Error); !ok || refused.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("%s: %v, want status 421", host, err)
		}
	}
	s.awaitLog(t, "answered 421 Misdirected Request")
}

func TestServingOthersIsSaid(t *testing.T) {
	dir := t.TempDir()
	tokenFile := filetest.Write(t, "secret", dir, "token")
	source := filetest.Write(t, "content", dir, "source")
	served := filetest.MakeDir(t, dir, "served")
	for _, tt := range []struct {
		warning string
		flags   []string
	}{
		{"can read and write the files in " + served + "; -token-file has them show a token\n", nil},
		{"can read the files in", []string{"-readonly"}},
		{"", []string{"-token-file", tokenFile}},
	} {
		s := startServerAt(t, "0.0.0.0:0", served, tt.flags...)
		if got := s.log.String(); tt.warning == "" && got != "" || !strings.Contains(got, tt.warning) || strings.Count(got, "\n") > 1 {
			t.Errorf("serve %q says %q, want one line with %q", tt.flags, got, tt.warning)
		}
		if strings.Contains(s.url, "0.0.0.0") || strings.Contains(s.url, "[::]") {
			t.Errorf("the URL is %s", s.url)
		}
		if len(tt.flags) == 0 {
			mustRun(t, "put", source, s.url+"file")
		}
		s.stop()
	}
	if err := os.Remove(filepath.Join(served, "file")); err != nil {
		t.Error(err)
	}
}

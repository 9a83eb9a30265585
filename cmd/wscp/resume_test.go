//go:build unix && !aix && !solaris

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

// inHalf is how much a connection passes of the files of these tests, which are twice as long.
const inHalf = 4 << 20

// mustGoOn runs the command, which must succeed, and say that it goes on, or begins anew.
func mustGoOn(t *testing.T, what string, args ...string) {
	t.Helper()
	status, _, stderr := wscp(testContext(t), args...)
	if status != 0 || !strings.Contains(stderr, what) {
		t.Errorf("wscp %q: status %d: %q; want %q", args, status, stderr, what)
	}
}

// cutPut puts half of a file, and returns its name when the server holds what has come.
func cutPut(t *testing.T, s served, content string) (source string) {
	t.Helper()
	source = filetest.Write(t, content, t.TempDir(), "source")
	toll := startToll(t, s, inHalf, true)
	if status, _, _ := wscp(testContext(t), "put", "-continue", source, toll.url+"file"); status != 1 {
		t.Fatalf("status %d", status)
	}
	s.awaitLog(t, `wscp.put.v4 "/file": `)
	filetest.CheckDir(t, s.dir, draft.PartialName("file"))
	if n := sizeOfPartial(s.dir); n < inHalf/2 || n > inHalf {
		t.Errorf("%d bytes have come", n)
	}
	return source
}

func TestPutGoesOnWhereItHasStopped(t *testing.T) {
	s := startServer(t)
	content := filetest.Random(2 * inHalf)
	source := cutPut(t, s, content)
	rest := startToll(t, s, unlimited, false)
	mustGoOn(t, "wscp: goes on at ", "put", "-continue", source, rest.url+"file")
	if n := rest.passed.Load(); n > inHalf+inHalf/2 {
		t.Errorf("%d bytes were sent again", n)
	}
	filetest.CheckDir(t, s.dir, "file")
	filetest.Check(t, content, s.dir, "file")
}

func TestPutOfAChangedFileBeginsAnew(t *testing.T) {
	s := startServer(t)
	source := cutPut(t, s, filetest.Random(2*inHalf))
	for _, content := range []string{filetest.Random(2*inHalf + 1), "shorter"} {
		filetest.Write(t, content, source)
		mustGoOn(t, "begins anew", "put", "-continue", source, s.url+"file")
		filetest.CheckDir(t, s.dir, "file")
		filetest.Check(t, content, s.dir, "file")
		if err := os.Remove(filepath.Join(s.dir, "file")); err != nil {
			t.Fatal(err)
		}
		filetest.Write(t, "something that is not of it", s.dir, draft.PartialName("file"))
	}
}

// A file may change, or be replaced, until it is sent again.
func TestPutThatRetriesSendsTheFileThatIsThere(t *testing.T) {
	s := startServer(t)
	source := filetest.Write(t, filetest.Random(2*inHalf), t.TempDir(), "source")
	content := filetest.Random(2*inHalf + 1)
	changes := map[string]func(){
		"changed":  func() { filetest.Write(t, content, source) },
		"replaced": func() { os.Rename(filetest.Write(t, content, filepath.Dir(source), "new"), source) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			toll := startToll(t, s, inHalf, true)
			toll.between.Store(&change)
			mustGoOn(t, "begins anew", "put", "-retry", "30s", source, toll.url+name)
			filetest.Check(t, content, s.dir, name)
			content = filetest.Random(2*inHalf + 2)
		})
	}
}

func TestGetGoesOnWhereItHasStopped(t *testing.T) {
	s := startServer(t)
	content := filetest.Random(2 * inHalf)
	filetest.Write(t, content, s.dir, "file")
	dir := t.TempDir()
	copied := filepath.Join(dir, "copied")
	for _, tt := range []struct {
		says   string
		change func()
	}{
		{"goes on at ", func() {}},
		{"begins anew", func() { content = filetest.Random(2*inHalf + 1); filetest.Write(t, content, s.dir, "file") }},
	} {
		toll := startToll(t, s, inHalf, true)
		if status, _, _ := wscp(testContext(t), "get", "-continue", toll.url+"file", copied); status != 1 {
			t.Fatalf("status %d", status)
		}
		filetest.CheckDir(t, dir, draft.PartialName("copied"))
		tt.change()
		mustGoOn(t, tt.says, "get", "-continue", s.url+"file", copied)
		filetest.CheckDir(t, dir, "copied")
		filetest.Check(t, content, copied)
		if err := os.Remove(copied); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRetryGoesOnByItself(t *testing.T) {
	s := startServer(t)
	content := filetest.Random(2 * inHalf)
	source, copied := filetest.Write(t, content, t.TempDir(), "source"), filepath.Join(t.TempDir(), "copied")
	mustGoOn(t, "goes on at ", "put", "-retry", "30s", source, startToll(t, s, inHalf, true).url+"file")
	filetest.Check(t, content, s.dir, "file")
	mustGoOn(t, "goes on at ", "get", "-retry", "30s", startToll(t, s, inHalf, true).url+"file", copied)
	filetest.Check(t, content, copied)
	filetest.CheckDir(t, s.dir, "file")

	s.stop()
	status, _, stderr := wscp(testContext(t), "put", "-retry", "1s", source, s.url+"file")
	if status != 1 || !strings.Contains(stderr, "; again in ") || !strings.Contains(stderr, "given up after 1s") {
		t.Errorf("status %d, %q", status, stderr)
	}
}

func TestWhatCannotSucceedIsNotRetried(t *testing.T) {
	s := startServer(t, "-readonly")
	dir := t.TempDir()
	source := filetest.Write(t, "content", dir, "source")
	mustFail(t, "can only be read here", "put", "-retry", "1h", source, s.url+"file")
	mustFail(t, "the other side says", "get", "-retry", "1h", s.url+"missing", filepath.Join(dir, "copied"))
	mustFail(t, "missing", "put", "-retry", "1h", filepath.Join(dir, "missing"), s.url+"file")
	mustFail(t, "scheme", "put", "-retry", "1h", source, "nonsense://host/file")
	guarded := startServer(t, "-token-file", filetest.Write(t, "secret", dir, "token"))
	mustFail(t, "401", "put", "-retry", "1h", source, guarded.url+"file")
}

func TestWhatWaitsToBeContinued(t *testing.T) {
	s := startServer(t)
	source := cutPut(t, s, filetest.Random(2*inHalf))
	hidden := s.url + draft.PartialName("file")
	mustFail(t, "are for files that are not whole", "get", hidden, filepath.Join(t.TempDir(), "copied"))
	mustFail(t, "are for files that are not whole", "put", source, hidden)
	mustFail(t, "are for files that are not whole", "put", source, s.url+".wscp-dir/file")

	// A put that does not continue leaves it alone.
	mustRun(t, "put", source, s.url+"file")
	filetest.CheckDir(t, s.dir, draft.PartialName("file"), "file")
	s.stop()

	yesterday := time.Now().Add(-24*time.Hour - time.Minute)
	old := filetest.Write(t, "", s.dir, draft.PartialName("old"))
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	again := startServerAt(t, "127.0.0.1:0", s.dir)
	again.awaitLog(t, "was left behind, and is removed")
	filetest.CheckDir(t, s.dir, draft.PartialName("file"), "file")
}

func TestALinkIsNotContinued(t *testing.T) {
	s := startServer(t)
	filetest.Write(t, "content", s.dir, "other")
	if err := os.Symlink("other", filepath.Join(s.dir, draft.PartialName("file"))); err != nil {
		t.Fatal(err)
	}
	source := filetest.Write(t, "content", t.TempDir(), "source")
	mustFail(t, "not a regular file", "put", "-continue", source, s.url+"file")
	filetest.Check(t, "content", s.dir, "other")
	mustRun(t, "put", source, s.url+"file")
}

func TestOneTransferOfANameContinues(t *testing.T) {
	s := startServer(t)
	c := dialFor(t, s.url+"file", transfer.PutProtocol)
	if err := told(`{"continue": true}`)(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	have, err := hear(testContext(t), c)
	if err != nil || have.Offset != 0 {
		t.Fatalf("%v, %v", have, err)
	}
	source := filetest.Write(t, "content", t.TempDir(), "source")
	mustFail(t, "another transfer of this name that can be continued is under way", "put", "-continue", source, s.url+"file")
	mustRun(t, "put", source, s.url+"file")
	if err := told(`{"length": 3}`, abc, sumOf(abc))(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	if _, err := hear(testContext(t), c); err != nil {
		t.Fatal(err)
	}
	filetest.CheckDir(t, s.dir, "file")
	filetest.Check(t, "abc", s.dir, "file")
}

func TestAnOffsetThatCannotBeIsRefused(t *testing.T) {
	s := startServer(t)
	filetest.Write(t, "abcdef", s.dir, draft.PartialName("file"))
	for _, offset := range []string{"3", "7", "-1"} {
		c := dialFor(t, s.url+"file", transfer.PutProtocol)
		told(`{"continue": true}`, `{"length": 6, "offset": `+offset+`}`, abc, sumOf(abc))(testContext(t), c)
		have, err := hear(testContext(t), c)
		if err != nil || have.Offset != 6 {
			t.Fatalf("%v, %v", have, err)
		}
		_, err = hear(testContext(t), c)
		if stream.CloseCode(err) != closecode.InternalError {
			t.Errorf("%s: %v", offset, err)
		}
		filetest.Check(t, "abcdef", s.dir, draft.PartialName("file"))
	}
}

// Bytes that a disk has no room for, or that are not those of the file, are of no use.
func TestWhatIsSpoiledIsNotKept(t *testing.T) {
	s := startServer(t)
	for _, tell := range [][]any{
		{`{"continue": true}`, `{"length": 3}`, abc, sumOf([]byte("abd"))},
		{`{"continue": true}`, `{"length": 2}`, abc, sumOf(abc)},
	} {
		c := dialFor(t, s.url+"file", transfer.PutProtocol)
		told(tell...)(testContext(t), c)
		for {
			msg, err := c.Receive(testContext(t))
			if err != nil {
				break
			}
			io.Copy(io.Discard, msg)
		}
		await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
		filetest.CheckDir(t, s.dir)
	}
}

// testKilled kills each end in the middle of a put that is continued then, or interrupts it.
func testKilled(t *testing.T, name string) {
	dir := t.TempDir()
	content := filetest.Random(2 * inHalf)
	source := filetest.Write(t, content, t.TempDir(), "source")
	for _, killed := range []string{"client", "server", "nobody"} {
		url, server := startProcess(t, dir, name)
		toll := startToll(t, served{url: url}, inHalf, false)
		client := start(t, name, "put", "-continue", source, toll.url+killed)
		await(t, "half of it is there", func() bool { return sizeOfPartial(dir) >= inHalf/2 })
		victim := client.Process
		if killed == "server" {
			victim = server.Process
		}
		if killed == "nobody" {
			client.checkSignal(t, syscall.SIGINT, "wscp put: interrupted\n")
		} else if err := victim.Kill(); err != nil {
			t.Fatal(err)
		}
		if killed == "server" {
			server.Wait()
			url, _ = startProcess(t, dir, name)
		}
		client.Process.Kill()
		client.Wait()
		toll.drop()
		await(t, "it goes on", func() bool { // once the server knows that the client is gone
			status, _, stderr := wscp(testContext(t), "put", "-continue", source, url+killed)
			return status == 0 && strings.Contains(stderr, "goes on at ")
		})
		filetest.Check(t, content, dir, killed)
	}
	filetest.CheckDir(t, dir, "client", "nobody", "server")
}

// testRestart restarts the server under a put that retries.
func testRestart(t *testing.T, name string) {
	dir := t.TempDir()
	content := filetest.Random(2 * inHalf)
	source := filetest.Write(t, content, t.TempDir(), "source")
	url, server := startProcess(t, dir, name)
	toll := startToll(t, served{url: url}, inHalf, false)
	client := start(t, name, "put", "-retry", "1m", source, toll.url+"file")
	await(t, "half of it is there", func() bool { return sizeOfPartial(dir) >= inHalf/2 })
	server.Process.Kill()
	server.Wait()
	address := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/")
	again := start(t, name, "serve", "-addr", address, dir)
	defer func() {
		again.Process.Kill()
		again.Wait()
	}()
	toll.drop()
	if err := client.Wait(); err != nil || !strings.Contains(client.stderr.String(), "goes on at") {
		t.Errorf("%v: %s", err, &client.stderr)
	}
	filetest.Check(t, content, dir, "file")
	filetest.CheckDir(t, dir, "file")
}

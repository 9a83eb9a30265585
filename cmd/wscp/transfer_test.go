package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// sparseFile makes a file that takes long to transfer, and no room on the disk.
func sparseFile(t *testing.T, path ...string) (name string) {
	t.Helper()
	name = filetest.Write(t, "", path...)
	if err := os.Truncate(name, 8<<30); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPutAndGetKeepEveryByte(t *testing.T) {
	s := startServer(t)
	dir := t.TempDir()
	for _, n := range []int{0, 1, 125, 126, 65535, 65536, 262144, 1<<20 + 1, 5<<20 + 7} {
		want := filetest.Random(n)
		source, copied := filetest.Write(t, want, dir, "source"), filepath.Join(dir, "copied")
		if got := mustRun(t, "put", source, s.url+"file"); !strings.HasPrefix(got, "put ") || !strings.Contains(got, size.Bytes(n).String()) {
			t.Errorf("put printed %q", got)
		}
		filetest.Check(t, want, s.dir, "file")
		if got := mustRun(t, "get", s.url+"file", copied); !strings.HasPrefix(got, "get ") || !strings.Contains(got, size.Bytes(n).String()) {
			t.Errorf("get printed %q", got)
		}
		filetest.Check(t, want, copied)
	}
	filetest.CheckDir(t, s.dir, "file")
	filetest.CheckDir(t, dir, "copied", "source")
}

func TestNamesThatAreFine(t *testing.T) {
	s := startServer(t)
	filetest.MakeDir(t, s.dir, "a", "b")
	source, copied := filetest.Write(t, "content", t.TempDir(), "source"), filepath.Join(t.TempDir(), "copied")
	for path, name := range map[string]string{
		"a/b/file":               "a/b/file",
		"a/two%20words":          "a/two words",
		"%2e%2efile":             "..file",
		".hidden":                ".hidden",
		"100%25":                 "100%",
		"%E2%82%AC":              "€",
		strings.Repeat("n", 200): strings.Repeat("n", 200),
	} {
		mustRun(t, "put", source, s.url+path)
		filetest.Check(t, "content", s.dir, filepath.FromSlash(name))
		mustRun(t, "get", s.url+path, copied)
		filetest.Check(t, "content", copied)
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	outside := t.TempDir()
	secret := filetest.Write(t, "secret", outside, "secret")
	s := startServer(t)
	filetest.Write(t, "inside", s.dir, "inside")
	filetest.MakeDir(t, s.dir, "folder")
	if runtime.GOOS != "windows" { // where it needs a privilege
		for name, target := range map[string]string{
			"file-link": secret, "folder-link": outside, "up-link": filepath.Join("..", filepath.Base(outside)),
		} {
			if err := os.Symlink(target, filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := filetest.List(t, s.dir)
	dir := t.TempDir()
	source, copied := filetest.Write(t, "content", dir, "source"), filepath.Join(dir, "copied")

	base := filepath.Base(outside)
	for _, name := range []string{
		".", "..", "../" + base + "/secret", "%2e%2e/" + base + "/secret", "..%2f" + base + "%2fsecret", "folder/../inside", "./inside", "folder//x",
		secret, "/" + secret, "a%00b", "%ff", "a%0ab", "a%1b%5b2Jb", "a%7f", "%c2%85", draft.Prefix + "x", "folder/" + draft.Prefix + "x", strings.ToUpper(draft.Prefix) + "x", ".w%c5%bfcp-x",
		"folder", "inside/x", "no-folder/x", strings.Repeat("n", 300),
		"file-link", "folder-link/secret", "folder-link/new", "up-link/secret", "up-link/new", "folder-link",
	} {
		if runtime.GOOS == "windows" && strings.Contains(name, "link") {
			continue
		}
		mustFail(t, "the other side says: ", "get", s.url+name, copied)
		mustFail(t, "the other side says: ", "put", source, s.url+name)
	}
	if got := filetest.List(t, s.dir); !slices.Equal(got, before) {
		t.Errorf("the server has %q, before it had %q", got, before)
	}
	filetest.Check(t, "inside", s.dir, "inside")
	filetest.CheckDir(t, filepath.Join(s.dir, "folder"))
	filetest.CheckDir(t, outside, "secret")
	filetest.Check(t, "secret", secret)
	filetest.CheckDir(t, dir, "source")
}

func TestWhatCannotBeDoneIsSaidClearly(t *testing.T) {
	s := startServer(t)
	dir := t.TempDir()
	filetest.MakeDir(t, dir, "folder")
	source := filetest.Write(t, "content", dir, "source")
	filetest.Write(t, "inside", s.dir, "inside")

	mustFail(t, `the other side says: "missing":`, "get", s.url+"missing", filepath.Join(dir, "copied"))
	mustFail(t, `missing":`, "put", filepath.Join(dir, "missing"), s.url+"file")
	mustFail(t, `folder": is a directory`, "put", filepath.Join(dir, "folder"), s.url+"file")
	filetest.MakeDir(t, dir, "folder", "inside")
	mustFail(t, `inside": not a regular file`, "get", s.url+"inside", filepath.Join(dir, "folder"))
	mustFail(t, `no-folder/": not a regular file`, "get", s.url+"inside", filepath.Join(dir, "no-folder")+"/")
	mustFail(t, "no-folder", "get", s.url+"inside", filepath.Join(dir, "no-folder", "copied"))
	mustFail(t, "no-folder", "serve", filepath.Join(dir, "no-folder"))
	mustFail(t, "source", "serve", source)
	mustFail(t, "address", "serve", "-addr", "nonsense", dir)
	mustFail(t, "missing", "serve", "-cert", filepath.Join(dir, "missing"), "-key", source, dir)
	mustFail(t, "nonsense", "put", source, "nonsense://example.com/file")
	httpURL := strings.Replace(s.url, "ws:", "http:", 1)
	mustRun(t, "get", httpURL+"inside", filepath.Join(dir, "copied"))
	sparseFile(t, s.dir, "sparse") // of which nothing is fetched in vain
	s.stop()
	mustFail(t, "connecting to", "put", source, s.url+"file")
	filetest.CheckDir(t, dir, "copied", "folder", "source")
	filetest.CheckDir(t, s.dir, "inside", "sparse")
}

func TestLaterPutReplaces(t *testing.T) {
	s := startServer(t)
	source, copied := filetest.Write(t, "new", t.TempDir(), "source"), filetest.Write(t, "old", t.TempDir(), "copied")
	filetest.Write(t, "something longer", s.dir, "file")
	mustRun(t, "put", source, s.url+"file")
	filetest.Check(t, "new", s.dir, "file")
	mustRun(t, "get", s.url+"file", copied)
	filetest.Check(t, "new", copied)
}

func TestSimultaneousPutsOfOneNameDoNotMix(t *testing.T) {
	s := startServer(t)
	var contents []string
	var puts sync.WaitGroup
	for i := range 5 {
		contents = append(contents, filetest.Random(1<<20+i))
		source := filetest.Write(t, contents[i], t.TempDir(), "source")
		puts.Go(func() { mustRun(t, "put", source, s.url+"file") })
	}
	puts.Wait()
	filetest.CheckDir(t, s.dir, "file")
	got, err := os.ReadFile(filepath.Join(s.dir, "file"))
	if err != nil || !slices.Contains(contents, string(got)) {
		t.Errorf("the file is none of those that were sent: %d bytes, %v", len(got), err)
	}
}

// beginPut sends a part of a message to a server, which has begun to write it when beginPut returns.
func beginPut(t *testing.T, s served) (*stream.Conn[*stream.Reader], *stream.Writer) {
	t.Helper()
	conn, err := dial.Dial(testContext(t), s.url+"file", stream.Standard, dial.Subprotocols(transfer.PutProtocol))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	if err := told(`{}`, `{"length": 2000000}`)(testContext(t), conn); err != nil {
		t.Fatal(err)
	}
	w, err := conn.NewWriter(testContext(t), opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, filetest.Random(1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	await(t, "the server writes", func() bool { return underWay(s.dir) })
	return conn, w
}

func TestPutThatIsCutLeavesNothing(t *testing.T) {
	tests := []struct {
		name string
		cut  func(context.Context, *stream.Conn[*stream.Reader], *stream.Writer)
	}{
		{"lost", func(_ context.Context, c *stream.Conn[*stream.Reader], _ *stream.Writer) { c.Abort() }},
		{"closed", func(_ context.Context, c *stream.Conn[*stream.Reader], _ *stream.Writer) { c.Close() }},
		{"aborted", func(_ context.Context, _ *stream.Conn[*stream.Reader], w *stream.Writer) { w.Abort() }},
		{"shut down", func(ctx context.Context, c *stream.Conn[*stream.Reader], _ *stream.Writer) {
			c.Shutdown(ctx, closecode.NormalClosure, "")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := startServer(t)
			filetest.Write(t, "old", s.dir, "file")
			conn, w := beginPut(t, s)
			tt.cut(testContext(t), conn, w)
			await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
			filetest.CheckDir(t, s.dir, "file")
			filetest.Check(t, "old", s.dir, "file")
			s.awaitLog(t, "/file")
			if strings.Contains(s.log.String(), "done") {
				t.Errorf("the server takes it for whole: %s", s.log)
			}
		})
	}
}

// script is a server that does what a test tells it.
func script(t *testing.T, subprotocol string, serve func(context.Context, *stream.Conn[*stream.Reader]) error) (url string) {
	server := httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		return serve(r.Context(), conn)
	}, listen.Subprotocols(subprotocol)))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http:", "ws:", 1) + "/file"
}

// half announces a file, and sends a part of it.
func half(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
	if err := conn.WriteText(ctx, `{"length": 2000000}`); err != nil {
		return err
	}
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, filetest.Random(1000000)); err != nil {
		return err
	}
	return w.Flush()
}

func TestGetThatIsCutLeavesNothing(t *testing.T) {
	end := func(code closecode.Code, reason string) func(context.Context, *stream.Conn[*stream.Reader]) {
		return func(ctx context.Context, c *stream.Conn[*stream.Reader]) { c.Shutdown(ctx, code, reason) }
	}
	tests := []struct {
		complaint string
		begin     func(context.Context, *stream.Conn[*stream.Reader]) error
		end       func(context.Context, *stream.Conn[*stream.Reader])
	}{
		{"connection lost", half, func(_ context.Context, c *stream.Conn[*stream.Reader]) { c.Abort() }},
		{"cut short", half, end(closecode.NormalClosure, "")},
		{"cut short", half, end(closecode.NoStatus, "")},
		{"the other side says: disk?on fire", half, end(closecode.InternalError, "disk\x1bon fire")},
		{"1000", nil, end(closecode.NormalClosure, "")},
	}
	for _, tt := range tests {
		url := script(t, transfer.GetProtocol, func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
			if _, err := hear(ctx, conn); err != nil {
				return err
			}
			if tt.begin != nil {
				if err := tt.begin(ctx, conn); err != nil {
					return err
				}
			}
			tt.end(ctx, conn)
			return nil
		})
		dir := t.TempDir()
		copied := filetest.Write(t, "old", dir, "copied")
		mustFail(t, tt.complaint, "get", url, copied)
		filetest.CheckDir(t, dir, "copied")
		filetest.Check(t, "old", copied)
	}
}

func TestPutIsDoneOnlyWhenTheServerSaysSo(t *testing.T) {
	source := filetest.Write(t, filetest.Random(100000), t.TempDir(), "source")
	tests := []struct {
		complaint string
		answer    func(context.Context, *stream.Conn[*stream.Reader]) error
	}{
		{"connection lost", func(_ context.Context, c *stream.Conn[*stream.Reader]) error { return c.Abort() }},
		{"the other side was interrupted", func(ctx context.Context, c *stream.Conn[*stream.Reader]) error {
			return c.Shutdown(ctx, closecode.GoingAway, "")
		}},
		{"the other side says: no", func(ctx context.Context, c *stream.Conn[*stream.Reader]) error {
			return c.Shutdown(ctx, closecode.PolicyViolation, "no")
		}},
		{"waiting for the other side's receipt", func(ctx context.Context, c *stream.Conn[*stream.Reader]) error {
			return c.WriteText(ctx, "thank you")
		}},
		{"the other side has stored another file", func(ctx context.Context, c *stream.Conn[*stream.Reader]) error {
			return c.WriteText(ctx, `{"sha256": "`+strings.Repeat("0", 64)+`"}`)
		}},
		{"has closed without saying that it has all", func(ctx context.Context, c *stream.Conn[*stream.Reader]) error {
			return c.Shutdown(ctx, closecode.NormalClosure, "")
		}},
	}
	for _, tt := range tests {
		url := script(t, transfer.PutProtocol, func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
			e, err := receivePut(ctx, conn)
			if err != nil {
				return err
			}
			if err := receiveAll(ctx, conn, e, io.Discard); err != nil {
				return err
			}
			return tt.answer(ctx, conn)
		})
		mustFail(t, tt.complaint, "put", source, url)
	}
}

func TestServersThatAreNotWscp(t *testing.T) {
	source := filetest.Write(t, "content", t.TempDir(), "source")
	url := script(t, "chat", func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error { return nil })
	mustFail(t, "does not speak "+transfer.PutProtocol, "put", source, url)
	mustFail(t, "does not speak "+transfer.GetProtocol, "get", url, filepath.Join(t.TempDir(), "copied"))
}

func TestClientsThatAreNotWscp(t *testing.T) {
	s := startServer(t)
	conn, err := dial.Dial(testContext(t), s.url+"file", stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Receive(testContext(t))
	if closed, ok := err.(*stream.CloseError); !ok || closed.Code != closecode.PolicyViolation || !strings.Contains(closed.Reason, transfer.PutProtocol) {
		t.Errorf("error is %v, want a CloseError with code 1008 and a reason", err)
	}
}

func TestBrowsersGetFiles(t *testing.T) {
	s := startServer(t)
	filetest.Write(t, "content", s.dir, "file")
	response, err := http.Get(strings.Replace(s.url, "ws:", "http:", 1) + "file")
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || string(text) != "content" {
		t.Errorf("status %d, %q, %v", response.StatusCode, text, err)
	}
}

// interrupted runs the command, interrupts it as soon as something is under way, and checks that it says so.
func interrupted(t *testing.T, begun func() bool, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	var status int
	var stdout, stderr string
	done := make(chan struct{})
	go func() {
		defer close(done)
		status, stdout, stderr = wscp(ctx, args...)
	}()
	await(t, "something is under way", begun)
	cancel()
	<-done
	if want := fmt.Sprintf("wscp %s: interrupted\n", args[0]); status != 1 || stdout != "" || stderr != want {
		t.Errorf("status %d, output %q, complaint %q; want status 1 and %q", status, stdout, stderr, want)
	}
}

func TestInterruptedPutLeavesNothing(t *testing.T) {
	s := startServer(t)
	filetest.Write(t, "old", s.dir, "file")
	source := sparseFile(t, t.TempDir(), "source")
	interrupted(t, func() bool { return underWay(s.dir) }, "put", source, s.url+"file")
	await(t, "the server has cleaned up", func() bool { return !partial(s.dir) })
	filetest.CheckDir(t, s.dir, "file")
	filetest.Check(t, "old", s.dir, "file")
	s.awaitLog(t, "the other side was interrupted")
}

func TestInterruptedGetLeavesNothing(t *testing.T) {
	s := startServer(t)
	sparseFile(t, s.dir, "file")
	dir := t.TempDir()
	copied := filetest.Write(t, "old", dir, "copied")
	interrupted(t, func() bool { return underWay(dir) }, "get", s.url+"file", copied)
	filetest.CheckDir(t, dir, "copied")
	filetest.Check(t, "old", copied)
	s.awaitLog(t, "the other side was interrupted")
}

func TestInterruptedServerLeavesNothing(t *testing.T) {
	s := startServer(t)
	sparseFile(t, s.dir, "sparse")
	dir := t.TempDir()
	source := sparseFile(t, t.TempDir(), "source")
	var clients sync.WaitGroup
	clients.Go(func() { mustFail(t, "the other side was interrupted", "put", source, s.url+"file") })
	clients.Go(func() {
		mustFail(t, "the other side was interrupted", "get", s.url+"sparse", filepath.Join(dir, "copied"))
	})
	await(t, "both are under way", func() bool { return underWay(s.dir) && underWay(dir) })
	if status := s.stop(); status != 0 {
		t.Errorf("status %d", status)
	}
	filetest.CheckDir(t, s.dir, "sparse")
	clients.Wait()
	filetest.CheckDir(t, dir)
}

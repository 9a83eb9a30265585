package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	if os.Getenv("UPLOAD_IS_THE_PROGRAM") != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// serveFiles serves uploads to a new directory until the test ends.
func serveFiles(t *testing.T, max int64, opts ...listen.Option) (url, dir string, mux *http.ServeMux) {
	t.Helper()
	dir = t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	var group listen.Group
	mux = http.NewServeMux()
	mux.Handle("/", store{root, max}.handler(append(opts, listen.Join(&group))...))
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		server.Close()
		if err := group.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		root.Close()
	})
	return server.URL, dir, mux
}

// open begins an upload, as the page does.
func open(t *testing.T, server, name string) *stream.Conn[stream.Message] {
	t.Helper()
	conn, err := dial.Dial(testContext(t), server+"/upload?name="+url.QueryEscape(name), stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// send sends content as browsers send a file: in fragments.
func send(t *testing.T, conn *stream.Conn[stream.Message], content string) {
	t.Helper()
	w, err := conn.NewWriter(testContext(t), opcode.Binary, stream.FragmentSize(64<<10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(content); err == nil {
		w.Close()
	}
}

func wantText(t *testing.T, conn *stream.Conn[stream.Message], want string) {
	t.Helper()
	msg, err := conn.Receive(testContext(t))
	if err != nil || msg.String() != want {
		t.Fatalf("got %q, %v; want %q", msg, err, want)
	}
}

func wantClose(t *testing.T, conn *stream.Conn[stream.Message], code closecode.Code, reason string) {
	t.Helper()
	_, err := conn.Receive(testContext(t))
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
		t.Errorf("the end is %v; want %d and %q", err, uint16(code), reason)
	}
}

// awaitFiles waits until the directory has the files and no others, by name and content.
func awaitFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	ctx := testContext(t)
	for ; ; time.Sleep(time.Millisecond) {
		got := make(map[string]string)
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			got[filepath.Base(name)] = string(content)
		}
		same := len(got) == len(want)
		for name, content := range want {
			same = same && got[name] == content
		}
		if same {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the directory has %d files, want %d, or their content differs", len(got), len(want))
		}
	}
}

func TestThePageIsServed(t *testing.T) {
	server, _, _ := serveFiles(t, 1)
	for path, contentType := range map[string]string{"/": "text/html", "/upload.js": "text/javascript"} {
		response, err := http.Get(server + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(got, contentType) {
			t.Errorf("%s: %s, %s", path, response.Status, got)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestAFileIsStored(t *testing.T) {
	server, dir, _ := serveFiles(t, 1<<20)
	want := map[string]string{"empty": "", "größe.txt": "content", "a b": strings.Repeat("0123456789abcdef", 1<<16)}
	for name, content := range want {
		conn := open(t, server, name)
		wantText(t, conn, "1048576")
		send(t, conn, content)
		msg, err := conn.Receive(testContext(t))
		if err != nil || !strings.HasSuffix(msg.String(), "bytes are stored") {
			t.Errorf("%s: %q, %v", name, msg, err)
		}
		wantClose(t, conn, closecode.NormalClosure, "")
	}
	awaitFiles(t, dir, want)
}

func TestNamesThatAreRefused(t *testing.T) {
	server, dir, _ := serveFiles(t, 100)
	if err := os.WriteFile(filepath.Join(dir, "old"), []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../up", "/etc/passwd", `..\up`, `C:\file`, ".hidden", "a/b", strings.Repeat("x", 201)} {
		wantClose(t, open(t, server, name), closecode.PolicyViolation, errName.Error())
	}
	wantClose(t, open(t, server, "old"), closecode.PolicyViolation, errTaken.Error())
	awaitFiles(t, dir, map[string]string{"old": "old"})
}

func TestTheFirstOfTwoUploadsWins(t *testing.T) {
	server, dir, _ := serveFiles(t, 100)
	first, second := open(t, server, "file"), open(t, server, "file")
	wantText(t, first, "100")
	wantText(t, second, "100")
	send(t, first, "first")
	wantText(t, first, "5 bytes are stored")
	send(t, second, "second")
	wantClose(t, second, closecode.PolicyViolation, errTaken.Error())
	awaitFiles(t, dir, map[string]string{"file": "first"})
}

func TestWhatIsNotAFileOfTheSizeIsNotStored(t *testing.T) {
	server, dir, _ := serveFiles(t, 100)
	large := open(t, server, "large")
	wantText(t, large, "100")
	send(t, large, strings.Repeat("x", 101))
	wantClose(t, large, closecode.MessageTooBig, "message is larger than 100 bytes")

	text := open(t, server, "text")
	wantText(t, text, "100")
	if err := text.WriteText(testContext(t), "text"); err != nil {
		t.Fatal(err)
	}
	wantClose(t, text, closecode.UnsupportedData, "a file is a binary message")
	awaitFiles(t, dir, nil)
}

func TestAnUploadThatIsCutLeavesNothing(t *testing.T) {
	failed := make(chan error, 1)
	server, dir, _ := serveFiles(t, 1<<20, listen.OnError(func(_ *http.Request, err error) { failed <- err }))
	conn := open(t, server, "file")
	wantText(t, conn, "1048576")
	w, err := conn.NewWriter(testContext(t), opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("half"); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := <-failed; err == nil {
		t.Error("the server did not notice")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%v, %v are left", entries, err)
	}
}

func TestTheProgramEndsInOrder(t *testing.T) {
	ctx, stop := context.WithCancel(testContext(t))
	stop()
	if err := run(ctx, "localhost:0", filepath.Join(t.TempDir(), "new"), 1); err != nil {
		t.Error(err)
	}
	if err := run(ctx, "no address", t.TempDir(), 1); err == nil {
		t.Error("it listens nowhere, and does not say so")
	}
}

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serveStore serves an empty directory, and returns the URL and the directory. With end, the server waits for its connections.
func serveStore(t *testing.T) (url string, dir *os.Root, end func()) {
	dir, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	var group listen.Group
	server := httptest.NewServer(store{dir}.handler("", listen.Join(&group)))
	t.Cleanup(server.Close)
	return server.URL, dir, func() {
		if err := group.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileGoesThereAndBack(t *testing.T) {
	url, _, end := serveStore(t)
	defer end()
	data := bytes.Repeat([]byte("data"), 50_000)
	conn, err := dial.Dial(t.Context(), url+"/upload?name=a", stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteText(t.Context(), strconv.Itoa(len(data))); err != nil {
		t.Fatal(err)
	}
	for p := range bytes.Lines(bytes.ReplaceAll(data, []byte("dd"), []byte("d\nd"))) {
		if err := conn.WriteBinary(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if msg, err := conn.Receive(t.Context()); err != nil || string(msg.Data) != "200000 bytes are stored" {
		t.Errorf("the server says %q (%v)", msg.Data, err)
	}

	down, err := dial.Dial(t.Context(), url+"/download?name=a", stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	defer down.Close()
	var got []byte
	for msg, err := range down.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, msg.Data...)
	}
	if want := "200000" + string(data); string(got) != want {
		t.Errorf("%d bytes have come", len(got))
	}
}

func TestAnUploadThatIsCutLeavesNothing(t *testing.T) {
	url, dir, end := serveStore(t)
	conn, err := dial.Dial(t.Context(), url+"/upload?name=a", stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(conn.WriteText(t.Context(), "10"), conn.WriteBinary(t.Context(), []byte("half"))); err != nil {
		t.Fatal(err)
	}
	if err := conn.Shutdown(t.Context(), closecode.NormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	end()
	if _, err := dir.Stat("a"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

// A file has its name only once it is whole, so that nobody gets half of it, also if this program is killed.
func TestAFileHasItsNameOnceItIsWhole(t *testing.T) {
	url, dir, end := serveStore(t)
	defer end()
	conn, err := dial.Dial(t.Context(), url+"/upload?name=a", stream.Simple)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := errors.Join(conn.WriteText(t.Context(), "10"), conn.WriteBinary(t.Context(), []byte("half-"))); err != nil {
		t.Fatal(err)
	}
	awaitFiles(t, dir, 1)
	if got := names(t, dir); len(got) != 1 || got[0] == "a" {
		t.Errorf("the files are %q", got)
	}
	if err := conn.WriteBinary(t.Context(), []byte("whole")); err != nil {
		t.Fatal(err)
	}
	if msg, err := conn.Receive(t.Context()); err != nil || string(msg.Data) != "10 bytes are stored" {
		t.Errorf("the server says %q (%v)", msg.Data, err)
	}
	conn.Close()
	end()
	if got, err := dir.ReadFile("a"); err != nil || string(got) != "half-whole" {
		t.Errorf("stored is %q, %v", got, err)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("the files are %q", got)
	}
}

func TestOfTwoUploadsOfANameTheFirstThatIsWholeHasIt(t *testing.T) {
	url, dir, end := serveStore(t)
	defer end()
	var conns []*stream.Conn[stream.Message]
	for range 2 {
		conn, err := dial.Dial(t.Context(), url+"/upload?name=a", stream.Simple)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.WriteText(t.Context(), "5"); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	awaitFiles(t, dir, 2)
	if err := conns[0].WriteBinary(t.Context(), []byte("first")); err != nil {
		t.Fatal(err)
	}
	if msg, err := conns[0].Receive(t.Context()); err != nil || string(msg.Data) != "5 bytes are stored" {
		t.Errorf("the server says %q (%v)", msg.Data, err)
	}
	if err := conns[1].WriteBinary(t.Context(), []byte("later")); err != nil {
		t.Fatal(err)
	}
	if _, err := conns[1].Receive(t.Context()); stream.CloseCode(err) != closecode.PolicyViolation {
		t.Errorf("the end of the other is %v, want 1008", err)
	}
	if got, err := dir.ReadFile("a"); err != nil || string(got) != "first" {
		t.Errorf("stored is %q, %v", got, err)
	}
}

// awaitFiles waits until there are n files in dir.
func awaitFiles(t *testing.T, dir *os.Root, n int) {
	t.Helper()
	for late := time.Now().Add(time.Minute); len(names(t, dir)) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("the files are %q; want %d", names(t, dir), n)
		}
	}
}

// names returns the names of the files in dir.
func names(t *testing.T, dir *os.Root) (names []string) {
	t.Helper()
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWhatIsNotOfItsSizeIsNotStored(t *testing.T) {
	for _, size := range []string{"-1", "", "ten", "9223372036854775808", "3"} {
		url, dir, end := serveStore(t)
		conn, err := dial.Dial(t.Context(), url+"/upload?name=a", stream.Simple)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.WriteText(t.Context(), size), conn.WriteBinary(t.Context(), []byte("four"))); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Receive(t.Context()); stream.CloseCode(err) != closecode.PolicyViolation {
			t.Errorf("%q: the end is %v, want 1008", size, err)
		}
		conn.Close()
		end()
		if got := names(t, dir); len(got) > 0 {
			t.Errorf("%q: the files are %q", size, got)
		}
	}
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	url, _, end := serveStore(t)
	defer end()
	for _, path := range []string{"/upload?name=../a", "/upload", "/upload?name=.a", "/upload?name=none/a", "/download?name=../a", "/download?name=none"} {
		conn, err := dial.Dial(t.Context(), url+path, stream.Simple)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path, "/upload") {
			if err := conn.WriteText(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := conn.Receive(t.Context()); stream.CloseCode(err) != closecode.PolicyViolation {
			t.Errorf("%s: %v", path, err)
		}
		conn.Close()
	}
}

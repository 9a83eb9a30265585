package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/draft"
	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/osfile"
	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

var anything = transfer.Rules{MaxSize: math.MaxInt64}

// A place is a directory that is served.
type place struct {
	dir, url string
	ended    chan error // has how each transfer went, for the server
}

func serve(t *testing.T, rules transfer.Rules) place {
	t.Helper()
	p := place{dir: t.TempDir(), ended: make(chan error, 10)}
	files := transfer.Server{Root: filetest.OpenRoot(t, p.dir), Rules: rules, Log: log.New(io.Discard, "", 0)}
	p.url = handle(t, func(r *http.Request, c transfer.Conn) error {
		p.ended <- files.Serve(r.Context(), c, r.URL.Path)
		return nil
	})
	return p
}

// handle starts a server for connections, all of which have ended before the test has.
func handle(t *testing.T, fn func(*http.Request, transfer.Conn) error) (url string) {
	t.Helper()
	var group listen.Group
	server := httptest.NewServer(listen.Handler(stream.Standard, fn, listen.Join(&group),
		listen.Subprotocols(transfer.PutProtocol, transfer.GetProtocol), stream.MaxMessageSize(stream.Unlimited)))
	t.Cleanup(func() {
		if err := group.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return strings.Replace(server.URL, "http:", "ws:", 1) + "/"
}

// An observed transfer keeps what its observer is told.
type observed struct {
	bytes.Buffer
	events []string
}

func (o *observed) Begin(have, at, length int64) {
	o.events = append(o.events, fmt.Sprintf("of %d on at %d of %d", have, at, length))
}

func (o *observed) File(name string, sum transfer.Digest) { o.events = append(o.events, name) }

func (o *observed) Say(what, format string, args ...any) {
	o.events = append(o.events, what+": "+fmt.Sprintf(format, args...))
}

// client connects to a place to put or get what has that name.
func (p place) client(t *testing.T, subprotocol, name string) (*transfer.Client, *observed) {
	t.Helper()
	var opts []dial.Option
	if subprotocol != "" {
		opts = append(opts, dial.Subprotocols(subprotocol))
	}
	c, err := dial.Dial(testContext(t), p.url+name, stream.Standard, append(opts, stream.MaxMessageSize(stream.Unlimited))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Abort() })
	o := new(observed)
	return &transfer.Client{Conn: c, Observer: o}, o
}

func (p place) putter(t *testing.T, name string) (*transfer.Client, *observed) {
	t.Helper()
	return p.client(t, transfer.PutProtocol, name)
}

func (p place) getter(t *testing.T, name string) (*transfer.Client, *observed) {
	t.Helper()
	return p.client(t, transfer.GetProtocol, name)
}

func openSource(t *testing.T, name string) *transfer.Source {
	t.Helper()
	src, err := transfer.Open(testContext(t), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// check checks how a transfer of one file went.
func check(t *testing.T, r transfer.Result, err error, content string) {
	t.Helper()
	if err != nil || r.Size != size.Bytes(len(content)) || r.SHA256 != sha256.Sum256([]byte(content)) || r.Files != 0 || r.Took <= 0 {
		t.Errorf("the result of %d bytes is %+v, %v", len(content), r, err)
	}
}

func TestFilesComeAsTheyAre(t *testing.T) {
	p, dir := serve(t, anything), t.TempDir()
	for _, n := range []int{0, 1, transfer.HashSize - 1, transfer.HashSize, transfer.HashSize + 1, 3<<20 + 7} {
		content := filetest.Random(n)
		begins := fmt.Sprintf("of 0 on at 0 of %d", n)
		put, observed := p.putter(t, "file")
		r, err := put.Put(testContext(t), openSource(t, filetest.Write(t, content, dir, "source")), false)
		check(t, r, err, content)
		filetest.Check(t, content, p.dir, "file")
		if observed.String() != content || !slices.Equal(observed.events, []string{begins}) {
			t.Errorf("put of %d bytes: %d were observed, %q", n, observed.Len(), observed.events)
		}
		get, observed := p.getter(t, "file")
		r, err = get.Get(testContext(t), filetest.OpenRoot(t, dir), "copied")
		check(t, r, err, content)
		filetest.Check(t, content, dir, "copied")
		if observed.String() != content || !slices.Equal(observed.events, []string{begins}) {
			t.Errorf("get of %d bytes: %d were observed, %q", n, observed.Len(), observed.events)
		}
		if err := errors.Join(<-p.ended, <-p.ended); err != nil {
			t.Error(err)
		}
	}
}

func TestPipesComeAsTheyAre(t *testing.T) {
	p := serve(t, anything)
	content := filetest.Random(2<<20 + 7)
	put, observed := p.putter(t, "new/file")
	src := transfer.Pipe("input", strings.NewReader(content))
	r, err := put.Put(testContext(t), src, true)
	check(t, r, err, content)
	filetest.Check(t, content, p.dir, "new", "file")
	if want := []string{fmt.Sprintf("of 0 on at 0 of %d", transfer.Unknown)}; !slices.Equal(observed.events, want) {
		t.Errorf("it says %q", observed.events)
	}
	var got bytes.Buffer
	get, _ := p.getter(t, "new/file")
	r, err = get.GetPipe(testContext(t), &got)
	check(t, r, err, content)
	if got.String() != content {
		t.Errorf("%d bytes have come", got.Len())
	}
}

func TestDirectoriesComeAsTheyAre(t *testing.T) {
	p, dir, back := serve(t, anything), t.TempDir(), t.TempDir()
	a := filetest.Write(t, "a", dir, "a")
	filetest.Write(t, "b", dir, "sub", "b")
	filetest.Write(t, "hidden", dir, "sub", draft.Prefix+"x")
	put, observed := p.putter(t, "to/")
	r, err := put.PutAll(testContext(t), []transfer.Item{{File: a, Name: "one"}, {File: filepath.Join(dir, "sub"), Name: "two"}, {File: dir}})
	if want := []string{"one", "two/b", "a", "sub/b"}; err != nil || r.Files != 4 || r.Size != 4 || !slices.Equal(observed.events, want) {
		t.Errorf("%+v, %v, %q", r, err, observed.events)
	}
	get, observed := p.getter(t, "to/")
	r, err = get.GetAll(testContext(t), filetest.OpenRoot(t, back))
	if want := []string{"a", "one", "sub/b", "two/b"}; err != nil || r.Files != 4 || !slices.Equal(observed.events, want) {
		t.Errorf("%+v, %v, %q", r, err, observed.events)
	}
	filetest.Check(t, "b", back, "two", "b")
	filetest.Check(t, "b", back, "sub", "b")

	put, observed = p.putter(t, "to/")
	put.Continue = true
	filetest.Write(t, "c", dir, "sub", "c")
	r, err = put.PutAll(testContext(t), []transfer.Item{{File: dir}})
	if want := []string{"sub/c", "resume: 2 files were there already"}; err != nil || r.Files != 1 || !slices.Equal(observed.events, want) {
		t.Errorf("%+v, %v, %q", r, err, observed.events)
	}
}

func TestAFileGoesOnWhereItIsTheSame(t *testing.T) {
	if !osfile.Locks {
		t.Skip("nothing is kept")
	}
	p, dir := serve(t, anything), t.TempDir()
	content := filetest.Random(3 << 20)
	half := len(content) / 2
	for there, at := range map[string]int{content[:half]: half, content: len(content), strings.Repeat("x", half): 0, content + "more": 0} {
		want := []string{fmt.Sprintf("of %d on at %d of %d", len(there), at, len(content))}
		filetest.Write(t, there, p.dir, draft.PartialName("file"))
		put, observed := p.putter(t, "file")
		put.Continue = true
		r, err := put.Put(testContext(t), openSource(t, filetest.Write(t, content, dir, "source")), false)
		check(t, r, err, content)
		filetest.Check(t, content, p.dir, "file")
		if diff := cmp.Diff(want, observed.events); diff != "" || r.From != size.Bytes(at) {
			t.Errorf("put: from %v, %s", r.From, diff)
		}
		filetest.Write(t, there, dir, draft.PartialName("copied"))
		get, observed := p.getter(t, "file")
		get.Continue = true
		r, err = get.Get(testContext(t), filetest.OpenRoot(t, dir), "copied")
		check(t, r, err, content)
		filetest.Check(t, content, dir, "copied")
		if diff := cmp.Diff(want, observed.events); diff != "" || r.From != size.Bytes(at) {
			t.Errorf("get: from %v, %s", r.From, diff)
		}
	}
}

func TestAFileThatWasSentIsOpenedAnew(t *testing.T) {
	p, dir := serve(t, anything), t.TempDir()
	name := filetest.Write(t, "old", dir, "source")
	src := openSource(t, name)
	for _, content := range []string{"old", "something else"} {
		if err := os.Rename(filetest.Write(t, content, dir, "new"), name); content != "old" && err != nil {
			t.Skip(err) // what is open cannot be replaced everywhere
		}
		put, _ := p.putter(t, "file")
		r, err := put.Put(testContext(t), src, false)
		check(t, r, err, content)
		filetest.Check(t, content, p.dir, "file")
	}
}

// refused checks that a transfer has ended with 1008 and a reason, and would again.
func (p place) refused(t *testing.T, err error, reason string) {
	t.Helper()
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Code != closecode.PolicyViolation || !strings.Contains(closed.Reason, reason) {
		t.Errorf("the server says %v, want 1008 and %q", err, reason)
	}
	if err := <-p.ended; !transfer.Final(err) {
		t.Errorf("the server may try again: %v", err)
	}
}

func TestRulesHold(t *testing.T) {
	source := filetest.Write(t, "abcd", t.TempDir(), "source")
	for reason, rules := range map[string]transfer.Rules{
		"files can only be read here": {ReadOnly: true, MaxSize: math.MaxInt64},
		`"file": file already exists`: {Keep: true, MaxSize: math.MaxInt64},
		"4 B is more than the 3 B":    {MaxSize: 3},
	} {
		p := serve(t, rules)
		filetest.Write(t, "old", p.dir, "file")
		put, _ := p.putter(t, "file")
		_, err := put.Put(testContext(t), openSource(t, source), false)
		p.refused(t, err, reason)
		filetest.Check(t, "old", p.dir, "file")
	}
}

func TestAPeerOfAnotherSubprotocolIsRefused(t *testing.T) {
	p := serve(t, anything)
	other, _ := p.client(t, "", "file")
	_, err := other.Conn.Receive(testContext(t))
	p.refused(t, err, "neither wscp.put.v4 nor wscp.get.v4 was asked for")

	get, _ := p.getter(t, "file")
	_, err = get.Put(testContext(t), transfer.Pipe("input", strings.NewReader("")), false)
	if !transfer.Final(err) || !strings.Contains(err.Error(), "does not speak wscp.put.v4") {
		t.Errorf("%v", err)
	}
	filetest.CheckDir(t, p.dir)
}

func TestAnEndOfTheContextInterruptsBothEnds(t *testing.T) {
	p := serve(t, anything)
	r, w := io.Pipe()
	put, _ := p.putter(t, "file")
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		io.WriteString(w, filetest.Random(1<<20))
		cancel()
	}()
	if _, err := put.Put(ctx, transfer.Pipe("input", r), false); !errors.Is(err, transfer.ErrInterrupted) {
		t.Errorf("the client says %v", err)
	}
	if err := <-p.ended; stream.CloseCode(err) != closecode.GoingAway || transfer.Final(err) {
		t.Errorf("the server says %v", err)
	}
	filetest.CheckDir(t, p.dir)
	w.Close() // what was left behind ends
}

// A peer that hashes much, for which the other waits, would else be taken for one that is gone.
func TestPingsAreAnsweredBesideWork(t *testing.T) {
	probed := make(chan error, 1)
	url := handle(t, func(r *http.Request, c transfer.Conn) error {
		go func() {
			var err error
			for range 3 {
				_, probe := c.Probe(r.Context())
				err = errors.Join(err, probe)
			}
			probed <- err
		}()
		_, err := c.Receive(r.Context())
		return err
	})
	c, err := dial.Dial(testContext(t), url, stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort()
	answer := transfer.Hear(testContext(t), c)
	if err := <-probed; err != nil {
		t.Error(err)
	}
	if err := c.WriteText(testContext(t), "done"); err != nil {
		t.Error(err)
	}
	if err := <-answer; stream.CloseCode(err) != closecode.NormalClosure {
		t.Error(err)
	}
}

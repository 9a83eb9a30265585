package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/objects/s3server"
	"github.com/litert/websocket/stream"
)

// partSize is the least that S3 takes.
const partSize = 5 << 20

// uploads are more than any other test has at a time.
const uploads = 4

type client = stream.Conn[*stream.Reader]

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// A testStore is a store whose connections to the S3 server a test can cut.
type testStore struct {
	*store
	mu    sync.Mutex // guards following
	conns []net.Conn
}

func (s *testStore) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		conn.Close()
	}
}

// keep has transport keep its connections in s.
func (s *testStore) keep(transport *http.Transport) {
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.conns = append(s.conns, conn)
		}
		return conn, err
	}
}

// serveObjects serves a new store until stop is called, or the test ends.
func serveObjects(t *testing.T) (s *testStore, dir, url string, stop func()) {
	t.Helper()
	dir = t.TempDir()
	transport, stopS3, err := s3server.Start(dir, "id", "a secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stopS3(); err != nil {
			t.Error(err)
		}
	})
	s = new(testStore)
	s.keep(transport)
	s.store, err = open(testContext(t), "http://localhost", "bucket", partSize, uploads,
		&minio.Options{Creds: credentials.NewStaticV4("id", "a secret", ""), Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, s.store) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, dir, "ws://" + ln.Addr().String(), stop
}

func connect(t *testing.T, server, path string, query url.Values) *client {
	t.Helper()
	conn, err := dial.Dial(testContext(t), server+path+"?"+query.Encode(), stream.Standard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	return conn
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func random(n int) []byte {
	p := make([]byte, n)
	rand.Read(p)
	return p
}

// begin begins an upload, and returns once the server says how much it takes.
func begin(t *testing.T, server, name, sum string) *client {
	t.Helper()
	conn := connect(t, server, "/put", url.Values{"name": {name}, "sha256": {sum}})
	wantText(t, conn, strconv.Itoa(maxParts*partSize))
	return conn
}

func wantText(t *testing.T, conn *client, want string) {
	t.Helper()
	msg, err := conn.Receive(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := msg.Text(); err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func wantClose(t *testing.T, conn *client, code closecode.Code, reason string) {
	t.Helper()
	_, err := conn.Receive(testContext(t))
	var closed *stream.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Reason != reason {
		t.Errorf("the end is %v; want %d and %q", err, uint16(code), reason)
	}
}

func put(t *testing.T, server, name string, content []byte) {
	t.Helper()
	conn := begin(t, server, name, sumOf(content))
	if err := conn.WriteBinary(testContext(t), content); err != nil {
		t.Fatal(err)
	}
	wantText(t, conn, strconv.Itoa(len(content))+" bytes are stored")
	wantClose(t, conn, closecode.NormalClosure, "")
}

// contents returns what the store has: its objects, and the uploads that have not ended.
func contents(t *testing.T, s *testStore) (objects, uploads []string) {
	t.Helper()
	ctx := testContext(t)
	for object := range s.client.Client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		objects = append(objects, object.Key)
	}
	for upload := range s.client.Client.ListIncompleteUploads(ctx, s.bucket, "", true) {
		if upload.Err != nil {
			t.Fatal(upload.Err)
		}
		uploads = append(uploads, upload.Key)
	}
	return objects, uploads
}

// await waits until is returns true.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx := testContext(t)
	for pause := time.Millisecond; !is(); pause = min(2*pause, 100*time.Millisecond) {
		if ctx.Err() != nil {
			t.Fatal(what)
		}
		time.Sleep(pause)
	}
}

// wantNothing waits until the store, and the directory behind it, have nothing of an upload.
func wantNothing(t *testing.T, s *testStore, dir string) {
	t.Helper()
	await(t, "something is left", func() bool {
		objects, uploads := contents(t, s)
		return len(objects) == 0 && len(uploads) == 0 && sizeOf(t, filepath.Join(dir, "objects")) == 0
	})
}

// sizeOf returns the bytes of all files below dir.
func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // it was removed meanwhile
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

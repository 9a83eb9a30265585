package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

func TestAnObjectComesBackFromWhereItIsWanted(t *testing.T) {
	s, _, server, _ := serveObjects(t)
	for _, test := range []struct {
		name string
		size int
		from []int
	}{
		{"empty", 0, []int{0}},
		{"a/small", 1000, []int{0, 1, 999, 1000}},
		{"größe ?&", 100_000, []int{0}},
		{"a/of parts", 2*partSize + 12345, []int{0, partSize, 2*partSize + 12345}},
		{"whole parts", 2 * partSize, []int{0, 2*partSize - 1}},
	} {
		content := random(test.size)
		put(t, server, test.name, content)
		for _, from := range test.from {
			conn := connect(t, server, "/get", url.Values{"name": {test.name}, "from": {strconv.Itoa(from)}})
			about, err := conn.Receive(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			var got description
			if err := json.NewDecoder(about).Decode(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(description{int64(test.size), sumOf(content)}, got); diff != "" {
				t.Errorf("%s: %s", test.name, diff)
			}
			msg, err := conn.Receive(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(msg); err != nil || !bytes.Equal(got, content[from:]) {
				t.Errorf("%s, from %d: %d bytes, %v", test.name, from, len(got), err)
			}
			wantClose(t, conn, closecode.NormalClosure, "")
		}
	}
	if _, uploads := contents(t, s); len(uploads) > 0 {
		t.Errorf("%v are left", uploads)
	}
}

func TestWhatThereIsNotIsNotSent(t *testing.T) {
	_, _, server, _ := serveObjects(t)
	put(t, server, "object", []byte("content"))
	for _, name := range []string{"", "other", "../objects", "object/more"} {
		wantClose(t, connect(t, server, "/get", url.Values{"name": {name}, "from": {"0"}}), closecode.PolicyViolation, "there is no such object")
	}
	for _, from := range []string{"", "-1", "x", "99999999999999999999"} {
		wantClose(t, connect(t, server, "/get", url.Values{"name": {"object"}, "from": {from}}), closecode.PolicyViolation,
			"from is how many bytes are there already")
	}
	beyond := connect(t, server, "/get", url.Values{"name": {"object"}, "from": {"8"}})
	if _, err := beyond.Receive(testContext(t)); err != nil { // the description
		t.Fatal(err)
	}
	wantClose(t, beyond, closecode.PolicyViolation, "the object has 7 bytes")
}

// The client does not read before the connections to the S3 server are cut, so that what it gets is not the whole.
func TestADownloadThatTheStorageCutsIsNoWholeMessage(t *testing.T) {
	s, _, server, _ := serveObjects(t)
	put(t, server, "object", random(6*partSize))
	conn := connect(t, server, "/get", url.Values{"name": {"object"}, "from": {"0"}})
	if _, err := conn.Receive(testContext(t)); err != nil { // the description
		t.Fatal(err)
	}
	msg, err := conn.Receive(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	s.cut()
	n, err := io.Copy(io.Discard, msg)
	if !errors.Is(err, io.ErrUnexpectedEOF) || stream.CloseCode(err) != closecode.InternalError {
		t.Errorf("after %d bytes, the end is %v", n, err)
	}
}

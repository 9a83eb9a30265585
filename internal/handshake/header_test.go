package handshake_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/internal/handshake"
)

func TestCloneHeaderIsCanonicalAndACopy(t *testing.T) {
	h := http.Header{"x-b": {"2"}, "X-B": {"1"}, "Cookie": {"a=\tb"}, "X-Empty": nil}
	clone, err := handshake.CloneHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	h["Cookie"][0] = "changed"
	want := http.Header{"X-B": {"1", "2"}, "Cookie": {"a=\tb"}}
	if diff := cmp.Diff(want, clone); diff != "" {
		t.Errorf("clone (-want +got):\n%s", diff)
	}
	const lines = "Cookie: a=\tb\r\nX-B: 1\r\nX-B: 2\r\n"
	if got := string(handshake.AppendHeader(nil, clone)); got != lines {
		t.Errorf("lines are %q, want %q", got, lines)
	}
}

func TestCloneHeaderRefuses(t *testing.T) {
	tests := []struct{ name, value string }{
		{"", "x"},
		{"X Y", "x"},
		{"X:", "x"},
		{"X\r\nY", "x"},
		{"É", "x"},
		{"X", "a\r\nY: b"},
		{"X", "a\n"},
		{"X", "a\x00"},
		{"X", "a\x7f"},
		{"upgrade", "x"},
		{"Connection", "x"},
		{"Content-Length", "1"},
		{"transfer-encoding", "chunked"},
		{"Sec-WebSocket-Key", "x"},
		{"sec-websocket-accept", "x"},
		{"Sec-WebSocket-Protocol", "x"},
		{"Sec-WebSocket-Extensions", "x"},
		{"Sec-WebSocket-Whatever", "x"},
	}
	for _, tt := range tests {
		if h, err := handshake.CloneHeader(http.Header{tt.name: {tt.value}}); err == nil {
			t.Errorf("%q: %q became %q", tt.name, tt.value, h)
		}
	}
}

// A token that was read from a file has a line feed at its end more often than not.
func TestCloneHeaderTellsNoValue(t *testing.T) {
	_, err := handshake.CloneHeader(http.Header{"Authorization": {"Bearer secret\n"}})
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "Authorization") {
		t.Errorf("error is %v", err)
	}
}

func TestCheckSubprotocols(t *testing.T) {
	tests := []struct {
		names []string
		ok    bool
	}{
		{nil, true},
		{[]string{"a"}, true},
		{[]string{"a", "A", "b.c"}, true}, // case matters
		{[]string{"a", "b", "a"}, false},
		{[]string{""}, false},
		{[]string{"a, b"}, false},
		{[]string{"a\r\nX: y"}, false},
	}
	for _, tt := range tests {
		if err := handshake.CheckSubprotocols(tt.names); (err == nil) != tt.ok {
			t.Errorf("CheckSubprotocols(%q) = %v", tt.names, err)
		}
	}
}

func TestOthersAreTheFieldsThatTheHandshakeHasNoUseFor(t *testing.T) {
	h := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Key": {"x"}}
	if got := handshake.Others(h); got != nil {
		t.Errorf("got %v", got)
	}
	h["Cookie"] = []string{"a=b", "c=d"}
	if diff := cmp.Diff(http.Header{"Cookie": {"a=b", "c=d"}}, handshake.Others(h)); diff != "" {
		t.Error(diff)
	}
}

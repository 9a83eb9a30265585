package main

import (
	"net"
	"slices"
	"testing"
)

func TestHowAServerIsReached(t *testing.T) {
	tests := []struct {
		ip              string
		names           []string
		token           bool
		public          bool
		allowed, denied []string
	}{
		{"127.0.0.1", nil, false, false, []string{"localhost", "127.0.0.1:8080", "[::1]", "[0:0:0:0:0:0:0:1]:80"}, []string{"", "a.example", "192.0.2.1"}},
		{"127.0.0.1", nil, true, false, []string{"localhost:8080"}, []string{"a.example"}},
		{"127.0.0.2", nil, false, false, []string{"127.0.0.2", "127.0.0.1"}, []string{"127.0.0.3"}},
		{"::1", []string{"a.example"}, false, false, []string{"[::1]:8080", "a.example:8080", "A.EXAMPLE."}, []string{"b.example"}},
		{"192.0.2.1", nil, false, true, []string{"192.0.2.1", "192.0.2.1:8080", "[::ffff:192.0.2.1]"}, []string{"192.0.2.2", "a.example", "127.0.0.1", ""}},
		{"192.0.2.1", nil, true, true, []string{"a.example", "192.0.2.1", ""}, nil},
		{"192.0.2.1", []string{"a.example", "b.example"}, true, true, []string{"a.example", "b.example"}, []string{"192.0.2.1", "c.example"}},
		{"0.0.0.0", nil, false, true, []string{"127.0.0.1", "localhost"}, []string{"0.0.0.0", "a.example"}},
		{"::", []string{"a.example"}, false, true, []string{"a.example"}, []string{"localhost"}},
	}
	for _, tt := range tests {
		r := reachOf(&net.TCPAddr{IP: net.ParseIP(tt.ip), Port: 8080}, tt.names, tt.token)
		if r.public != tt.public || len(r.shown) == 0 || slices.Contains(r.shown, "0.0.0.0") || slices.Contains(r.shown, "::") {
			t.Errorf("%s %q: public %v, shown as %q", tt.ip, tt.names, r.public, r.shown)
		}
		for _, host := range append(tt.allowed, r.shown...) {
			if !r.allows(host) {
				t.Errorf("%s %q: %q is not allowed", tt.ip, tt.names, host)
			}
		}
		for _, host := range tt.denied {
			if r.allows(host) {
				t.Errorf("%s %q: %q is allowed", tt.ip, tt.names, host)
			}
		}
	}
}

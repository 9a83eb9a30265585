package main

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestHowAServerIsReached(t *testing.T) {
	local := []string{"localhost", "127.0.0.1", "[::1]"}
	tests := []struct {
		ip              string
		names           []string
		token           bool
		accepted, shown []string // nil: not checked
	}{
		{"127.0.0.1", nil, false, local, []string{"127.0.0.1"}},
		{"127.0.0.1", nil, true, local, []string{"127.0.0.1"}},
		{"127.0.0.2", nil, false, append(local, "127.0.0.2"), []string{"127.0.0.2"}},
		{"::1", []string{"a.example"}, false, append(local, "a.example"), []string{"[::1]"}},
		{"192.0.2.1", nil, false, []string{"192.0.2.1", "localhost"}, []string{"192.0.2.1"}},
		{"2001:db8::1", nil, false, []string{"[2001:db8::1]", "localhost"}, []string{"[2001:db8::1]"}},
		{"fe80::1%eth0", nil, false, []string{"[fe80::1]", "localhost"}, []string{"[fe80::1%25eth0]"}},
		{"192.0.2.1", nil, true, []string{}, []string{"192.0.2.1"}},
		{"192.0.2.1", []string{"a.example", "b.example"}, true, []string{"a.example", "b.example"}, []string{"a.example", "b.example"}},
		{"::", []string{"a.example"}, false, []string{"a.example"}, []string{"a.example"}},
		{"0.0.0.0", nil, false, nil, nil},
		{"::", nil, false, nil, nil},
	}
	unique := func(hosts []string) []string {
		hosts = slices.Clone(hosts)
		slices.Sort(hosts)
		return slices.Compact(hosts)
	}
	for _, tt := range tests {
		addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(tt.ip), 8080))
		ip, r := addr.IP, reachOf(addr, tt.names, tt.token)
		if r.public == ip.IsLoopback() || len(r.shown) == 0 || slices.Contains(r.shown, "0.0.0.0") || slices.Contains(r.shown, "[::]") {
			t.Errorf("%s %q: public %v, shown as %q", tt.ip, tt.names, r.public, r.shown)
		}
		if tt.shown != nil && !slices.Equal(r.shown, tt.shown) || tt.accepted != nil && !slices.Equal(unique(r.accepted), unique(tt.accepted)) {
			t.Errorf("%s %q: accepted as %q, shown as %q", tt.ip, tt.names, r.accepted, r.shown)
		}
		if tt.accepted == nil && !slices.Contains(r.accepted, "localhost") || tt.ip == "0.0.0.0" && !slices.Contains(r.accepted, "127.0.0.1") {
			t.Errorf("%s: accepted as %q", tt.ip, r.accepted)
		}
	}
}

func TestHostsOfTheFlag(t *testing.T) {
	for arg, want := range map[string]string{
		"Files.Example.com.": "files.example.com", "a_b-c.example": "a_b-c.example", "192.0.2.1": "192.0.2.1",
		"::1": "[::1]", "[::1]": "[::1]", "0:0:0:0:0:0:0:1": "[::1]", "fe80::1%eth0": "[fe80::1]", "::ffff:192.0.2.1": "192.0.2.1",
	} {
		var h hostFlag
		if err := h.Set(arg); err != nil || !slices.Equal(h, []string{want}) {
			t.Errorf("%q: %q, %v", arg, h, err)
		}
	}
	for _, arg := range []string{"", ".", "*", "*.example", "a b", "a/b", "http://a.example", "a.example:80", "[::1]:80", "bücher.example", "a@b", "\x1b"} {
		if err := new(hostFlag).Set(arg); err == nil {
			t.Errorf("%q is taken", arg)
		}
	}
}

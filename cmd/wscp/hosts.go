package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// plainHost returns the host of an argument as it stands in a URL, and in the field Host, without a port. It is ok if it is
// a name in ASCII, or an address.
func plainHost(arg string) (host string, ok bool) {
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(arg, "["), "]")); err == nil {
		return hostOf(ip), true
	}
	odd := func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-._", r))
	}
	host = strings.ToLower(strings.TrimSuffix(arg, "."))
	return host, host != "" && !strings.ContainsFunc(host, odd)
}

// hostOf returns ip as a host, without the name of an interface: that is of no concern to the server.
func hostOf(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		return "[" + ip.String() + "]"
	}
	return ip.String()
}

// hostFlag collects the names that a server is reached by. It is a [flag.Value].
type hostFlag []string

func (h *hostFlag) String() string { return strings.Join(*h, " ") }

func (h *hostFlag) Set(name string) error {
	host, ok := plainHost(name)
	if !ok {
		return errors.New("a host is a name in ASCII, or an address, without a port")
	}
	*h = append(*h, host)
	return nil
}

// A reach says how a server is reached that listens at an address.
type reach struct {
	accepted []string // what may stand in the field Host, at any port; nil: anything
	shown    []string // hosts to be dialled
	public   bool     // not only this machine reaches it
}

// reachOf returns how a server at addr is reached which has the names given, if any. A page of the web whose own name
// leads to this machine asks for that name, and so gets no answer; one that knows the token needs no such trick.
func reachOf(addr *net.TCPAddr, names []string, hasToken bool) reach {
	ip := addr.AddrPort().Addr().Unmap()
	own := []string{hostOf(ip)}
	if ip.IsUnspecified() {
		own = machineAddresses(ip.Is6())
	}
	r := reach{shown: own, public: !ip.IsLoopback()}
	if zone := ip.Zone(); zone != "" { // who dials has to name the interface (RFC 6874)
		r.shown = []string{strings.Replace(own[0], "]", "%25"+url.PathEscape(zone)+"]", 1)}
	}
	switch {
	case !r.public:
		r.accepted = slices.Concat([]string{"localhost", "127.0.0.1", "[::1]"}, own, names)
	case len(names) > 0:
		r.accepted, r.shown = names, names
	case !hasToken:
		r.accepted = append(slices.Clone(own), "localhost")
	}
	return r
}

// machineAddresses returns the addresses of this machine that can be dialled without naming an interface.
func machineAddresses(six bool) (hosts []string) {
	addrs, _ := net.InterfaceAddrs()
	for _, addr := range addrs {
		prefix, err := netip.ParsePrefix(addr.String())
		if ip := prefix.Addr(); err == nil && (six || ip.Is4()) && !ip.IsLinkLocalUnicast() {
			hosts = append(hosts, hostOf(ip))
		}
	}
	if len(hosts) == 0 {
		return []string{"localhost"}
	}
	return hosts
}

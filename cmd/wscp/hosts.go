package main

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// plainHost returns the host of a field Host, or of an argument, in the form in which hosts are compared: without a port,
// brackets and a dot at its end, in small letters, and addresses as package netip writes them.
func plainHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().WithZone("").String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// hostFlag collects the names that a server is reached by. It is a [flag.Value].
type hostFlag []string

func (h *hostFlag) String() string { return strings.Join(*h, " ") }

func (h *hostFlag) Set(name string) error {
	host := plainHost(name)
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("/@%?#", r) }
	if host == "" || strings.ContainsFunc(name, odd) {
		return errors.New("a host is a name in ASCII, or an address")
	}
	*h = append(*h, host)
	return nil
}

// A reach says how a server is reached that listens at an address.
type reach struct {
	accepted []string // what may stand in the field Host; nil: anything
	shown    []string // hosts to be dialled
	public   bool     // not only this machine reaches it
}

// reachOf returns how a server at addr is reached which has the names given, if any. A page of the web whose own name
// leads to this machine asks for that name, and so gets no answer; one that knows the token needs no such trick.
func reachOf(addr *net.TCPAddr, names []string, hasToken bool) reach {
	ip := plainHost(addr.IP.String())
	if addr.IP.IsLoopback() {
		accepted := slices.Concat([]string{"localhost", "127.0.0.1", "::1", ip}, names)
		return reach{accepted: accepted, shown: []string{ip}}
	}
	r := reach{shown: []string{ip}, public: true}
	if addr.IP.IsUnspecified() {
		r.shown = machineAddresses(addr.IP.To4() == nil)
	}
	switch {
	case len(names) > 0:
		r.accepted, r.shown = names, names
	case !hasToken:
		r.accepted = append(slices.Clone(r.shown), "localhost")
	}
	return r
}

// machineAddresses returns the addresses of this machine that can be dialled without naming an interface.
func machineAddresses(six bool) (hosts []string) {
	addrs, _ := net.InterfaceAddrs()
	for _, addr := range addrs {
		if n, ok := addr.(*net.IPNet); ok && (six || n.IP.To4() != nil) && !n.IP.IsLinkLocalUnicast() {
			hosts = append(hosts, plainHost(n.IP.String()))
		}
	}
	if len(hosts) == 0 {
		return []string{"localhost"}
	}
	return hosts
}

// allows reports whether the field Host may have the value host.
func (r reach) allows(host string) bool {
	return r.accepted == nil || slices.Contains(r.accepted, plainHost(host))
}

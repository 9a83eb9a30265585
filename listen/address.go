package listen

import (
	"net"
	"net/netip"
)

// hostOf returns what of the address of a client counts as one host: an IPv4 address, or the network of 64 bits that an
// IPv6 address is in, which is what a single subscriber has. It is not valid if a has no IP address.
func hostOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return networkOf(tcp.AddrPort().Addr())
	}
	return netip.Addr{}
}

// hostIn is hostOf for an address as [http.Request] has it.
func hostIn(remote string) netip.Addr {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return networkOf(a.Addr())
}

func networkOf(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if !a.Is6() {
		return a
	}
	network, _ := a.Prefix(64) // cannot fail
	return network.Addr()
}

package listen

import (
	"golang.org/x/exp/constraints"

	"github.com/litert/websocket/internal/conf"
)

// Hosts tells which hosts the server is. A request whose field Host has another one is answered with status 421
// Misdirected Request (RFC 9110, section 15.5.20), whether a browser sent it or not. By default the server is whatever it
// is asked for.
//
// It is for servers that strangers cannot reach otherwise: at a loopback or private address, or behind a firewall. Any
// page can have its own name resolve to such an address, which is called DNS rebinding; then Host and Origin agree, and
// the page is of the server's own origin. But Host still has the name of the page.
//
// A pattern is one of
//
//	example.com              at any port: that of a request is the one it was sent to
//	*.example.com            all hosts below example.com, however deep, but not itself
//	example.com:8443         at that port only
//	localhost:*              as localhost
//	127.0.0.1, [::1]         addresses
//	*                        every host
//
// Without a port, the field Host stands for port 443 over TLS, and for 80 as well as 443 without, as a proxy may have put
// TLS on top. Neither the case of letters matters, nor a dot at the end of a name, nor how an IPv6 address is written. An
// asterisk elsewhere, a scheme, a path, a host that is not in ASCII, and no pattern at all are refused. Behind a proxy,
// Host is what that sends.
func Hosts(patterns ...string) Option {
	if len(patterns) == 0 {
		return refuse("Hosts", "there is no pattern, and no host would be left")
	}
	var hosts ownHosts
	for _, p := range patterns {
		if err := hosts.add(p); err != nil {
			return refuse("Hosts", "%q: %v", p, err)
		}
	}
	return option(func(c *conf.Listen) { c.AllowHost = hosts.allow })
}

// MaxHeader bounds the head of a request to n bytes: the request line and all fields, as they are sent over HTTP/1.1,
// with ": " and the end of the line. Behind a [http.Server] its own limit holds as well ([http.Server.MaxHeaderBytes],
// 1 MiB by default); that of a [Listener] follows n. A longer head is answered with status 431 Request Header Fields Too
// Large (RFC 6585, section 5), and so is one of more than 128 fields, each line being one. The default is 64 KiB; n must
// be from 1 to 1 GiB.
func MaxHeader[N constraints.Integer](n N) Option {
	if n < 1 || uint64(n) > maxMaxHeader {
		return refuse("MaxHeader", "%d is not from 1 to %d", n, maxMaxHeader)
	}
	return option(func(c *conf.Listen) { c.MaxHeader = int(n) })
}

const (
	defaultMaxHeader = 64 << 10
	maxMaxHeader     = 1 << 30 // to which package net/http adds something
)

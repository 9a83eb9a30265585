package listen

import "github.com/litert/websocket/internal/conf"

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

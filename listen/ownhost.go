package listen

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/litert/websocket/internal/handshake"
)

// ownHosts are the arguments of Hosts: what the server is called.
type ownHosts []hostPattern

// add adds an argument.
func (hosts *ownHosts) add(s string) error {
	if strings.Contains(s, "://") {
		return errors.New("a host has no scheme")
	}
	p, err := parseHostPattern(handshake.ToLower(s))
	p.name = strings.TrimSuffix(p.name, ".")
	*hosts = append(*hosts, p)
	return err
}

// allow reports whether the server is the host that r asks for.
func (hosts ownHosts) allow(r *http.Request) bool {
	h, ok := askedHost(r)
	return ok && slices.ContainsFunc(hosts, h.matches)
}

// A requestHost is what a request has in the field Host, in lower case.
type requestHost struct {
	name    string
	port    string // empty: that of the scheme
	overTLS bool   // if not, the scheme is not known: a proxy before the server may have put TLS on top
}

// askedHost returns the host that r asks for. With a dot at its end, as the DNS writes it in full, a name is the same.
func askedHost(r *http.Request) (h requestHost, ok bool) {
	name, port, ok := splitHost(handshake.ToLower(r.Host))
	ok = ok && isHost(name) // with the dot, which an address in brackets does not have
	h = requestHost{strings.TrimSuffix(name, "."), port, r.TLS != nil}
	return h, ok && h.name != ""
}

func (h requestHost) matches(p hostPattern) bool { return p.matchName(h.name) && h.hasPort(p.port) }

// hasPort reports whether h is at the port of a pattern.
func (h requestHost) hasPort(port string) bool {
	switch {
	case port == "", port == "*":
		return true
	case h.port != "":
		return port == h.port
	}
	return port == defaultPort("https") || port == defaultPort("http") && !h.overTLS
}

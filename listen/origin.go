package listen

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/litert/websocket/internal/handshake"
)

// An origin is what a browser sends in the field Origin (RFC 6454, section 6.1). Its letters are in lower case.
type origin struct {
	scheme, host string
	port         string // that of the scheme if there was none; empty if the scheme is unknown
}

func parseOrigin(value string) (o origin, ok bool) {
	var rest string
	if o.scheme, rest, ok = strings.Cut(handshake.ToLower(value), "://"); !ok {
		return o, false
	}
	o.host, o.port, ok = splitHost(rest)
	if o.port == "" {
		o.port = defaultPort(o.scheme)
	}
	return o, ok && isHost(o.host)
}

// isOf reports whether o is the origin of r itself: a page of the host that r asks for. If r came over TLS, so has the
// page; if not, a proxy before the server may have put TLS on top, and the page's scheme is taken for that of r. Without
// a port in the field Host it is that of the scheme.
func (o origin) isOf(r *http.Request) bool {
	host, port, ok := splitHost(handshake.ToLower(r.Host))
	if port == "" {
		port = defaultPort(o.scheme)
	}
	sameScheme := o.scheme == "https" || o.scheme == "http" && r.TLS == nil
	return ok && sameScheme && o.host == host && o.port == port
}

func (o origin) overHTTP() bool { return o.scheme == "http" || o.scheme == "https" }

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// An originPattern is an argument of Origins.
type originPattern struct {
	any, null   bool
	scheme      string // empty: http or https
	hostPattern        // without a port: the default of the scheme
}

func parsePattern(s string) (p originPattern, err error) {
	switch s = handshake.ToLower(s); s {
	case "*":
		return originPattern{any: true}, nil
	case "null":
		return originPattern{null: true}, nil
	}
	rest := s
	if scheme, behind, ok := strings.Cut(s, "://"); ok {
		if err := checkScheme(scheme); err != nil {
			return p, err
		}
		p.scheme, rest = scheme, behind
	}
	p.hostPattern, err = parseHostPattern(rest)
	return p, err
}

// checkScheme refuses schemes that no origin has.
func checkScheme(s string) error {
	switch s {
	case "ws", "wss":
		return fmt.Errorf("an origin has the scheme of the page, not %s", s)
	}
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || i > 0 && ('0' <= c && c <= '9' || strings.IndexByte("+-.", c) >= 0)) {
			return fmt.Errorf("%q is not a scheme", s)
		}
	}
	if s == "" {
		return errors.New("the scheme is empty")
	}
	return nil
}

// match reports whether p allows the origin in value.
func (p originPattern) match(value string) bool {
	if p.any || p.null {
		return p.any || value == "null"
	}
	o, ok := parseOrigin(value)
	return ok && p.matchScheme(o) && p.matchName(o.host) && p.matchPort(o)
}

func (p originPattern) matchScheme(o origin) bool {
	if p.scheme == "" {
		return o.overHTTP()
	}
	return o.scheme == p.scheme
}

func (p originPattern) matchPort(o origin) bool {
	switch p.port {
	case "*":
		return true
	case "":
		return o.port == defaultPort(o.scheme)
	}
	return o.port == p.port
}

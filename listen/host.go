package listen

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// A hostPattern is an argument of Hosts, and what is behind the scheme in one of Origins. Its letters are in lower case.
type hostPattern struct {
	anyName bool
	below   bool   // names that end with a dot and name
	name    string // or an address
	port    string // empty: none was given; *: any
}

func parseHostPattern(s string) (p hostPattern, err error) {
	if cut, ok := strings.CutSuffix(s, ":*"); ok {
		p.port, s = "*", cut
	}
	host, port, ok := splitHost(s)
	if !ok || port != "" && p.port != "" {
		return p, errors.New("the port is not a number up to 65535")
	}
	if port != "" {
		p.port = port
	}
	p.name, p.below = strings.CutPrefix(host, "*.")
	p.anyName = host == "*"
	switch {
	case !p.anyName && strings.Contains(p.name, "*"):
		return p, errors.New("an asterisk stands for the whole beginning of a host, before a dot")
	case !p.anyName && !isHost(p.name):
		return p, errors.New("not of the form host:port, in ASCII and with no path")
	}
	return p, nil
}

func (p hostPattern) matchName(host string) bool {
	switch {
	case p.anyName:
		return true
	case p.below:
		return len(host) > len(p.name)+1 && strings.HasSuffix(host, "."+p.name)
	}
	return host == p.name
}

// splitHost splits host:port, the port being optional. An IPv6 address keeps its brackets, and gets its shortest form,
// which browsers send. It is ok if the port is.
func splitHost(s string) (host, port string, ok bool) {
	end := strings.IndexByte(s, ']') + 1
	host, ok = s, true
	if colon := strings.IndexByte(s[end:], ':'); colon >= 0 {
		host, port = s[:end+colon], s[end+colon+1:]
		ok = isPort(port)
	}
	if addr, bracketed := parseIPv6(host); bracketed {
		host = "[" + addr.String() + "]"
	}
	return host, port, ok
}

// parseIPv6 returns the address in s, which stands in brackets.
func parseIPv6(s string) (addr netip.Addr, ok bool) {
	if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
		return addr, false
	}
	addr, err := netip.ParseAddr(s[1 : len(s)-1])
	return addr, err == nil && addr.Is6()
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// isHost reports whether s is a host as it comes in origins and in the field Host, in lower case: a name in ASCII, or an
// address.
func isHost(s string) bool {
	if _, ok := parseIPv6(s); ok {
		return true
	}
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune("-._", r))
	})
}

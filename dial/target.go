package dial

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// A target is what a URL asks for.
type target struct {
	network, address string // to connect to
	secure           bool   // over TLS
	name             string // of the host, as its certificate has it
	host             string // the field Host
	resource         string // the resource name (RFC 6455, section 3)
	user             *url.Userinfo
	url              *url.URL // all of it as an http or https URL, without the user
}

// parseTarget parses raw. Its errors do not repeat a user name or password.
func parseTarget(raw string) (t target, err error) {
	u, err := url.Parse(raw)
	if err != nil && strings.Contains(raw, "@") {
		return t, errUser
	}
	if err != nil {
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return t, fmt.Errorf("the URL is malformed: %w", err)
	}
	if strings.Contains(raw, "#") {
		return t, errors.New("the URL has a fragment (RFC 6455, section 3)")
	}
	return newTarget(u)
}

var errUser = errors.New("the URL is malformed; in a user name or password all but letters and digits is best escaped")

func newTarget(u *url.URL) (t target, err error) {
	if u.User != nil && strings.Contains(u.User.Username(), ":") {
		return t, errors.New("the user name in the URL contains a colon (RFC 7617, section 2)")
	}
	t = target{resource: resourceName(u.EscapedPath(), u.RawQuery), user: u.User}
	switch u.Scheme {
	case "ws", "http":
		err = t.overTCP(u, "80")
	case "wss", "https":
		t.secure = true
		err = t.overTCP(u, "443")
	case "ws+unix":
		err = t.overUNIX(u)
	case "wss+unix":
		t.secure = true
		err = t.overUNIX(u)
	case "":
		err = errors.New("the URL has no scheme, such as ws or wss")
	default:
		err = fmt.Errorf("the scheme %q is not one of ws, wss, http, https, ws+unix and wss+unix", u.Scheme)
	}
	if err != nil {
		return t, err
	}
	scheme := "http"
	if t.secure {
		scheme = "https"
	}
	t.url, err = url.Parse(scheme + "://" + t.host + t.resource)
	return t, err
}

// authority returns the host and port to ask a proxy for.
func (t *target) authority() string {
	_, port, _ := net.SplitHostPort(t.address)
	return net.JoinHostPort(t.name, port)
}

func (t *target) overTCP(u *url.URL, defaultPort string) error {
	if u.Hostname() == "" {
		return errors.New("the URL has no host")
	}
	port := cmp.Or(u.Port(), defaultPort)
	err := checkHost(u)
	if n, bad := strconv.ParseUint(port, 10, 16); err == nil && (bad != nil || n == 0) {
		err = fmt.Errorf("%q is not a port", port)
	}
	if err != nil && strings.Contains(u.Path+u.RawQuery, "@") {
		return errUser // whose password may have a slash, so that what stands before that was taken for the host
	}
	if err != nil {
		return err
	}
	t.network, t.address = "tcp", net.JoinHostPort(u.Hostname(), port)
	t.name, _, _ = strings.Cut(u.Hostname(), "%") // the zone is of no concern to the server
	t.host = t.name
	if port != defaultPort {
		t.host = net.JoinHostPort(t.name, port)
	} else if strings.Contains(t.name, ":") {
		t.host = "[" + t.name + "]"
	}
	return nil
}

// overUNIX reads the path of u as that of a socket, and behind a colon the path there.
func (t *target) overUNIX(u *url.URL) error {
	if u.Host != "" || u.Opaque != "" {
		return errors.New("a URL for a UNIX socket has three slashes: ws+unix:///run/app.sock:/path")
	}
	socket, path, _ := strings.Cut(u.EscapedPath(), ":")
	socket, _ = url.PathUnescape(socket) // cannot fail
	if strings.Trim(socket, "/") == "" || strings.Contains(socket, "\x00") {
		return errors.New("the URL has no path of a UNIX socket")
	}
	if path != "" && path[0] != '/' {
		return errors.New("the path behind the UNIX socket does not begin with a slash")
	}
	t.network, t.address = "unix", socket
	t.name, t.host = "localhost", "localhost"
	t.resource = resourceName(path, u.RawQuery)
	return nil
}

// checkHost refuses hosts that no name or address can be, and all that could break the field Host.
func checkHost(u *url.URL) error {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		if err != nil || !addr.Is6() || strings.ContainsAny(addr.Zone(), "[]") { // which would end the address
			return fmt.Errorf("%q is not an IPv6 address", host)
		}
		return nil
	}
	for i := range len(host) {
		if host[i] >= 0x80 {
			return fmt.Errorf("the host %q is not ASCII; its ASCII form begins with xn--", host)
		}
		if !isHostByte(host[i]) {
			return fmt.Errorf("the host %q contains %q", host, host[i])
		}
	}
	return nil
}

// isHostByte reports whether c may stand in the name of a host (RFC 3986, section 3.2.2).
func isHostByte(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		return true
	}
	return strings.IndexByte("-._~!$&'()*+,;=", c) >= 0
}

// validHostField reports whether v may be the value of the field Host. Whether it makes sense is for the server to say.
func validHostField(v string) bool {
	for i := range len(v) {
		if !isHostByte(v[i]) && strings.IndexByte(":[]%", v[i]) < 0 {
			return false
		}
	}
	return v != ""
}

// resourceName puts path and query together (RFC 6455, section 3).
func resourceName(path, query string) string {
	if path == "" {
		path = "/"
	}
	if query == "" {
		return path
	}
	return path + "?" + escapeQuery(query)
}

// escapeQuery escapes what package url leaves in a query but would break the request line.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(query[i])
	}
	return b.String()
}

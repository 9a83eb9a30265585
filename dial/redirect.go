package dial

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/litert/websocket/internal/handshake"
)

// redirect makes the target that which err, the failure of a handshake, redirects to. left is how many redirects may
// still be followed. If it does not follow, it returns err, which says why.
func (c *call) redirect(err error, left int) error {
	var answer *Error
	if c.cfg.Redirects == 0 || !errors.As(err, &answer) {
		return err
	}
	location := answer.Header.Get("Location")
	switch {
	case location == "" || !isRedirect(answer.StatusCode):
	case left == 0:
		answer.Err = fmt.Errorf("it is one redirect more than %d", c.cfg.Redirects)
	default:
		err := c.follow(location)
		if err == nil {
			return nil
		}
		answer.Err = fmt.Errorf("the redirect is not followed: %w", err)
	}
	return answer
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow makes location, that of a redirect, the target.
func (c *call) follow(location string) error {
	ref, err := url.Parse(location)
	if err != nil { // which repeats the URL
		return errors.New("its URL is malformed")
	}
	u := c.target.url.ResolveReference(ref)
	u.Fragment, u.RawFragment = "", ""
	if ref.Scheme == "" && ref.Host == "" && ref.User == nil { // the same server, also behind a UNIX socket
		c.target.url, c.target.resource = u, resourceName(u.EscapedPath(), u.RawQuery)
		return nil
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return fmt.Errorf("the scheme %q is not one of ws, wss, http and https", u.Scheme)
	}
	next, err := newTarget(u)
	if err != nil {
		return err
	}
	if c.target.secure && !next.secure {
		return errors.New("it leads from TLS to a connection without")
	}
	c.cfg.Host = ""
	if c.target.network != next.network || !handshake.EqualFold(c.target.name, next.name) {
		c.forgetCredentials()
	} else if next.user == nil {
		next.user = c.target.user
	}
	c.target = next
	return nil
}

// forgetCredentials drops what another host is not meant to know. The user name and password are part of the target.
func (c *call) forgetCredentials() {
	c.cfg.Header = c.cfg.Header.Clone() // other calls may use the same option
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization"} {
		c.cfg.Header.Del(name)
	}
}

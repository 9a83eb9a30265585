//go:build !js

package dial

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	next, relative, err := c.resolve(location)
	if err == nil {
		err = c.canOpenStream(&next)
	}
	if err != nil {
		return err
	}
	header, host := c.cfg.Header, ""
	if relative {
		host = c.cfg.Host
	}
	if !c.target.sharesCredentials(&next) {
		header = withoutCredentials(header)
	} else if next.user == nil {
		next.user = c.target.user
	}
	if c.cfg.CheckRedirect != nil {
		if header, host, err = c.askAbout(&next, header, host); err != nil {
			return err
		}
	}
	c.target, c.cfg.Header, c.cfg.Host = next, header, host
	return nil
}

// askAbout has the user decide on the redirect to next, and on what is sent to it beside what the handshake needs. The
// credentials of next become a part of that.
func (c *call) askAbout(next *target, header http.Header, host string) (http.Header, string, error) {
	header = authorized(header, next.user).Clone()
	next.user = nil
	if header == nil {
		header = make(http.Header)
	}
	if host != "" {
		header["Host"] = []string{host}
	}
	from, to := *c.target.url, *next.url
	if err := c.cfg.CheckRedirect(&from, &to, header); err != nil {
		return nil, "", err
	}
	header, host, err := splitHeader(header)
	if err != nil {
		err = fmt.Errorf("CheckRedirect has left an impossible header: %w", err)
	}
	return header, host, err
}

// resolve returns the target that location is, and whether that is relative: the same server, also behind a UNIX socket.
func (c *call) resolve(location string) (next target, relative bool, err error) {
	ref, err := url.Parse(location)
	if err != nil { // which repeats the URL
		return next, false, errors.New("its URL is malformed")
	}
	u := c.target.url.ResolveReference(ref)
	u.Fragment, u.RawFragment = "", ""
	if ref.Scheme == "" && ref.Host == "" && ref.User == nil {
		next = c.target
		next.url, next.resource = u, resourceName(u.EscapedPath(), u.RawQuery)
		return next, true, nil
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return next, false, fmt.Errorf("the scheme %q is not one of ws, wss, http and https", u.Scheme)
	}
	next, err = newTarget(u)
	if err == nil && c.target.secure && !next.secure {
		err = errors.New("it leads from TLS to a connection without")
	}
	return next, false, err
}

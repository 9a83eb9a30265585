package dial

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/litert/websocket/internal/handshake"
)

// cookieURL returns the URL that cookies belong to: a virtual host has its own.
func (c *call) cookieURL() *url.URL {
	u := *c.target.url
	u.Host = cmp.Or(c.cfg.Host, u.Host)
	return &u
}

// header returns the fields that the user wants to have sent, with the credentials of the URL and the cookies of the jar.
func (c *call) header() http.Header {
	h := authorized(c.cfg.Header, c.target.user)
	if c.cfg.CookieJar == nil {
		return h
	}
	r := &http.Request{Header: h.Clone()}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if own := r.Header["Cookie"]; len(own) > 1 { // AddCookie would drop all but the first
		r.Header.Set("Cookie", strings.Join(own, "; "))
	}
	for _, cookie := range c.cfg.CookieJar.Cookies(c.cookieURL()) {
		if handshake.IsToken(cookie.Name) { // AddCookie checks values alone
			r.AddCookie(cookie)
		}
	}
	return r.Header
}

// storeCookies gives the cookies of a response to the jar.
func (c *call) storeCookies(response *http.Response) {
	if c.cfg.CookieJar == nil {
		return
	}
	if cookies := response.Cookies(); len(cookies) > 0 {
		c.cfg.CookieJar.SetCookies(c.cookieURL(), cookies)
	}
}

package main

import (
	"net"
	"net/http"
)

// A browser shows the token once, in a form, and a cookie from then on, as it can set no field of a handshake. The cookie is another
// secret, of this run of the server alone: a browser sends it to whatever else this host serves at other ports.

// admits reports whether the request shows the token, or the cookie that was given for it.
func (s *server) admits(r *http.Request) bool {
	if s.rules.token.admits(r) {
		return true
	}
	cookie, err := r.Cookie(cookieName(r))
	return err == nil && equal(cookie.Value, s.session)
}

// cookieName tells apart the servers of a host.
func cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	return "wscp" + port
}

// takeToken gives a browser that shows the token the cookie, and has it ask again for what it has asked for.
func (s *server) takeToken(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4*maxToken) // each byte may be escaped
	if !equal(r.PostFormValue("token"), string(s.rules.token)) {
		s.askToken(w, r, true)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r), Value: s.session, Path: "/",
		Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Location", "./"+lastOf(r))
	w.WriteHeader(http.StatusSeeOther)
}

// askToken answers with the form.
func (s *server) askToken(w http.ResponseWriter, r *http.Request, wrong bool) {
	s.log.Printf("%s: answered 401 Unauthorized", r.RemoteAddr)
	w.Header().Set("WWW-Authenticate", "Bearer")
	s.show(w, r, http.StatusUnauthorized, view{AsksToken: true, Wrong: wrong})
}

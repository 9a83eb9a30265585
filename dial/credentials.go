package dial

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/litert/websocket/internal/handshake"
)

// sharesCredentials reports whether next, which t redirects to, is meant to know what t does: it has the same scheme,
// host and port, or those are 80 without TLS and 443 with it, which the habit of servers makes the same.
func (t *target) sharesCredentials(next *target) bool {
	if t.network != next.network {
		return false
	}
	if t.secure == next.secure {
		return handshake.EqualFold(t.address, next.address)
	}
	host, plain := strings.CutSuffix(t.address, ":80")
	nextHost, secure := strings.CutSuffix(next.address, ":443")
	return next.secure && plain && secure && handshake.EqualFold(host, nextHost)
}

// goesAnywhere reports whether the field with the canonical name says something about the client alone, and nothing that
// one server may know and another may not. What is not known to be so is not.
func goesAnywhere(name string) bool {
	switch name {
	case "Accept", "Accept-Language", "Cache-Control", "Origin", "Pragma", "User-Agent":
		return true
	}
	return false
}

// withoutCredentials returns what of h may be sent to any server.
func withoutCredentials(h http.Header) http.Header {
	rest := make(http.Header)
	for name, values := range h {
		if goesAnywhere(name) {
			rest[name] = values
		}
	}
	return rest
}

// authorized returns h with the credentials of user, unless it has others. It does not change h.
func authorized(h http.Header, user *url.Userinfo) http.Header {
	if user == nil || h["Authorization"] != nil {
		return h
	}
	h = h.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h["Authorization"] = []string{basic(user)}
	return h
}

// basic returns the credentials of user for the field Authorization (RFC 7617, section 2).
func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// repeats reports whether text has a credential in it that is in h, or in the query of a URL.
func repeats(text []byte, h http.Header, query string) bool {
	var list []string
	for name, values := range h {
		for _, v := range values {
			list = append(list, secrets(name, v)...)
		}
	}
	list = append(list, querySecrets(query)...)
	return slices.ContainsFunc(list, func(secret string) bool { return bytes.Contains(text, []byte(secret)) })
}

// minSecret is how long a value has to be at least, in bytes, to be looked for, unless it is known to be a password. A
// cookie that is 1 is in many a text.
const minSecret = 4

// secrets returns the credentials in the value of the field with the canonical name.
func secrets(name, value string) (list []string) {
	switch {
	case goesAnywhere(name):
		return nil
	case name == "Authorization" || name == "Proxy-Authorization":
		_, value, _ = strings.Cut(value, " ") // behind the scheme
		if plain, err := base64.StdEncoding.DecodeString(value); err == nil {
			if _, password, _ := strings.Cut(string(plain), ":"); password != "" {
				list = append(list, password)
			}
		}
	case name == "Cookie":
		for pair := range strings.SplitSeq(value, ";") {
			if _, v, _ := strings.Cut(strings.TrimSpace(pair), "="); len(v) >= minSecret {
				list = append(list, v)
			}
		}
		return list
	}
	if len(value) >= minSecret {
		list = append(list, value)
	}
	return list
}

// querySecrets returns the values in a query, as they are sent and unescaped: where no field can be set, as in browsers, one
// of them is the credential.
func querySecrets(query string) (list []string) {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			value = name
		}
		plain, err := url.QueryUnescape(value)
		if err != nil {
			plain = value
		}
		if len(plain) >= minSecret {
			list = append(list, value, plain)
		}
	}
	return list
}

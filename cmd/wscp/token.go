package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// tokenVariable is the environment variable with the token of those who give no file.
const tokenVariable = "WSCP_TOKEN"

// maxToken is how many bytes a token may have.
const maxToken = 1024

// A token is what a client shows to be let in (RFC 6750). It must not get into what is printed. An empty one is none.
type token string

// readToken returns the token in the file, or in the environment if no file is named. There need not be any in the
// environment.
func readToken(file argument) (token, error) {
	if file == "" {
		value, ok := os.LookupEnv(tokenVariable)
		if !ok {
			return "", nil
		}
		return checkToken(tokenVariable, value)
	}
	f, err := os.Open(string(file))
	if err != nil {
		return "", err
	}
	defer f.Close()
	value, err := io.ReadAll(io.LimitReader(f, maxToken+3)) // with the end of the line, and a byte that is too much
	if err != nil {
		return "", err
	}
	return checkToken(string(file), strings.TrimRight(string(value), "\r\n"))
}

func checkToken(where, value string) (token, error) {
	notVisible := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case value == "":
		return "", fmt.Errorf("%s: no token", where)
	case len(value) > maxToken || strings.ContainsFunc(value, notVisible):
		return "", fmt.Errorf("%s: a token is one line of up to %d letters, digits and signs of ASCII, without spaces", where, maxToken)
	}
	return token(value), nil
}

// header returns the fields in which a client shows the token.
func (t token) header() http.Header {
	if t == "" {
		return nil
	}
	return http.Header{"Authorization": {"Bearer " + string(t)}}
}

// admits reports whether the request shows the token.
func (t token) admits(r *http.Request) bool {
	if t == "" {
		return true
	}
	scheme, shown, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return equal(strings.TrimLeft(shown, " "), string(t)) && strings.EqualFold(scheme, "Bearer")
}

// equal reports whether the secret is what was shown. How long that takes tells nothing of it.
func equal(shown, secret string) bool {
	got, want := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

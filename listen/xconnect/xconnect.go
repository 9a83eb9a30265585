// Package xconnect has the HTTP/2 servers of a program announce that they take WebSockets (RFC 8441). It is imported for
// that effect alone, by the program itself, in any of its files:
//
//	import _ "github.com/litert/websocket/listen/xconnect"
//
// Then a browser opens WebSockets as streams of the HTTP/2 connection that it has loaded the page over, and
// Upgrade and Handler of package [github.com/litert/websocket/listen] take them. Without it, a browser opens a connection over HTTP/1.1 for each.
//
// It is for the whole process, and each [net/http.Server] of it that speaks HTTP/2, whose handlers then get requests with the method
// CONNECT and a field ":protocol" in their header, at all paths, where a browser opens a WebSocket. A browser that is
// refused does not try HTTP/1.1. So all that took WebSockets over HTTP/1.1 has to take them so: other libraries, routes that
// are for the method GET alone, and proxies made of package httputil do not. A route without a method matches CONNECT, too.
//
// Package net/http has no field for this yet (golang/go#53208), but the setting http2xconnect=1 of the environment variable GODEBUG, which it
// reads when it is initialised, and neither a directive //go:debug nor go.mod takes. This package adds it to what the
// variable has; as it imports only package os, and its path sorts before net/http, it is initialised before that. Programs that
// are started by this one get the variable, too. If it has a value for http2xconnect already, that stays: 0 is no.
package xconnect

import "os"

const setting = "http2xconnect="

func init() {
	debug := os.Getenv("GODEBUG")
	for i := range len(debug) {
		if len(debug)-i >= len(setting) && debug[i:i+len(setting)] == setting {
			return
		}
	}
	if debug != "" {
		debug += ","
	}
	os.Setenv("GODEBUG", debug+setting+"1")
}

package listen

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/stream"
)

// IsWebSocket reports whether r asks for WebSocket: whether its fields Upgrade and Connection say so, or, over HTTP/2, its
// method CONNECT and its field :protocol (RFC 8441, section 5). Whether it does so properly is for [Upgrade] to say, which
// answers it properly if not. It may be called by any number of goroutines.
func IsWebSocket(r *http.Request) bool {
	if isExtendedConnect(r) {
		return isProtocolWebSocket(r)
	}
	return handshake.HasToken(r.Header["Upgrade"], "websocket") && handshake.HasToken(r.Header["Connection"], "Upgrade")
}

// An offer is what a request that has passed all checks asks for.
type offer struct {
	key       string // empty over HTTP/2
	extension string // the answer to what is accepted of the extensions; empty: none is
	hs        stream.Handshake
}

// A check returns why a request is refused, or nil.
type check = func(*http.Request, *conf.Listen) *Error

// The checks of a request over HTTP/1.1, and of one over HTTP/2, in order.
var (
	checksOfGet     = []check{checkHead, checkRequest, checkHost, checkUpgrade, checkVersion, checkKey, checkOrigin}
	checksOfConnect = []check{checkHead, checkConnect, checkHost, checkVersion, checkOrigin}
)

// take takes the offer of r, which it checks as RFC 6455, section 4.2.1 has it, or RFC 8441, section 5. It returns why the
// request is refused.
func (o *offer) take(r *http.Request, cfg *conf.Listen) *Error {
	if cfg.Err != nil {
		return &Error{http.StatusInternalServerError, cfg.Err}
	}
	checks := checksOfGet
	if isExtendedConnect(r) {
		checks = checksOfConnect
	}
	for _, check := range checks {
		if refused := check(r, cfg); refused != nil {
			return refused
		}
	}
	offers, refused := extensions(r)
	if refused != nil {
		return refused
	}
	subprotocol, refused := chooseSubprotocol(r, cfg.Subprotocols)
	if !isExtendedConnect(r) {
		o.key = r.Header[handshake.FieldKey][0]
	}
	o.hs.Server, o.hs.TLS = true, r.TLS
	o.hs.Resource, o.hs.Subprotocol = strings.Clone(resource(r)), subprotocol
	o.hs.Header = handshake.Others(r.Header)
	delete(o.hs.Header, protocolField)
	if cfg.Compression != nil {
		o.acceptCompression(offers, cfg.Compression.Deflate)
	}
	return refused
}

// acceptCompression takes the first offer of compression that can be accepted (RFC 7692, section 5.1).
func (o *offer) acceptCompression(offers []handshake.Extension, want handshake.Deflate) {
	if agreed, answer, ok := handshake.AcceptDeflate(offers, want); ok {
		o.extension = answer
		o.hs.Deflate = (*stream.Deflate)(&agreed)
	}
}

// resource returns the resource name that the client asked for (item 1), which may be part of a longer string. Handlers on
// the way to this one, such as that of [http.StripPrefix], change the URL.
func resource(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		return r.RequestURI
	}
	if target, err := url.ParseRequestURI(r.RequestURI); err == nil {
		return target.RequestURI()
	}
	return r.URL.RequestURI() // of a request that no server has read
}

// checkRequest checks that r is a GET without a body over HTTP/1.1, to a host (items 1 and 2).
func checkRequest(r *http.Request, _ *conf.Listen) *Error {
	switch {
	case r.ProtoMajor > 1:
		return refusal(http.StatusHTTPVersionNotSupported, "WebSocket needs HTTP/1.1, or extended CONNECT, and this request came over %.100q", r.Proto)
	case !r.ProtoAtLeast(1, 1):
		return refusal(http.StatusHTTPVersionNotSupported, "WebSocket needs HTTP/1.1, and this request came over %.100q: does a proxy speak that?", r.Proto)
	case r.Method != http.MethodGet:
		return refusal(http.StatusMethodNotAllowed, "the method is %.100q instead of GET", r.Method)
	case r.Host == "":
		return refusal(http.StatusBadRequest, "the field Host is missing")
	case r.ContentLength != 0 || len(r.TransferEncoding) > 0:
		return refusal(http.StatusBadRequest, "the request has a body")
	}
	return nil
}

// checkConnect checks that r, an extended CONNECT, is for WebSocket, and to a host, and that the stream stays open (RFC 8441,
// sections 4 and 5).
func checkConnect(r *http.Request, _ *conf.Listen) *Error {
	switch {
	case !isProtocolWebSocket(r):
		return refusal(http.StatusNotImplemented, "the pseudo-header :protocol is %.100q instead of websocket", r.Header[protocolField][0])
	case r.Host == "":
		return refusal(http.StatusBadRequest, "the pseudo-header :authority is missing")
	case len(r.Header["Content-Length"]) > 0 || r.ContentLength > 0:
		return refusal(http.StatusBadRequest, "the stream is to end by its Content-Length")
	case r.ContentLength == 0:
		return refusal(http.StatusBadRequest, "the stream has ended with the request")
	}
	return nil
}

// checkHost checks that the request is for this server (RFC 9110, section 7.4).
func checkHost(r *http.Request, cfg *conf.Listen) *Error {
	if cfg.AllowHost != nil && !cfg.AllowHost(r) {
		return refusal(http.StatusMisdirectedRequest, "the field Host is %.100q, which this server is not", r.Host)
	}
	return nil
}

// checkUpgrade checks what makes r a request for WebSocket (items 3 and 4).
func checkUpgrade(r *http.Request, _ *conf.Listen) *Error {
	switch {
	case len(r.Header["Upgrade"]) == 0:
		return refusal(http.StatusUpgradeRequired, "this is for WebSocket, and the request has no field Upgrade")
	case !handshake.HasToken(r.Header["Upgrade"], "websocket"):
		return refusal(http.StatusUpgradeRequired, "this is for WebSocket, and the field Upgrade does not name it")
	case !handshake.HasToken(r.Header["Connection"], "Upgrade"):
		return refusal(http.StatusUpgradeRequired, "the field Connection does not contain Upgrade: did a proxy remove it?")
	}
	return nil
}

// checkVersion checks the version of the protocol (item 6; section 4.4). Over HTTP/2 there is nothing to upgrade to.
func checkVersion(r *http.Request, _ *conf.Listen) *Error {
	status := http.StatusUpgradeRequired
	if r.ProtoMajor > 1 {
		status = http.StatusBadRequest
	}
	switch v := r.Header[handshake.FieldVersion]; {
	case len(v) == 0:
		return refusal(status, "the field Sec-WebSocket-Version is missing")
	case len(v) > 1:
		return refusal(http.StatusBadRequest, "there is more than one field Sec-WebSocket-Version")
	case v[0] != handshake.Version:
		return refusal(status, "the version of WebSocket is %.100q instead of %s", v[0], handshake.Version)
	}
	return nil
}

// checkKey checks the client's nonce (item 5).
func checkKey(r *http.Request, _ *conf.Listen) *Error {
	switch k := r.Header[handshake.FieldKey]; {
	case len(k) == 0:
		return refusal(http.StatusBadRequest, "the field Sec-WebSocket-Key is missing")
	case len(k) > 1:
		return refusal(http.StatusBadRequest, "there is more than one field Sec-WebSocket-Key")
	case !handshake.ValidKey(k[0]):
		return refusal(http.StatusBadRequest, "the field Sec-WebSocket-Key is not 16 bytes in base64")
	}
	return nil
}

// extensions returns the extensions that the client offers (item 9).
func extensions(r *http.Request) ([]handshake.Extension, *Error) {
	list, err := handshake.ParseExtensions(r.Header[handshake.FieldExtensions])
	if err != nil {
		return nil, refusal(http.StatusBadRequest, "the field Sec-WebSocket-Extensions is malformed: %w", err)
	}
	return list, nil
}

// checkOrigin checks which page a browser connects for (item 7; section 10.2).
func checkOrigin(r *http.Request, cfg *conf.Listen) *Error {
	values := r.Header["Origin"]
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return refusal(http.StatusForbidden, "there is more than one field Origin")
	}
	if o, ok := parseOrigin(values[0]); ok && o.isOf(r) {
		return nil
	}
	if cfg.AllowOrigin != nil && cfg.AllowOrigin(values[0]) {
		return nil
	}
	return refusal(http.StatusForbidden, "pages of the origin %.100q may not connect to %.100q", values[0], r.Host)
}

// chooseSubprotocol returns the first of ours that is among the client's subprotocols, or none (section 4.2.2).
func chooseSubprotocol(r *http.Request, ours []string) (string, *Error) {
	theirs, err := offeredSubprotocols(r)
	if err != nil {
		return "", refusal(http.StatusBadRequest, "the field Sec-WebSocket-Protocol is malformed: %w", err)
	}
	for _, name := range ours {
		if slices.Contains(theirs, name) {
			return name, nil // ours: theirs is part of the field, which would be kept with it
		}
	}
	return "", nil
}

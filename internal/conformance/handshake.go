package conformance

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// resource is what the client asks for.
const resource = "/conformance?a=b"

// guid is what the server appends to the client's key (section 1.3).
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + guid))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func newKey() string {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	return base64.StdEncoding.EncodeToString(nonce)
}

// open performs the opening handshake with an end from which nothing special is wanted.
func (l *link) open() error {
	if l.server {
		r, err := l.readRequest()
		if err != nil {
			return err
		}
		return l.answer(properResponse.String(), r, nil)
	}
	key := newKey()
	if err := l.ask(properRequest.String(), key, nil, 0); err != nil {
		return err
	}
	response, err := l.readResponse()
	if err != nil {
		return err
	}
	return checkResponse(response, key, nil, "")
}

// ask sends a request, in which <key> stands for key and <host> for the server, and frames right behind it.
func (l *link) ask(head, key string, behind []Frame, chop int) error {
	head = strings.NewReplacer("<key>", key, "<host>", l.conn.RemoteAddr().String()).Replace(head)
	b := []byte(head)
	for _, f := range behind {
		b = l.appendFrame(b, f)
	}
	for _, piece := range pieces(string(b), max(chop, 1)) {
		if chop == 0 {
			piece = string(b)
		}
		if _, err := io.WriteString(l.rw, piece); err != nil || chop == 0 {
			return err
		}
	}
	return nil
}

func (l *link) readResponse() (*http.Response, error) {
	response, err := http.ReadResponse(l.r, &http.Request{Method: http.MethodGet})
	if err != nil {
		return nil, fmt.Errorf("no response: %w", err)
	}
	return response, nil
}

// checkResponse checks the response of a server that accepts (section 4.2.2, item 5), and one extension or none.
func checkResponse(r *http.Response, key string, offered []string, extension string) error {
	h := r.Header
	switch accept := h.Values("Sec-WebSocket-Accept"); {
	case r.StatusCode != http.StatusSwitchingProtocols:
		return violation("answered " + r.Status + " (4.2.2)")
	case r.Proto != "HTTP/1.1":
		return violation("answered " + r.Proto + " (4.2.2)")
	case len(h.Values("Upgrade")) != 1 || !strings.EqualFold(h.Get("Upgrade"), "websocket"):
		return violation(fmt.Sprintf("answered Upgrade: %q (4.2.2)", h.Values("Upgrade")))
	case !strings.EqualFold(h.Get("Connection"), "Upgrade"):
		return violation(fmt.Sprintf("answered Connection: %q (4.2.2)", h.Values("Connection")))
	case len(accept) != 1 || accept[0] != acceptOf(key):
		return violation(fmt.Sprintf("answered Sec-WebSocket-Accept: %q (4.2.2)", accept))
	case elements(h.Values("Sec-WebSocket-Extensions")...) != elements(extension):
		return violation(fmt.Sprintf("answered Sec-WebSocket-Extensions: %q, not %q (9.1)", h.Values("Sec-WebSocket-Extensions"), extension))
	}
	chosen := h.Values("Sec-WebSocket-Protocol")
	if len(chosen) > 1 || len(chosen) == 1 && !slices.Contains(offered, chosen[0]) {
		return violation(fmt.Sprintf("chose subprotocol %q (4.2.2)", chosen))
	}
	return nil
}

// readRequest reads the request of a client, and checks it (section 4.1).
func (l *link) readRequest() (*http.Request, error) {
	r, err := http.ReadRequest(l.r)
	if err != nil {
		return nil, fmt.Errorf("no request: %w", err)
	}
	return r, checkRequest(r, l.conn.LocalAddr().String())
}

func checkRequest(r *http.Request, host string) error {
	h := r.Header
	key := h.Values("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(strings.Join(key, ""))
	switch {
	case r.Method != http.MethodGet || r.Proto != "HTTP/1.1":
		return violation("asked with " + r.Method + " and " + r.Proto + " (4.1, item 2)")
	case r.RequestURI != resource:
		return violation("asked for " + r.RequestURI + " (4.1, item 3)")
	case r.Host != host:
		return violation("asked with Host: " + r.Host + " (4.1, item 4)")
	case !strings.EqualFold(h.Get("Upgrade"), "websocket"):
		return violation(fmt.Sprintf("asked with Upgrade: %q (4.1, item 5)", h.Values("Upgrade")))
	case !strings.EqualFold(h.Get("Connection"), "Upgrade"):
		return violation(fmt.Sprintf("asked with Connection: %q (4.1, item 6)", h.Values("Connection")))
	case len(key) != 1 || err != nil || len(nonce) != 16:
		return violation(fmt.Sprintf("asked with Sec-WebSocket-Key: %q (4.1, item 7)", key))
	case !slices.Equal(h.Values("Sec-WebSocket-Version"), []string{"13"}):
		return violation(fmt.Sprintf("asked with Sec-WebSocket-Version: %q (4.1, item 9)", h.Values("Sec-WebSocket-Version")))
	}
	return nil
}

// answer sends a response, in which <accept> stands for the answer to the key of r, and frames right behind it.
func (l *link) answer(head string, r *http.Request, behind []Frame) error {
	key := r.Header.Get("Sec-WebSocket-Key")
	b := []byte(strings.NewReplacer("<accept>", acceptOf(key), "<key>", key).Replace(head))
	for _, f := range behind {
		b = l.appendFrame(b, f)
	}
	_, err := l.rw.Write(b)
	return err
}

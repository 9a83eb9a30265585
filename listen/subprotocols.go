package listen

import (
	"net/http"

	"github.com/litert/websocket/internal/handshake"
)

// OfferedSubprotocols returns the subprotocols that the client asks for, the preferred one first (RFC 6455, section 1.9):
// for programs that choose by the request, and then call [Upgrade] with the option [Subprotocols]. It is nil if there are
// none, or if the list is malformed, which Upgrade refuses. The slice is the caller's. It may be called by any number of
// goroutines.
func OfferedSubprotocols(r *http.Request) []string {
	names, err := offeredSubprotocols(r)
	if err != nil {
		return nil
	}
	return names
}

// offeredSubprotocols returns the list of r, or what is wrong with it.
func offeredSubprotocols(r *http.Request) ([]string, error) {
	names, err := handshake.ParseTokens(r.Header[handshake.FieldSubprotocol])
	if err == nil && len(names) > 1 { // to check takes much of the stack
		err = handshake.CheckSubprotocols(names)
	}
	return names, err
}

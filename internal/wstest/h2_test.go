package wstest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/litert/websocket/internal/wstest"
)

// Without package listen/xconnect, which this program has not, a server does not take extended CONNECT.
func TestServersDoNotAnnounceExtendedConnectByThemselves(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	h := wstest.DialH2(t, server.Listener.Addr().String(), server.Client().Transport.(*http.Transport).TLSClientConfig)
	defer h.Close()
	if h.Setting(wstest.H2InitialWindowSize) == 0 || h.Setting(wstest.H2EnableConnect) != 0 {
		t.Error("the settings are not those of a server without it")
	}
	if s := h.Connect("/"); s.End() != wstest.H2ProtocolError {
		t.Errorf("the stream has ended with %v", s.End())
	}
}

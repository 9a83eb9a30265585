package xconnect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/wstest"
	_ "github.com/litert/websocket/listen/xconnect"
)

// child is the variable that has the tests of a process of its own tell what they see.
const child = "XCONNECT_TEST_CHILD"

// TestServersAnnounceExtendedConnect is of the process of this test, which has the package in it, and of others that differ in
// what GODEBUG is before.
func TestServersAnnounceExtendedConnect(t *testing.T) {
	if os.Getenv(child) != "" {
		fmt.Printf("announced %t, GODEBUG %q\n", announced(t), os.Getenv("GODEBUG"))
		return
	}
	if !announced(t) {
		t.Error("it is not announced by this process")
	}
	for _, tt := range []struct{ before, want string }{
		{"", `announced true, GODEBUG "http2xconnect=1"`},
		{"netdns=go", `announced true, GODEBUG "netdns=go,http2xconnect=1"`},
		{"http2xconnect=1", `announced true, GODEBUG "http2xconnect=1"`},
		{"netdns=go,http2xconnect=0", `announced false, GODEBUG "netdns=go,http2xconnect=0"`},
		{"http2xconnect", `announced true, GODEBUG "http2xconnect,http2xconnect=1"`},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestServersAnnounceExtendedConnect$")
		cmd.Env = append(os.Environ(), child+"=1", "GODEBUG="+tt.before)
		got, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(got), tt.want+"\nPASS\n") { // behind it stands how much is covered
			t.Errorf("with %q: %v, %s, want %s", tt.before, err, got, tt.want)
		}
	}
}

// announced reports whether a server of package net/http says that it takes extended CONNECT.
func announced(t *testing.T) bool {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	h := wstest.DialH2(t, server.Listener.Addr().String(), server.Client().Transport.(*http.Transport).TLSClientConfig)
	if h.Setting(wstest.H2InitialWindowSize) == 0 {
		t.Error("the server has sent no settings")
	}
	return h.Setting(wstest.H2EnableConnect) == 1
}

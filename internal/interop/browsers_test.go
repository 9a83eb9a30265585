//go:build interop

package interop_test

import (
	"crypto/sha256"
	"crypto/tls"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed peers/page.html
var page string

//go:embed peers/obey.mjs
var obeyScript string

// inPage returns what has a browser load a page from s, which asks for the URLs to connect to and reports to s. So start is
// called with the first URL: the page is of the same origin, the reverse proxy's if there is one in between.
func inPage(start func(t *testing.T, url string)) func(*testing.T, *server) (func(url string), <-chan string) {
	return func(t *testing.T, s *server) (func(string), <-chan string) {
		serveText(s.mux, "/{$}", "text/html", strings.ReplaceAll(page, "SUBPROTOCOLS", strings.Join(offered, ",")))
		serveText(s.mux, "/obey.mjs", "text/javascript", obeyScript)
		urls, lines := s.exchange()
		started := false
		return func(url string) {
			urls <- url
			if !started {
				started = true
				start(t, pageURL(url))
			}
		}, lines
	}
}

// pageURL returns the URL of the page of a server with the WebSocket at url.
func pageURL(url string) string {
	return "http" + strings.TrimSuffix(strings.TrimPrefix(url, "ws"), "ws")
}

// exchange has s hand what is sent to the first channel to the page, which asks for it, and return its reports.
func (s *server) exchange() (orders chan<- string, reports <-chan string) {
	next, lines := make(chan string, 1), make(chan string, 1)
	s.mux.HandleFunc("/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case line := <-next:
			io.WriteString(w, line)
		case <-r.Context().Done():
		}
	})
	s.mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		line, err := io.ReadAll(r.Body)
		if err != nil {
			line = []byte(lost(err))
		}
		lines <- string(line)
	})
	return next, lines
}

func serveText(mux *http.ServeMux, pattern, contentType, text string) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, text)
	})
}

// startChromium has Chromium load a page. One that is left is gone: in the cache for going back, it would be kept with its
// connections.
func startChromium(t *testing.T, url string) { runChromium(t, tempDir(t), url) }

func runChromium(t *testing.T, profile string, args ...string) {
	start(t, exec.Command("chromium", append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-features=BackForwardCache", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--ignore-certificate-errors", "--enable-logging=stderr", "--user-data-dir=" + profile}, args...)...))
}

// firefoxPreferences have WebSockets take the connection of their page; the second name is of releases before.
const firefoxPreferences = `user_pref("network.http.http2.websockets", true);
user_pref("network.http.spdy.websockets", true);
`

// startFirefox has Firefox load a page. It takes the certificate of the server, whatever that is.
func startFirefox(t *testing.T, page string) {
	profile := tempDir(t)
	writeTo(t, filepath.Join(profile, "user.js"), firefoxPreferences)
	if u, err := url.Parse(page); err == nil && u.Scheme == "https" {
		writeTo(t, filepath.Join(profile, "cert_override.txt"), certificateOverride(t, u.Host))
	}
	runFirefox(t, profile, page)
}

func runFirefox(t *testing.T, profile string, args ...string) {
	start(t, exec.Command("firefox-esr", append([]string{"--headless", "--no-remote", "--profile", profile}, args...)...))
}

// certificateOverride returns the line with which Firefox takes the certificate that the server at addr has.
func certificateOverride(t *testing.T, addr string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	sum := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].Raw)
	fingerprint := strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
	return addr + ":\tOID.2.16.840.1.101.3.4.2.1\t" + fingerprint + "\t\n"
}

func writeTo(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

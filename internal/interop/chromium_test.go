//go:build interop

package interop_test

import (
	_ "embed"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

//go:embed peers/page.html
var page string

//go:embed peers/obey.mjs
var obeyScript string

// chromiumClient has a browser load a page from s, which asks for the URLs to connect to and reports to s. So it starts
// with the first URL: the page is of the same origin, the reverse proxy's if there is one in between.
func chromiumClient(t *testing.T, s *server) (connect func(url string), reports <-chan string) {
	serveText(s.mux, "/{$}", "text/html", strings.ReplaceAll(page, "SUBPROTOCOLS", strings.Join(offered, ",")))
	serveText(s.mux, "/obey.mjs", "text/javascript", obeyScript)
	urls, lines := s.exchange()
	started := false
	return func(url string) {
		urls <- url
		if !started {
			started = true
			startChromium(t, "http"+strings.TrimSuffix(strings.TrimPrefix(url, "ws"), "ws"))
		}
	}, lines
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
func startChromium(t *testing.T, url string) {
	start(t, exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-features=BackForwardCache", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--ignore-certificate-errors", "--enable-logging=stderr", "--user-data-dir="+tempDir(t), url))
}

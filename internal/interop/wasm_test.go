//go:build interop

package interop_test

import (
	_ "embed"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

//go:embed peers/wasm.html
var wasmPage string

// A host runs this module as a WebAssembly program.
type host struct {
	name    string
	streams bool // has WebSocketStream
	browser bool

	// start starts the program. It gets an order for each call, and answers it with a report, or with several.
	start func(t *testing.T, s *server) (order func(line string), reports <-chan string)
}

var hosts = []host{
	{"chromium", true, true, inBrowser(startChromium, "")},
	{"chromium without WebSocketStream", false, true, inBrowser(startChromium, "?plain")},
	{"firefox", false, true, inBrowser(startFirefox, "")},
	{"node", false, false, inNode},
}

// client returns what starts the host as a peer.
func (h host) client(t *testing.T, s *server) (connect func(url string), reports <-chan string) {
	order, reports := h.start(t, s)
	return func(url string) { order("obey " + url) }, reports
}

// wasmFiles builds the program once, and returns its path and that of what it is loaded by.
var wasmFiles = sync.OnceValues(func() (built, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return built{}, err
	}
	name := filepath.Join(wasmDir, "main.wasm")
	cmd := exec.Command("go", "build", "-ldflags=-checklinkname=0", "-o", name, "./wasm")
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return built{}, fmt.Errorf("%w: %s", err, out)
	}
	return built{name, filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")}, nil
})

type built struct{ program, loader string }

func wasmProgram(t *testing.T) built {
	t.Helper()
	b, err := wasmFiles()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inBrowser returns what has a browser load the page, from s.
func inBrowser(start func(t *testing.T, url string), query string) func(*testing.T, *server) (func(string), <-chan string) {
	return func(t *testing.T, s *server) (func(string), <-chan string) {
		b := wasmProgram(t)
		serveText(s.mux, "/wasm", "text/html", wasmPage)
		s.mux.HandleFunc("/wasm_exec.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, b.loader) })
		s.mux.HandleFunc("/main.wasm", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, b.program) })
		urls, lines := s.exchange()
		start(t, pageURL(s.url)+"wasm"+query)
		return func(line string) { urls <- line }, lines
	}
}

// inNode runs the program in Node.
func inNode(t *testing.T, _ *server) (order func(line string), reports <-chan string) {
	b := wasmProgram(t)
	stdin, lines := startScript(t, "node", "wasm.mjs", "client", "INTEROP_WASM="+b.program, "INTEROP_WASM_EXEC="+b.loader)
	return func(line string) { fmt.Fprintln(stdin, line) }, lines
}

func TestWasmIsAPeer(t *testing.T) {
	for _, h := range hosts {
		t.Run(h.name, func(t *testing.T) {
			withClient(t, peer{h.name, ofBrowsers | pings | allCodes, nil, h.client}, direct, checks)
		})
	}
}

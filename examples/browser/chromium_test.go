//go:build interop && unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testPage uploads a file twice, and downloads it, and one that is not there, with the program of the page.
const testPage = `<!doctype html>
<script src="/wasm_exec.js"></script>
<script type="module">
  const report = text => fetch('/report', { method: 'POST', body: text });
  const go = new Go();
  const { instance } = await WebAssembly.instantiateStreaming(fetch('/client.wasm'), go.importObject);
  go.run(instance);
  const parts = [];
  const file = new File([new Blob([new Uint8Array(%d).fill(97)])], 'größe');
  for (const step of [
    () => files.upload(file, part => parts.push(part)).then(text => text + ', ' + parts.at(-1)),
    () => files.upload(file, () => {}),
    () => files.download('größe', part => parts.push(part)).then(async blob => {
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return bytes.length + ' bytes, ' + bytes.every(b => b === 97) + ', ' + parts.at(-1);
    }),
    () => files.download('none', () => {}),
  ]) await step().then(report, err => report(err.message));
</script>`

func TestABrowserSendsAndReceivesFiles(t *testing.T) {
	const size = 9<<20 + 1
	program, files := t.TempDir(), t.TempDir()
	if err := build(program); err != nil {
		t.Fatal(err)
	}
	dir, err := os.OpenRoot(files)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	reports := make(chan string, 4)
	mux := store{dir}.handler(program)
	mux.HandleFunc("/test", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, testPage, size)
	})
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		reports <- string(text)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	startBrowser(t, server.URL+"/test")
	for _, want := range []string{
		fmt.Sprintf("%d bytes are stored, 1", size),
		"there is a file of this name, or it is none",
		fmt.Sprintf("%d bytes, true, 1", size),
		"there is no such file",
	} {
		select {
		case got := <-reports:
			if got != want {
				t.Errorf("the page reports %q, want %q", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatal("the page reports nothing")
		}
	}
	stored, err := os.ReadFile(filepath.Join(files, "größe"))
	if err != nil || string(stored) != strings.Repeat("a", size) {
		t.Errorf("%d bytes are stored (%v)", len(stored), err)
	}
}

// startBrowser has a browser load a page, until the test ends.
func startBrowser(t *testing.T, url string) {
	home, err := os.MkdirTemp("", "chromium") // its sockets want a short name
	if err != nil {
		t.Fatal(err)
	}
	browser := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+home, url)
	browser.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home)
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it has children
	if err := browser.Start(); err != nil {
		t.Fatalf("%v (the script .ci/run installs what is needed)", err)
	}
	t.Cleanup(func() {
		syscall.Kill(-browser.Process.Pid, syscall.SIGKILL)
		browser.Wait()
		for range 100 { // its children may be about to end, and write
			if err = os.RemoveAll(home); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error(err)
	})
}

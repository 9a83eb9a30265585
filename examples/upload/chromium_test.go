//go:build interop && unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testPage uploads two files with the script of the page, and reports what comes of each.
const testPage = `<!doctype html>
<script type="module">
  import { upload } from './upload.js';

  const report = text => fetch('/report', { method: 'POST', body: text });
  for (const size of [%d, %d]) {
    const parts = [];
    const file = new File([new Blob([new Uint8Array(size).fill(97)])], 'größe ' + size);
    await upload(file, part => parts.push(part))
      .then(answer => report(answer + ', ' + parts.at(-1)), err => report(err.message));
    await upload(file, () => {}).then(report, err => report(err.message));
  }
</script>`

func TestABrowserUploads(t *testing.T) {
	const size, max = 9<<20 + 1, 10 << 20
	server, dir, mux := serveFiles(t, max)
	reports := make(chan string, 4)
	mux.HandleFunc("/test", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, testPage, size, max+1)
	})
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		reports <- string(text)
	})
	home, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	defer remove(t, home)
	browser := exec.CommandContext(testContext(t), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+home, server+"/test")
	browser.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home)
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it has children
	if err := browser.Start(); err != nil {
		t.Fatalf("%v (the script .ci/run installs what is needed)", err)
	}
	defer func() {
		syscall.Kill(-browser.Process.Pid, syscall.SIGKILL)
		browser.Wait()
	}()
	for _, want := range []string{
		fmt.Sprintf("%d bytes are stored, 1", size),
		errTaken.Error(),
		fmt.Sprintf("a file may have %d bytes", max),
		fmt.Sprintf("a file may have %d bytes", max),
	} {
		select {
		case got := <-reports:
			if got != want {
				t.Errorf("the page reports %q, want %q", got, want)
			}
		case <-testContext(t).Done():
			t.Fatal("the page reports nothing")
		}
	}
	awaitFiles(t, dir, map[string]string{fmt.Sprintf("größe %d", size): strings.Repeat("a", size)})
}

// remove removes a folder that processes which are about to end may still write to.
func remove(t *testing.T, dir string) {
	var err error
	for range 100 {
		if err = os.RemoveAll(dir); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error(err)
}

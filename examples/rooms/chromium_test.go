//go:build interop && linux

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/examples/rooms/protocol"
)

// testPage has the page say something, and reports what it shows, whenever that changes.
const testPage = `<!doctype html>
<iframe id="page" src="/?room=a&name=page"></iframe>
<script type="module">
  const frame = document.getElementById('page');
  await new Promise(resolve => frame.addEventListener('load', resolve));
  const page = frame.contentDocument;
  page.getElementById('text').value = 'from the page';
  page.getElementById('form').requestSubmit();
  for (let last = ''; ; await new Promise(resolve => setTimeout(resolve, 20))) {
    const [said, present] = ['said', 'present'].map(id => page.getElementById(id).textContent);
    if (said + present !== last) await fetch('/report?present=' + encodeURIComponent(present), { method: 'POST', body: said });
    last = said + present;
  }
</script>`

// joinNATS runs a node in this process, until stop is called, or the test ends.
func joinNATS(t *testing.T, nats string) (target *url.URL, stop func()) {
	t.Helper()
	n := newNode()
	n.spread = 200 * time.Millisecond
	addr, stop := run(t, n, "nats://"+nats)
	return &url.URL{Scheme: "http", Host: addr}, stop
}

func TestABrowserComesBackToAnotherNodeAndMissesNothing(t *testing.T) {
	nats := freeAddress(t, backend)
	startNATSAt(t, nats, t.TempDir())
	first, stop := joinNATS(t, nats)
	second, _ := joinNATS(t, nats)
	var target atomic.Pointer[url.URL]
	target.Store(first)
	var present atomic.Value // what the page shows of that
	reports := make(chan string)
	ctx := testContext(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/test", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, testPage)
	})
	mux.HandleFunc("/report", func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		present.Store(r.URL.Query().Get("present"))
		select {
		case reports <- string(text):
		case <-ctx.Done():
		}
	})
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target.Load())
		r.Out.Host = r.In.Host
	}})
	server := httptest.NewServer(mux)
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	defer server.Close()
	speaker, _ := enter(t, second.Host, "a", "")
	browse(t, server.URL+"/test")
	if e := next(t, speaker, protocol.Said); e.From != "page" || e.Text != "from the page" {
		t.Errorf("the page says %+v", e)
	}
	shown := "page: from the page\n"
	await := func() {
		t.Helper()
		for {
			select {
			case got := <-reports:
				if got == shown {
					return
				}
				if len(got) >= len(shown) {
					t.Fatalf("the page shows %q, want %q", got, shown)
				}
			case <-ctx.Done():
				t.Fatalf("the page does not show %q", shown)
			}
		}
	}
	await()
	say(t, speaker, "1", "while all is well")
	shown += "alice: while all is well\n"
	await()
	target.Store(second)
	say(t, speaker, "2", "before the node ends")
	stop()
	say(t, speaker, "3", "behind that")
	shown += "alice: before the node ends\nalice: behind that\n"
	await()
	eventually(t, "the page shows who is present", func() bool {
		select {
		case <-reports:
		default:
		}
		return present.Load() == "2 in a: alice, page"
	})
}

// browse has a browser show a page until the test ends.
func browse(t *testing.T, page string) {
	t.Helper()
	home, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		eventually(t, "the folder of the browser is removed", func() bool { return os.RemoveAll(home) == nil })
	})
	browser := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+home, page)
	browser.Env = append(os.Environ(), "HOME="+home, "TMPDIR="+home)
	start(t, browser)
}

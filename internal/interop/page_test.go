//go:build interop

package interop_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The page of "wscp serve" is loaded by browsers as it is.
func TestThePageOfWscp(t *testing.T) {
	for name, start := range map[string]func(*testing.T) browser{"chromium": startDevTools, "firefox": startBiDi} {
		t.Run(name, func(t *testing.T) {
			b := start(t)
			t.Run("uploads", func(t *testing.T) { testPageUploads(t, b) })
			t.Run("goes on after a reload", func(t *testing.T) { testPageReload(t, b) })
			t.Run("goes on when the network is back", func(t *testing.T) { testPageCut(t, b) })
			t.Run("goes on when the server is back", func(t *testing.T) { testPageServer(t, b) })
			t.Run("tells when the token is asked for again", func(t *testing.T) { testPageTokenAgain(t, b) })
			t.Run("goes on after it was cancelled", func(t *testing.T) { testPageCancel(t, b) })
			t.Run("begins anew with another file", func(t *testing.T) { testPageOtherFile(t, b) })
			t.Run("asks before it replaces a file", func(t *testing.T) { testPageReplaces(t, b) })
			t.Run("shows markup as text", func(t *testing.T) { testPageMarkup(t, b) })
			t.Run("asks for the token", func(t *testing.T) { testPageToken(t, b, "http") })
			t.Run("asks for the token over TLS", func(t *testing.T) { testPageToken(t, b, "https", "-tls") })
			t.Run("tells what is refused", func(t *testing.T) { testPageRefuses(t, b) })
			t.Run("takes what is dropped", func(t *testing.T) { testPageDrop(t, b) })
		})
	}
}

// newFile writes a file of n random bytes.
func newFile(t *testing.T, name string, n int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(len(name))}).Read(content)
	path = filepath.Join(tempDir(t), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, content
}

// state returns an expression for whether the last upload of the page is in a state.
func state(name string) string {
	return fmt.Sprintf("document.querySelector('#uploads li:last-child')?.dataset.state === %q", name)
}

// says returns an expression for whether the page shows a text.
func says(text string) string { return fmt.Sprintf("document.body.innerText.includes(%q)", text) }

// press returns an expression that presses the first button with a text.
func press(text string) string {
	return fmt.Sprintf("Array.from(document.querySelectorAll('button'), b => b.textContent === %q && !b.hidden && b.click()).length", text)
}

// checkUploaded waits until the page says that a file is uploaded, and checks that it is.
func checkUploaded(t *testing.T, b browser, dir, name string, content []byte) {
	t.Helper()
	eventually(t, b, state("done"))
	eventually(t, b, says(digest(content)))
	eventually(t, b, fmt.Sprintf("Array.from(document.querySelectorAll('#files [data-file]'), row => row.dataset.file).includes(%q)", name))
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%q: %d bytes are stored of %d, or others: %v", name, len(got), len(content), err)
	}
}

// Chosen together, files are uploaded one after the other.
func testPageUploads(t *testing.T, b browser) {
	dir, address := serveFolder(t)
	large, content := newFile(t, "large file", 64<<20)
	small, few := newFile(t, "größe 100%?#.txt", 3)
	empty, none := newFile(t, "empty", 0)
	b.open(t, "http://"+address+"/")
	eventually(t, b, says("Nothing is in this folder."))
	b.choose(t, "chooser", large, small, empty)
	eventually(t, b, "document.querySelectorAll('[data-state=done]').length === 3")
	checkUploaded(t, b, dir, "large file", content)
	checkUploaded(t, b, dir, "größe 100%?#.txt", few)
	checkUploaded(t, b, dir, "empty", none)
	mustEval(t, b, "document.querySelector('#files a[href*=large]').click()")
	checkDownload(t, b, "large file", content)
}

// checkDownload waits until the browser has a file.
func checkDownload(t *testing.T, b browser, name string, content []byte) {
	t.Helper()
	waitFor(t, "the download of "+name, func() (bool, string) {
		info, err := os.Stat(filepath.Join(b.downloads(), name))
		return err == nil && info.Size() == int64(len(content)), fmt.Sprint(info, err)
	})
	if got, err := os.ReadFile(filepath.Join(b.downloads(), name)); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%q: %d bytes have come of %d, or others: %v", name, len(got), len(content), err)
	}
}

func testPageReplaces(t *testing.T, b browser) {
	dir, address := serveFolder(t)
	name, content := newFile(t, "file", 3)
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(t, "http://"+address+"/")
	b.choose(t, "chooser", name)
	eventually(t, b, state("asked"))
	mustEval(t, b, press("Skip it"))
	eventually(t, b, "document.querySelectorAll('#uploads li').length === 0")
	if got, err := os.ReadFile(filepath.Join(dir, "file")); string(got) != "old" {
		t.Errorf("the file is %q, %v", got, err)
	}
	b.choose(t, "chooser", name)
	eventually(t, b, state("asked"))
	mustEval(t, b, press("Replace it"))
	checkUploaded(t, b, dir, "file", content)
}

func testPageMarkup(t *testing.T, b browser) {
	const name = `<img src=x onerror="document.title='owned'"> & '"x.html`
	dir, address := serveFolder(t)
	const script = "<!doctype html><script>document.title = 'owned'</script>"
	source := filepath.Join(tempDir(t), name)
	if err := os.WriteFile(source, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	b.open(t, "http://"+address+"/")
	b.choose(t, "chooser", source)
	eventually(t, b, state("done"))
	eventually(t, b, fmt.Sprintf("document.querySelector('#uploads .name').textContent === %q", name))
	b.open(t, "http://"+address+"/")
	eventually(t, b, says(name))
	mustEval(t, b, "document.querySelector('#files a').click()")
	waitFor(t, "the download", func() (bool, string) {
		names, err := filepath.Glob(filepath.Join(b.downloads(), "*x.html"))
		return len(names) == 1, fmt.Sprint(names, err)
	})
	if got := mustEval(t, b, "[document.title === 'owned', location.pathname, document.images.length]"); got != `[false,"/",0]` {
		t.Errorf("the page has %s", got)
	}
	if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != script {
		t.Errorf("the file is %q, %v", got, err)
	}
}

func testPageToken(t *testing.T, b browser, scheme string, flags ...string) {
	dir, address := serveFolder(t, append(flags, "-token-file", newToken(t, "right+token%26"))...)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	enter := func(token string) {
		mustEval(t, b, fmt.Sprintf("document.getElementById('token').value = %q", token))
		mustEval(t, b, "document.left = true")
		mustEval(t, b, press("Enter"))
		eventually(t, b, "!document.left && document.readyState === 'complete'")
	}
	b.open(t, scheme+"://"+address+"/folder/")
	enter("wrong")
	eventually(t, b, says("That is not the token."))
	enter("right+token%26")
	eventually(t, b, says("Nothing is in this folder."))
	path, content := newFile(t, "file", 100000)
	b.choose(t, "chooser", path)
	checkUploaded(t, b, filepath.Join(dir, "folder"), "file", content)
	if got := mustEval(t, b, "[document.cookie, location.href]"); got != fmt.Sprintf(`["","%s://%s/folder/"]`, scheme, address) {
		t.Errorf("scripts of the page can see %s", got)
	}
}

func testPageRefuses(t *testing.T, b browser) {
	_, address := serveFolder(t, "-max-size", "10")
	large, _ := newFile(t, "large", 11)
	reserved, _ := newFile(t, ".wscp-file", 3)
	b.open(t, "http://"+address+"/")
	b.choose(t, "chooser", large)
	eventually(t, b, says("It has 11 B; a file may have 10 B at most here."))
	b.choose(t, "chooser", reserved)
	eventually(t, b, state("failed"))
	eventually(t, b, says("The server refuses the file: "))

	_, address = serveFolder(t, "-readonly")
	b.open(t, "http://"+address+"/")
	eventually(t, b, says("Files can only be read here."))
	if got := mustEval(t, b, "document.getElementById('chooser')"); got != "null" {
		t.Error("files can be chosen where they are only read")
	}
}

func testPageDrop(t *testing.T, b browser) {
	dir, address := serveFolder(t)
	b.open(t, "http://"+address+"/")
	mustEval(t, b, `(dropped => {
		dropped.items.add(new File(['content'], 'dropped'));
		for (const what of ['dragover', 'drop']) document.body.dispatchEvent(new DragEvent(what, { dataTransfer: dropped, bubbles: true, cancelable: true }));
	})(new DataTransfer())`)
	checkUploaded(t, b, dir, "dropped", []byte("content"))
}

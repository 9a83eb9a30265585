//go:build interop

package interop_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// devTools is Chromium, by the protocol of its DevTools.
type devTools struct {
	*remote
	folder string
}

func startDevTools(t *testing.T) browser {
	profile := tempDir(t)
	runChromium(t, profile, "--remote-debugging-port=0", "about:blank")
	var port, path string
	waitFor(t, "the port of DevTools", func() (bool, string) {
		text, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
		port, path, _ = strings.Cut(string(text), "\n")
		return path != "", fmt.Sprint(string(text), err)
	})
	d := devTools{connectRemote(t, "ws://127.0.0.1:"+port+path), tempDir(t)}
	d.call(t, "Browser.setDownloadBehavior", object{"behavior": "allow", "downloadPath": d.folder}, nil)
	var tab struct{ TargetID string }
	d.call(t, "Target.createTarget", object{"url": "about:blank"}, &tab)
	var attached struct{ SessionID string }
	d.call(t, "Target.attachToTarget", object{"targetId": tab.TargetID, "flatten": true}, &attached)
	d.session = attached.SessionID
	return d
}

func (d devTools) downloads() string { return d.folder }

func (d devTools) open(t *testing.T, url string) {
	t.Helper()
	d.call(t, "Page.enable", object{}, nil)
	mustEval(t, d, "document.left = true")
	d.call(t, "Page.navigate", object{"url": url}, nil)
	eventually(t, d, "!document.left && document.readyState === 'complete'")
}

// A remoteObject is a value of the page.
type remoteObject struct {
	Value    string
	ObjectID string
}

func (d devTools) evaluate(expression string) (remoteObject, error) {
	var answer struct {
		Result           remoteObject
		ExceptionDetails *struct {
			Exception struct{ Description string }
		}
	}
	if err := d.try("Runtime.evaluate", object{"expression": expression, "awaitPromise": true}, &answer); err != nil {
		return remoteObject{}, err
	}
	if thrown := answer.ExceptionDetails; thrown != nil {
		return remoteObject{}, errors.New(thrown.Exception.Description)
	}
	return answer.Result, nil
}

func (d devTools) eval(expression string) (string, error) {
	value, err := d.evaluate(asJSON(expression))
	return value.Value, err
}

func (d devTools) choose(t *testing.T, id string, files ...string) {
	t.Helper()
	input, err := d.evaluate(fmt.Sprintf("document.getElementById(%q)", id))
	if err != nil {
		t.Fatal(err)
	}
	d.call(t, "DOM.setFileInputFiles", object{"files": files, "objectId": input.ObjectID}, nil)
}

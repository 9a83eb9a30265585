//go:build interop

package interop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// biDi is Firefox, by WebDriver BiDi.
type biDi struct {
	*remote
	tab, folder string
}

func startBiDi(t *testing.T) browser {
	profile, folder := tempDir(t), tempDir(t)
	var prefs string
	for name, value := range map[string]any{
		"browser.download.folderList":                           2,
		"browser.download.dir":                                  folder,
		"browser.download.alwaysOpenPanel":                      false,
		"browser.download.always_ask_before_handling_new_types": false,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		prefs += fmt.Sprintf("user_pref(%q, %s);\n", name, text)
	}
	if err := os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs), 0o600); err != nil {
		t.Fatal(err)
	}
	runFirefox(t, profile, "--remote-debugging-port=0", "about:blank")
	var server struct {
		Host string `json:"ws_host"`
		Port int    `json:"ws_port"`
	}
	waitFor(t, "the port of WebDriver", func() (bool, string) {
		text, err := os.ReadFile(filepath.Join(profile, "WebDriverBiDiServer.json"))
		if err == nil {
			err = json.Unmarshal(text, &server)
		}
		return err == nil && server.Port != 0, fmt.Sprint(string(text), err)
	})
	b := biDi{connectRemote(t, fmt.Sprintf("ws://%s:%d/session", server.Host, server.Port)), "", folder}
	b.call(t, "session.new", object{"capabilities": object{"alwaysMatch": object{"acceptInsecureCerts": true}}}, nil)
	var tree struct{ Contexts []struct{ Context string } }
	b.call(t, "browsingContext.getTree", object{}, &tree)
	b.tab = tree.Contexts[0].Context
	return b
}

func (b biDi) downloads() string { return b.folder }

func (b biDi) open(t *testing.T, url string) {
	t.Helper()
	b.call(t, "browsingContext.navigate", object{"context": b.tab, "url": url, "wait": "complete"}, nil)
}

// A sharedValue is a value of the page.
type sharedValue struct {
	Value    json.RawMessage
	SharedID string
}

func (b biDi) evaluate(expression string) (sharedValue, error) {
	var answer struct {
		Result           sharedValue
		ExceptionDetails *struct{ Text string }
	}
	params := object{"expression": expression, "target": object{"context": b.tab}, "awaitPromise": true}
	if err := b.try("script.evaluate", params, &answer); err != nil {
		return sharedValue{}, err
	}
	if answer.ExceptionDetails != nil {
		return sharedValue{}, errors.New(answer.ExceptionDetails.Text)
	}
	return answer.Result, nil
}

func (b biDi) eval(expression string) (text string, err error) {
	value, err := b.evaluate(asJSON(expression))
	if err != nil {
		return "", err
	}
	return text, json.Unmarshal(value.Value, &text)
}

func (b biDi) choose(t *testing.T, id string, files ...string) {
	t.Helper()
	input, err := b.evaluate(fmt.Sprintf("document.getElementById(%q)", id))
	if err != nil {
		t.Fatal(err)
	}
	b.call(t, "input.setFiles", object{"context": b.tab, "element": object{"sharedId": input.SharedID}, "files": files}, nil)
}

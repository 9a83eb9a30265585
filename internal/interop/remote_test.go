//go:build interop

package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// A browser is told what a person would do with a page. Its methods are called one after the other.
type browser interface {
	open(t *testing.T, url string)

	// eval returns what a JavaScript expression, or the promise that it is, comes to, as JSON.
	eval(expression string) (string, error)

	// choose has the input of that id have files, as if a person had chosen them.
	choose(t *testing.T, id string, files ...string)

	// downloads is the folder that they go to.
	downloads() string
}

// A remote is a browser that is told over WebSocket what to do, by calls in JSON: the DevTools of Chromium and WebDriver BiDi of
// Firefox have that in common.
type remote struct {
	conn    *stream.Conn[*stream.Reader]
	session string // of DevTools
	calls   int
}

// connectRemote connects to a browser, for as long as the test runs.
func connectRemote(t *testing.T, url string) *remote {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangs)
	defer cancel()
	conn, err := dial.Dial(ctx, url, stream.Standard, stream.KeepAlive(15*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Abort() })
	return &remote{conn: conn}
}

// try calls a method, and decodes its result. Events that come meanwhile are left out.
func (r *remote) try(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), hangs)
	defer cancel()
	r.calls++
	call := map[string]any{"id": r.calls, "method": method, "params": params}
	if r.session != "" {
		call["sessionId"] = r.session
	}
	text, err := json.Marshal(call)
	if err != nil {
		return err
	}
	if err := r.conn.WriteText(ctx, string(text)); err != nil {
		return err
	}
	for msg, err := range r.conn.All(ctx) {
		if err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		var answer struct {
			ID            int
			Result, Error json.RawMessage
			Message       string // of BiDi, beside its error
		}
		if err := json.NewDecoder(msg).Decode(&answer); err != nil {
			return err
		}
		switch {
		case answer.ID != r.calls:
		case answer.Error != nil:
			return fmt.Errorf("%s: %s %s", method, answer.Error, answer.Message)
		case result != nil:
			return json.Unmarshal(answer.Result, result)
		default:
			return nil
		}
	}
	return fmt.Errorf("%s: the browser has gone", method)
}

// call is try for what must succeed.
func (r *remote) call(t *testing.T, method string, params, result any) {
	t.Helper()
	if err := r.try(method, params, result); err != nil {
		t.Fatal(err)
	}
}

// object is what the parameters of a call are made of.
type object = map[string]any

// asJSON returns an expression for the promise of what another comes to, as JSON.
func asJSON(expression string) string {
	return "Promise.resolve(" + expression + ").then(value => JSON.stringify(value ?? null))"
}

// eventually waits until the expression is true. While a page is loaded, it may have no value at all.
func eventually(t *testing.T, b browser, expression string) {
	t.Helper()
	waitFor(t, expression, func() (bool, string) {
		value, err := b.eval(expression)
		if err == nil && value != "true" {
			value, err = b.eval("document.body.innerText")
		}
		return value == "true", fmt.Sprint(value, " ", err)
	})
}

// waitFor waits until it is so; if that takes too long, what was seen at last is told.
func waitFor(t *testing.T, what string, so func() (bool, string)) {
	t.Helper()
	for start, pause := time.Now(), time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		ok, seen := so()
		if ok {
			return
		}
		if time.Since(start) > hangs {
			t.Fatalf("waited in vain for %s; at last: %s", what, seen)
		}
		time.Sleep(pause)
	}
}

// mustEval is eval for what must succeed.
func mustEval(t *testing.T, b browser, expression string) string {
	t.Helper()
	value, err := b.eval(expression)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

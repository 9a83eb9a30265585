package listen_test

import (
	"errors"
	"net/http"
	"runtime"
	"testing"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestWhatAFunctionHasPanickedWithIsInTheError(t *testing.T) {
	mistake := errors.New("a mistake")
	for name, tt := range map[string]struct {
		misbehave func()
		text      string
		value     any
		err       error // that it matches
	}{
		"an error":                     {func() { panic(mistake) }, "listen: panic: a mistake", mistake, mistake},
		"a number":                     {func() { panic(5) }, "listen: panic: 5", 5, nil},
		"no panic":                     {runtime.Goexit, "listen: a function has ended its goroutine", nil, nil},
		"a text that is not printable": {func() { panic("a\x1b[mistake") }, "listen: panic: a?[mistake", "a\x1b[mistake", nil},
	} {
		t.Run(name, func(t *testing.T) {
			option, told := listening()
			server := tolerant(t, listen.Handler(stream.Standard, func(*http.Request, *conn) error {
				tt.misbehave()
				return nil
			}, option))
			c := connect(t, server.Listener.Addr(), proper+"\r\n").opened(t)
			got := <-told
			panicked, ok := got.err.(*listen.PanicError)
			if !ok || panicked.Value != tt.value || panicked.Error() != tt.text || panicked.Unwrap() != tt.err {
				t.Errorf("told is %#v: %v", got.err, got.err)
			}
			if code := c.closing(t); code != 1011 {
				t.Errorf("code is %d, want 1011", code)
			}
		})
	}
}

//go:build interop

package interop_test

import (
	"testing"

	"github.com/litert/websocket/dial"
)

// A route is how a client gets to the server at url: at the URL and with the options that it returns.
type route func(t *testing.T, url string) (string, []dial.Option)

func direct(_ *testing.T, url string) (string, []dial.Option) { return url, nil }

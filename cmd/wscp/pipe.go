//go:build !plan9 && !js

package main

import (
	"os/signal"
	"syscall"
)

// ignoreBrokenPipes has a reader of the output that goes away not keep us from cleaning up.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

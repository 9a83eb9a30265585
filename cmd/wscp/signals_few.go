//go:build plan9 || js

package main

import (
	"os"
	"syscall"
)

// ignoreBrokenPipes does nothing: to write where nobody reads is an error here, and no signal.
func ignoreBrokenPipes() {}

// interrupts returns the signals that interrupt a command.
func interrupts() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

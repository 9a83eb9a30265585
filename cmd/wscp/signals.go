//go:build !plan9 && !js

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// ignoreBrokenPipes has a reader of the output that goes away not keep us from cleaning up.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// interrupts returns the signals that interrupt a command. The end of the terminal is one, unless nohup has it ignored.
func interrupts() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

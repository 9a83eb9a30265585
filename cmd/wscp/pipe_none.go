//go:build plan9 || js

package main

// ignoreBrokenPipes does nothing: to write where nobody reads is an error here, and no signal.
func ignoreBrokenPipes() {}

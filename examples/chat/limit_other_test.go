//go:build !unix

package main

// crowd returns how many clients a test can have.
func crowd() int { return 1000 }

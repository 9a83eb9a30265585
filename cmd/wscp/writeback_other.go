//go:build !linux || arm

package main

import "os"

// beginWriteback leaves it to the system when the disk begins.
func beginWriteback(*os.File) {}

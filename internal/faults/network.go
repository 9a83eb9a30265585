//go:build linux

package main

import "slices"

// networkTrials are the faults of a network, and of what is at its other end.
func networkTrials() []trial {
	all := slices.Concat(transfers, holes, resets, deaths, proxies)
	for i := range all {
		all[i].group, all[i].network = "network", true
	}
	return all
}

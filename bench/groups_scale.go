package main

import "fmt"

// scaleJobs are the same work with more and more connections.
var scaleJobs = scales()

func scales() (all []job) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		all = append(all, job{
			Name: fmt.Sprint("conns", n), What: fmt.Sprintf("1 KiB, %s connections, 1 in flight each", thousands(n)),
			Kind: echo, Size: 1 << 10, Messages: 200_000, Conns: n, InFlight: 1,
		})
	}
	for _, n := range []int{1_000, 10_000, 19_000} {
		all = append(all, job{
			Name: fmt.Sprint("idle", n), What: thousands(n) + " idle connections behind net/http",
			Kind: idle, Size: 64, Conns: n, InFlight: 1,
		})
	}
	for _, n := range []int{10, 1_000, 10_000} {
		all = append(all, job{
			Name: fmt.Sprint("visit", n), What: "connections are opened, echo 64 B, and are closed, while " + thousands(n) + " others are open",
			Kind: visit, Size: 64, Messages: 10_000, Conns: n, InFlight: 1,
		})
	}
	return append(all, job{
		Name: "latency", What: "64 B, 1,000 connections, 4,000 messages per second in all, whether echoes have come or not",
		Kind: pace, Size: 64, Messages: 40_000, Conns: 1_000, InFlight: 1, Rate: 4_000,
	})
}

// thousands shows n, which is below a million.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

package main

import "fmt"

// pairsJobs have a client and a server of the same library, each in a process of its own, of which the client's is
// measured.
var pairsJobs = pairs()

func pairs() []job {
	all := named(mainJobs, "echo64", "echo64x64", "echo1k")
	for i := range all {
		j := &all[i]
		j.Name, j.What = "pair"+j.Name[len("echo"):], fmt.Sprintf("the client of %s, with a server of its own library", j.Name)
		j.Kind, j.Client = pair, true
	}
	return all
}

// server returns what the other process of a pair does.
func (j job) server() job {
	j.Kind, j.Client = echo, false
	return j
}

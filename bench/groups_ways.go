package main

import (
	"fmt"
	"slices"
)

// A way is how a library sends its answers in an echo.
type way string

const (
	fastest  way = ""         // that which is measured to be the fastest
	buffers  way = "buffers"  // in two parts that are not joined first
	writer   way = "writer"   // a Writer, one Write, and its Close
	copied   way = "copied"   // from a Reader to a Writer, by io.Copy
	prepared way = "prepared" // the same message each time, which was made before
	netConn  way = "netConn"  // through a net.Conn, which knows no messages
)

// waysJobs are echoes of small messages by each way of sending, the first two by WriteBinary.
var waysJobs = slices.Concat(named(mainJobs, "echo64x64", "echo1k"), ways())

func ways() (all []job) {
	for _, j := range []job{
		{Name: "text", What: "as %s, text with non-ASCII characters", Text: true},
		{Name: "buffers", What: "as %s, answered in two parts that are not joined first", Way: buffers},
		{Name: "writer", What: "as %s, answered with a writer: one write, and its close", Way: writer},
		{Name: "loop", What: "as %s, copied from a reader to a writer", Way: copied},
		{Name: "prepared", What: "as %s, each answered with the same message, which was prepared before", Way: prepared},
		{Name: "netconn", What: "as %s, through a net.Conn", Way: netConn},
		{Name: "zip", What: "as %s, JSON, each message compressed by itself", JSON: true, Deflate: true},
		{Name: "zipctx", What: "as %s, JSON, compressed with context takeover", JSON: true, Deflate: true, Takeover: true},
	} {
		for _, like := range named(mainJobs, "echo64x64", "echo1k") {
			k := like
			k.Name, k.What = j.Name+like.Name[len("echo"):], fmt.Sprintf(j.What, like.Name)
			k.Text, k.Way, k.JSON, k.Deflate, k.Takeover = j.Text, j.Way, j.JSON, j.Deflate, j.Takeover
			if k.Deflate {
				k.Messages /= 4
			}
			all = append(all, k)
		}
	}
	return all
}

// burstsJobs are echoes of 1 KiB with more and more in flight.
var burstsJobs = slices.Concat(bursts(4), named(mainJobs, "echo1k"), bursts(64), bursts(256))

func bursts(inFlight int) []job {
	return []job{{
		Name: fmt.Sprint("burst", inFlight), What: fmt.Sprintf("1 KiB, 16 connections, %d in flight each", inFlight),
		Kind: echo, Size: 1 << 10, Messages: 400_000, Conns: 16, InFlight: inFlight,
	}}
}

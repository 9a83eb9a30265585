package main

import "fmt"

// A job is something that the libraries are measured at.
type job struct {
	Name     string
	What     string
	Kind     kind
	Client   bool  // the library is the client; the load is then the server, but for a pair
	TLS      bool  // over TLS 1.3
	HTTP2    bool  // over streams of HTTP/2, and that over TLS; the library is the server
	Own      bool  // without net/http, through a server of the library's own
	Text     bool  // messages are text, and binary otherwise
	JSON     bool  // messages are JSON, which goes as binary; otherwise they are random bytes, or words if Text
	Way      way   // of sending answers, in an echo
	Deflate  bool  // with permessage-deflate
	Takeover bool  // with the messages before as a help to compress
	Size     int64 // of a message, in bytes
	Messages int   // in all, but for transfers
	Conns    int
	InFlight int // messages on each connection that wait for their echo
	Rate     int // of messages, per second in all
}

// A kind is what the library does in a job.
type kind string

const (
	send    kind = "send"    // answers a message with a file
	receive kind = "receive" // receives a message, throws it away, and answers with its size
	store   kind = "store"   // the same into a file
	echo    kind = "echo"    // answers each message with the same
	deflate kind = "deflate" // answers a message with many
	inflate kind = "inflate" // receives messages, throws each away, and answers with its size
	write   kind = "write"   // answers a message with many, from many goroutines at once
	fanout  kind = "fanout"  // sends each message that it receives to all connections
	shake   kind = "shake"   // opens a connection, and drops it
	idle    kind = "idle"    // as echo; what counts is the memory between the messages
	visit   kind = "visit"   // as echo, over connections that come and go
	pair    kind = "pair"    // sends messages to a server of the same library, which echoes them
	pace    kind = "pace"    // as echo; what counts is also how long the answers take
)

const (
	gib = 1 << 30

	// putFrame is the payload of the frames that the load sends of a large message.
	putFrame = 256 << 10

	// writers is how many goroutines write to one connection at once.
	writers = 64
)

// mainJobs are those that users have, in the order of the table, at scale 1.
var mainJobs = []job{
	{Name: "get", What: "a server sends a file of 2 GiB as one message", Kind: send, Size: 2 * gib},
	{Name: "put", What: "a server receives 2 GiB in masked frames of 256 KiB, and throws it away", Kind: receive, Size: 2 * gib},
	{Name: "cget", What: "a client receives 2 GiB in frames of 256 KiB, and throws it away", Kind: receive, Client: true, Size: 2 * gib},
	{Name: "cput", What: "a client sends a file of 2 GiB as one message", Kind: send, Client: true, Size: 2 * gib},
	{Name: "copy", What: "a server receives 2 GiB in masked frames of 256 KiB into a file", Kind: store, Size: 2 * gib},
	{Name: "echo64", What: "64 B, 1 connection, 1 in flight", Kind: echo, Size: 64, Messages: 50_000, Conns: 1, InFlight: 1},
	{Name: "echo64x64", What: "64 B, 16 connections, 64 in flight each", Kind: echo, Size: 64, Messages: 1_000_000, Conns: 16, InFlight: 64},
	{Name: "echo1k", What: "1 KiB, 16 connections, 16 in flight each", Kind: echo, Size: 1 << 10, Messages: 400_000, Conns: 16, InFlight: 16},
	{Name: "echo64k", What: "64 KiB, 4 connections, 1 in flight each", Kind: echo, Size: 64 << 10, Messages: 20_000, Conns: 4, InFlight: 1},
	{Name: "echo1m", What: "1 MiB, 2 connections, 1 in flight each", Kind: echo, Size: 1 << 20, Messages: 1_000, Conns: 2, InFlight: 1},
	{Name: "text64k", What: "as echo64k, text with non-ASCII characters", Kind: echo, Text: true, Size: 64 << 10, Messages: 20_000, Conns: 4, InFlight: 1},
	{Name: "writers", What: "64 goroutines write messages of 128 B to one connection", Kind: write, Size: 128, Messages: 500_000, Conns: 1},
	{Name: "fanout", What: "messages of 512 B go to 1,000 connections each", Kind: fanout, Size: 512, Messages: 200_000, Conns: 1000},
	{Name: "shake", What: "opening handshakes behind net/http", Kind: shake, Messages: 10_000, Conns: 8},
	{Name: "shakeown", What: "opening handshakes at the library's own server", Kind: shake, Own: true, Messages: 10_000, Conns: 8},
	{Name: "idle", What: "5,000 idle connections behind net/http", Kind: idle, Size: 64, Conns: 5000, InFlight: 1},
	{Name: "idleown", What: "5,000 idle connections at the library's own server", Kind: idle, Own: true, Size: 64, Conns: 5000, InFlight: 1},
	{Name: "deflate1k", What: "a server sends JSON of 1 KiB, each message compressed by itself", Kind: deflate, JSON: true, Deflate: true, Size: 1 << 10, Messages: 100_000, Conns: 1},
	{Name: "deflate1kctx", What: "the same with context takeover", Kind: deflate, JSON: true, Deflate: true, Takeover: true, Size: 1 << 10, Messages: 50_000, Conns: 1},
	{Name: "deflate64k", What: "a server sends JSON of 64 KiB, each message compressed by itself", Kind: deflate, JSON: true, Deflate: true, Size: 64 << 10, Messages: 4_000, Conns: 1},
	{Name: "deflate64kctx", What: "the same with context takeover", Kind: deflate, JSON: true, Deflate: true, Takeover: true, Size: 64 << 10, Messages: 4_000, Conns: 1},
	{Name: "deflaternd", What: "as deflate64k, random bytes", Kind: deflate, Deflate: true, Size: 64 << 10, Messages: 4_000, Conns: 1},
	{Name: "inflate1k", What: "a server receives JSON of 1 KiB, each message compressed by itself", Kind: inflate, JSON: true, Deflate: true, Size: 1 << 10, Messages: 200_000, Conns: 4, InFlight: 16},
	{Name: "inflate1kctx", What: "the same with context takeover", Kind: inflate, JSON: true, Deflate: true, Takeover: true, Size: 1 << 10, Messages: 200_000, Conns: 4, InFlight: 16},
	{Name: "inflate64k", What: "a server receives JSON of 64 KiB, each message compressed by itself", Kind: inflate, JSON: true, Deflate: true, Size: 64 << 10, Messages: 8_000, Conns: 4, InFlight: 4},
	{Name: "inflate64kctx", What: "the same with context takeover", Kind: inflate, JSON: true, Deflate: true, Takeover: true, Size: 64 << 10, Messages: 8_000, Conns: 4, InFlight: 4},
	{Name: "inflaternd", What: "as inflate64k, random bytes", Kind: inflate, Deflate: true, Size: 64 << 10, Messages: 8_000, Conns: 4, InFlight: 4},
	{Name: "idlezip", What: "1,000 idle connections behind net/http that have sent and received 64 KiB of JSON, compressed by itself", Kind: idle, JSON: true, Deflate: true, Size: 64 << 10, Conns: 1000, InFlight: 1},
	{Name: "idlezipctx", What: "the same with context takeover", Kind: idle, JSON: true, Deflate: true, Takeover: true, Size: 64 << 10, Conns: 1000, InFlight: 1},
}

// scaled returns j with its work multiplied by scale, and as many connections as before.
func (j job) scaled(scale float64) job {
	if j.transfer() {
		frames := max(4, int64(scale*float64(j.Size)/putFrame))
		j.Size = frames * putFrame
	} else {
		j.Messages = roundUp(int(scale*float64(j.Messages)), j.portion())
	}
	return j
}

// portion is what Messages must be a multiple of.
func (j job) portion() int {
	switch j.Kind {
	case write:
		return writers
	case visit:
		return visitors
	}
	return max(1, j.Conns)
}

func roundUp(n, multiple int) int { return max(1, (n+multiple-1)/multiple) * multiple }

func (j job) transfer() bool { return j.Kind == send || j.Kind == receive || j.Kind == store }

// echoes reports whether the library sends each message back. It is of the kind, as a copy of the job would be much of
// the stack that an idle connection holds.
func (k kind) echoes() bool { return k == echo || k == idle || k == visit || k == pace }

// zips reports whether the job is to compress, or to inflate.
func (j job) zips() bool { return j.Kind == deflate || j.Kind == inflate }

// threshold is the size from which on a message is compressed, where a library has one, or 0 for its default. Small
// messages that are echoed are to be compressed, too.
func (j job) threshold() int {
	if j.Kind == echo {
		return 1
	}
	return 0
}

// unit is what the work of the job is counted in.
func (j job) unit() string {
	switch {
	case j.transfer():
		return "GiB"
	case j.zips():
		return "MiB"
	case j.Kind == shake:
		return "handshake"
	case j.Kind == idle:
		return "connection"
	case j.Kind == visit:
		return "visit"
	}
	return "message"
}

// units is how much work the job is.
func (j job) units() float64 {
	switch {
	case j.transfer():
		return float64(j.Size) / gib
	case j.zips():
		return float64(j.Messages) * float64(j.Size) / (1 << 20)
	case j.Kind == idle:
		return float64(j.Conns)
	}
	return float64(j.Messages)
}

// find returns what bears the name among all.
func find[T any](all []T, name string, nameOf func(T) string) (T, error) {
	for _, t := range all {
		if nameOf(t) == name {
			return t, nil
		}
	}
	var none T
	return none, fmt.Errorf("there is no %q", name)
}

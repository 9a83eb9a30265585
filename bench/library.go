package main

import (
	"io"
	"net"
	"net/http"
	"os"
)

// A library is one of those that are compared.
type library struct {
	name   string
	module string // whose version is reported
	new    func(s *site) endpoint
	lacks  func(job) bool // whether it has nothing for a job

	baseline *baseline // where it is that, or nil
}

// libraries are all libraries, and the limit: the least that a program must do which trusts its peer blindly.
var libraries = []library{
	{name: "litert", module: module, new: newLitert, lacks: func(job) bool { return false }},
	{name: "gorilla", module: "github.com/gorilla/websocket", new: newGorilla, lacks: func(j job) bool { return j.HTTP2 || j.Own || j.Takeover || j.Way == buffers || j.Way == netConn }},
	{name: "coder", module: "github.com/coder/websocket", new: newCoder, lacks: func(j job) bool { return j.HTTP2 || j.Own || j.Way == buffers || j.Way == prepared }},
	{name: "gobwas", module: "github.com/gobwas/ws", new: newGobwas, lacks: func(j job) bool { return j.HTTP2 || j.Takeover || j.Way == buffers || j.Way == netConn }},
	{name: "gws", module: "github.com/lxzan/gws", new: newGws, lacks: func(j job) bool { return j.HTTP2 || j.Way == writer || j.Way == copied || j.Way == netConn }},
	{name: "limit", module: "", new: newLimit, lacks: func(j job) bool { return j.HTTP2 || j.Own || j.Deflate || j.Kind == write || j.Way == prepared }},
}

func libraryName(l library) string { return l.name }

// An endpoint does the job of its site with a library, as the documentation of the library recommends. Where that shows
// several ways, it takes the one that is measured to be the fastest.
type endpoint interface {
	// ServeHTTP opens a connection behind net/http. It returns at once, as another goroutine does the job.
	http.Handler

	// serve does the job on connections from ln without net/http, over TLS where the site has it.
	serve(ln net.Listener) error

	// dial opens a connection, on which another goroutine does the job.
	dial(url string) error

	// broadcast sends p over all conns, which are connections of the endpoint.
	broadcast(p []byte, conns []conn) error
}

// An echoer is a connection of a library.
type echoer interface {
	// echo sends back all messages, until the connection ends.
	echo() error

	// drop closes the connection without ceremony.
	drop()
}

// A caller is a connection of a library as the client of a pair. A conn need not be one.
type caller interface {
	// converse has next see each message that comes, whole, and sends what it returns as a binary message, unless that
	// is nil. It goes on until the connection ends, or next returns an error.
	converse(next func(p []byte) ([]byte, error)) error

	// write sends p as one binary message. Any goroutine may call it.
	write(p []byte) error
}

// A conn is a connection of a library that hands out messages when it is asked for them.
type conn interface {
	echoer

	// next begins the next message. The result is read to its end before the next call.
	next() (io.Reader, error)

	// sendFile sends a file as one message.
	sendFile(f *os.File) error

	// write sends p as one binary message. Any goroutine may call it.
	write(p []byte) error
}

// readAll reads r to its end into buf, which has room for one byte more at least.
func readAll(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n, io.ErrShortBuffer
}

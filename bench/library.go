package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"slices"
)

// A library is one of those that are compared.
type library struct {
	name   string
	module string // whose version is reported
	new    func(s *site) endpoint
	lacks  []string // names of jobs that it has nothing for
}

// libraries are all libraries, and the limit: the least that a program must do which trusts its peer blindly.
var libraries = []library{
	{"litert", "github.com/litert/websocket", newLitert, nil},
	{"gorilla", "github.com/gorilla/websocket", newGorilla, slices.Concat(noServer, takeovers)},
	{"coder", "github.com/coder/websocket", newCoder, noServer},
	{"gobwas", "github.com/gobwas/ws", newGobwas, takeovers},
	{"gws", "github.com/lxzan/gws", newGws, nil},
	{"limit", "", newLimit, slices.Concat([]string{"writers", "shakeown", "idleown"}, zips)},
}

// noServer are the jobs for libraries without a server of their own.
var noServer = []string{"shakeown", "idleown"}

// takeovers are the jobs for libraries with context takeover, and zips those for such with compression.
var (
	takeovers = names(func(j job) bool { return j.Takeover })
	zips      = names(func(j job) bool { return j.Deflate })
)

func names(of func(job) bool) (list []string) {
	for _, j := range jobs {
		if of(j) {
			list = append(list, j.Name)
		}
	}
	return list
}

func (l library) does(j job) bool { return !slices.Contains(l.lacks, j.Name) }

func libraryName(l library) string { return l.name }

// An endpoint does the job of its site with a library, as the documentation of the library recommends. Where that shows
// several ways, it takes the one that is measured to be the fastest.
type endpoint interface {
	// ServeHTTP opens a connection behind net/http. It returns at once, as another goroutine does the job.
	http.Handler

	// serve does the job on connections from ln without net/http.
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

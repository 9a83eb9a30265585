package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// A task is what a process is started for: a job with a library. Its process is controlled by lines on its standard
// input, each of which it answers with a reply.
type task struct {
	Library string
	Name    string // that the library is reported by
	Job     job
	Dir     string // of the files
	Addr    string // of the load, where the library is the client
	Profile string // a directory for profiles, or empty
	program string // that the process is of, or empty if it is this one
}

// childArg is the argument, in front of a task, with which the program starts itself.
const childArg = "child"

// The lines that a child understands.
const (
	beginLine = "begin" // measure from now on
	endLine   = "end"   // up to now
	whyLine   = "why"   // did a connection end?

	// The client of a pair sends as many messages as a number behind it says, and waits for their echoes.
	exchangeLine = "exchange "
)

// A reply is what a child answers.
type reply struct {
	Addr  string // of the library, where that is the server
	Usage usage
	Err   string
}

// child is the other main of the program. It ends with its standard input.
func child(arg string) {
	replies := json.NewEncoder(os.Stdout)
	var t task
	r, err := reply{}, json.Unmarshal([]byte(arg), &t)
	var s *site
	if err == nil {
		s, r.Addr, err = t.start()
	}
	for lines := bufio.NewScanner(os.Stdin); ; {
		if err != nil {
			r.Err = err.Error()
		}
		replies.Encode(r)
		if !lines.Scan() {
			return
		}
		r = reply{}
		switch line := lines.Text(); line {
		case beginLine:
			r.Usage, err = t.begin()
		case endLine:
			r.Usage, err = t.end()
		case whyLine:
			err = s.complaint()
		default:
			var n int
			if n, err = strconv.Atoi(strings.TrimPrefix(line, exchangeLine)); err == nil {
				err = s.exchange(n)
			}
		}
	}
}

// start has the library ready for the load.
func (t task) start() (s *site, addr string, err error) {
	lib, err := find(libraries, t.Library, libraryName)
	if err != nil {
		return nil, "", err
	}
	s = newSite(t.Job, t.Dir, lib.new)
	if t.Job.Client {
		return s, "", s.dial(t.Addr)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	if t.Job.TLS {
		if s.tls, err = serverTLS(); err != nil {
			return nil, "", err
		}
	}
	go func() { s.complain(s.serve(ln)) }()
	return s, ln.Addr().String(), nil
}

func (t task) begin() (usage, error) {
	settle()
	if t.Profile != "" {
		f, err := os.Create(t.profile("cpu"))
		if err != nil {
			return usage{}, err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return usage{}, err
		}
	}
	return measure()
}

// idleFor is how long connections are idle before their memory is measured: some libraries give it back after a while.
const idleFor = 3 * time.Second

func (t task) end() (usage, error) {
	u, err := measure()
	if t.Profile != "" {
		pprof.StopCPUProfile()
	}
	if t.Job.Kind == idle && err == nil {
		time.Sleep(idleFor)
		settle()
		u.Resident, err = status("VmRSS")
	}
	if t.Profile != "" && err == nil {
		err = t.profileMemory()
	}
	return u, err
}

func (t task) profileMemory() error {
	f, err := os.Create(t.profile("memory"))
	if err != nil {
		return err
	}
	defer f.Close()
	return pprof.Lookup("allocs").WriteTo(f, 0)
}

// profile returns the name of a file.
func (t task) profile(what string) string {
	return filepath.Join(t.Profile, fmt.Sprintf("%s-%s.%s.pprof", t.Job.Name, t.Name, what))
}

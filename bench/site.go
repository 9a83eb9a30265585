package main

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// A site is what a library does its job with.
type site struct {
	job      job
	want     content   // of a message that is received or stored
	sent     []content // of messages that are compressed, or the first of them prepared
	dir      string    // has the file to send, and takes the one that is received
	endpoint endpoint
	tls      *tls.Config    // of the server, where the job is over TLS
	open     sync.WaitGroup // connections that have not opened yet, of those that a fan-out or a pair waits for

	mu        sync.Mutex // guards following
	conns     []conn     // that receive what is broadcast
	exchanges []*exchange
	err       error // the first
}

func newSite(j job, dir string, endpoint func(*site) endpoint) *site {
	s := &site{job: j, dir: dir}
	switch {
	case j.Kind == receive, j.Kind == store:
		s.want = large(j.Size)
	case j.Kind == deflate, j.Way == prepared:
		s.sent = contents(j)
	case j.Kind == fanout, j.Kind == pair:
		s.open.Add(j.Conns)
	}
	s.endpoint = endpoint(s)
	return s
}

// The names of the files.
const (
	sentFile     = "sent"
	receivedFile = "received"
)

// serve does the job on the connections that come.
func (s *site) serve(ln net.Listener) error {
	if s.job.Own {
		return s.endpoint.serve(ln)
	}
	server := http.Server{Handler: s.endpoint, TLSConfig: s.tls, HTTP2: http2Config}
	if s.job.TLS {
		return server.ServeTLS(ln, "", "")
	}
	return server.Serve(ln)
}

// dial does the job on connections to addr: as many as the job has, if it is one of a pair, or one.
func (s *site) dial(addr string) error {
	url := "ws://" + addr
	if s.job.TLS {
		url = "wss://" + addr
	}
	if s.job.Kind != pair {
		return s.endpoint.dial(url)
	}
	for range s.job.Conns {
		if err := s.endpoint.dial(url); err != nil {
			return err
		}
	}
	return nil
}

// run does the job on a connection that a library has just opened, unless err says why it has not.
func (s *site) run(c echoer, err error) {
	if err == nil {
		err = s.do(c)
		c.drop()
	}
	s.complain(err)
}

// complain keeps err for a load that asks.
func (s *site) complain(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func (s *site) complaint() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// do has little on its stack, of which every idle connection holds a copy.
func (s *site) do(e echoer) error {
	switch {
	case s.job.Kind.echoes():
		return e.echo()
	case s.job.Kind == pair:
		return s.call(e)
	case s.job.Kind == shake:
		return nil
	}
	return s.answer(e.(conn))
}

// call has a client send what the load asks for.
func (s *site) call(e echoer) error {
	c, ok := e.(caller)
	if !ok {
		c = reading{e.(conn), s.job.Size}
	}
	x := s.begin(c.write)
	err := c.converse(x.next)
	x.end(err)
	return err
}

// answer answers all messages.
func (s *site) answer(c conn) error {
	if s.job.Kind == fanout {
		s.join(c)
	}
	for {
		if err := s.step(c); err != nil {
			return err
		}
	}
}

// join has c receive what is broadcast.
func (s *site) join(c conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
	s.open.Done()
}

// step answers one message.
func (s *site) step(c conn) error {
	msg, err := c.next()
	if err != nil {
		return err
	}
	if s.job.Kind == receive || s.job.Kind == store {
		answer, err := s.take(msg)
		if err != nil {
			return err
		}
		return c.write(answer)
	}
	if s.job.Kind == inflate {
		var n count
		if _, err := io.Copy(&n, msg); err != nil {
			return err
		}
		return c.write(n.answer())
	}
	p, err := io.ReadAll(msg)
	if err != nil {
		return err
	}
	switch s.job.Kind {
	case send:
		return s.send(c.sendFile)
	case deflate:
		return s.deflate(c.write)
	case write:
		return s.write(c.write)
	default: // fanout
		return s.broadcast(p)
	}
}

// take receives a message, and returns the answer to it.
func (s *site) take(msg io.Reader) (answer []byte, err error) {
	in := &sink{want: s.want}
	if s.job.Kind == receive {
		_, err = io.Copy(in, msg)
	} else {
		in.n, err = s.takeFile(msg)
	}
	return strconv.AppendInt(nil, in.n, 10), err
}

// spot is how far apart a file is looked into: reading all of it would be half of the job's work.
const spot = 15 << 20

// takeFile receives a message into a file, and returns its size.
func (s *site) takeFile(msg io.Reader) (size int64, err error) {
	f, err := os.Create(filepath.Join(s.dir, receivedFile))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := io.Copy(f, msg); err != nil {
		return 0, err
	}
	for at := int64(0); at < s.job.Size; at += spot {
		var p [sampled]byte
		if _, err := f.ReadAt(p[:], at); err != nil {
			return 0, err
		}
		if err := s.want.check(p[:], at); err != nil {
			return 0, err
		}
	}
	return f.Seek(0, io.SeekEnd)
}

// send sends the file.
func (s *site) send(sendFile func(*os.File) error) error {
	f, err := os.Open(filepath.Join(s.dir, sentFile))
	if err != nil {
		return err
	}
	defer f.Close()
	return sendFile(f)
}

// write sends all messages of the job, from many goroutines.
func (s *site) write(write func([]byte) error) error {
	p := small(s.job, 0).period
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range s.job.Messages / writers {
				if err := write(p); err != nil {
					s.complain(err)
					return
				}
			}
		})
	}
	all.Wait()
	return nil
}

// deflate sends all messages of the job, one after the other.
func (s *site) deflate(write func([]byte) error) error {
	for i := range s.job.Messages {
		if err := write(s.sent[i%len(s.sent)].period); err != nil {
			return err
		}
	}
	return nil
}

// A count is how many bytes were written to it.
type count int64

func (n *count) Write(p []byte) (int, error) {
	*n += count(len(p))
	return len(p), nil
}

// answer returns what is answered to a message of so many bytes.
func (n count) answer() []byte { return strconv.AppendInt(nil, int64(n), 10) }

// broadcast sends p over all connections.
func (s *site) broadcast(p []byte) error {
	s.open.Wait()
	return s.endpoint.broadcast(p, s.conns) // none is added any more
}

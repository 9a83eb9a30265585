package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A sample is one measurement of a library at a job.
type sample struct {
	Elapsed time.Duration
	CPU     time.Duration // user and system time of the library's process
	Allocs  uint64        // how many objects
	Bytes   uint64        // of those objects
	Grown   int64         // how many more bytes are resident than before
	Peak    int64         // how many more they were at most
	Wire    int64         // bytes of the payloads that the library has sent
	Latency latency       `json:",omitzero"` // as the load sees it
}

// take has a library do a job, and measures it.
func take(t task) (taken sample, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s, %s: %w", t.Job.Name, t.Name, err)
		}
	}()
	l := &load{job: t.Job}
	if t.Job.Kind == pair {
		server, err := launch(task{Library: t.Library, Job: t.Job.server(), program: t.program})
		if err != nil {
			return sample{}, err
		}
		defer func() { err = errors.Join(err, server.stop()) }()
		r, err := server.reply()
		if err != nil {
			return sample{}, err
		}
		t.Addr = r.Addr
	} else if t.Job.Client {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return sample{}, err
		}
		defer ln.Close()
		l.ln, t.Addr = ln.(*net.TCPListener), ln.Addr().String()
	}
	p, err := launch(t)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	defer l.close()
	if err = l.meet(p); err == nil {
		if taken, err = l.sample(p); err == nil {
			return taken, nil
		}
	}
	_, why := p.tell(whyLine)
	return sample{}, errors.Join(err, why)
}

// meet opens the connections between the load and the library.
func (l *load) meet(p *process) error {
	if l.job.Kind == pair {
		if _, err := p.reply(); err != nil {
			return err
		}
		l.pair = p
		return l.open()
	}
	if l.job.Client { // which is ready when it has got a connection
		if err := l.open(); err != nil {
			return err
		}
		_, err := p.reply()
		return err
	}
	r, err := p.reply()
	if err != nil {
		return err
	}
	l.addr = r.Addr
	return l.open()
}

func (l *load) sample(p *process) (sample, error) {
	before, err := p.tell(beginLine)
	if err != nil {
		return sample{}, err
	}
	wire := l.wire()
	began := time.Now()
	if err := l.work(); err != nil {
		return sample{}, err
	}
	elapsed := time.Since(began)
	after, err := p.tell(endLine)
	return sample{
		Elapsed: elapsed,
		CPU:     after.CPU - before.CPU,
		Allocs:  after.Allocs - before.Allocs,
		Bytes:   after.Bytes - before.Bytes,
		Grown:   after.Resident - before.Resident,
		Peak:    after.Peak - before.Resident,
		Wire:    l.wire() - wire,
		Latency: percentiles(l.took),
	}, err
}

// wire returns how many bytes of payloads have come on the connections that are open.
func (l *load) wire() (n int64) {
	for _, p := range l.peers {
		n += p.in.wire
	}
	return n
}

// prepare makes the file that j sends, and clears away the one that was received before.
func prepare(dir string, j job) error {
	if err := os.RemoveAll(filepath.Join(dir, receivedFile)); err != nil || j.Kind != send {
		return err
	}
	name := filepath.Join(dir, sentFile)
	if info, err := os.Stat(name); err == nil && info.Size() == j.Size {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	period := large(j.Size).period
	for n := int64(0); n < j.Size; n += int64(len(period)) {
		if _, err := f.Write(period); err != nil {
			return err
		}
	}
	return f.Close()
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"time"
)

// roles are those of the processes that there are at a time.
var roles = [...]string{asServer, asClient, asClient}

// A family is the processes of a soak.
type family struct {
	plan
	all *tallies

	mu      sync.Mutex // guards following
	urls    [len(transports)]string
	members [len(roles)]*member
}

// A member is one of the processes.
type member struct {
	*exec.Cmd
	in    io.WriteCloser
	words *json.Encoder // to in
	ended chan struct{} // closed once it says no more
	last  bytes.Buffer  // what it has said on its standard error
}

// inProcesses does what is planned in processes that are killed.
func inProcesses(p plan, length time.Duration, all *tallies) (seen string, err error) {
	p.Clients = max(1, p.Clients/(len(roles)-1))
	f := &family{plan: p, all: all}
	defer f.killAll()
	for i := range roles {
		if err := f.start(i); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	over, late := ctx.Done(), time.Now().Add(length+time.Minute) // a busy machine may take long to start processes
	r := rand.New(rand.NewPCG(p.Seed, 0))
	next, killed := r.IntN(len(roles)), make(map[string]int)
	for {
		if _, missing := all.missing(); ctx.Err() != nil && (!missing || time.Now().After(late)) {
			seen = fmt.Sprintf("killed: the servers %d times, clients %d times\n", killed[asServer], killed[asClient])
			return seen, f.end()
		}
		select {
		case <-time.After(min(length/20, 5*time.Second+p.Stay) + time.Duration(r.IntN(2000))*time.Millisecond):
			if err := f.replace(next); err != nil {
				return "", err
			}
			killed[roles[next]]++
			next = (next + 1) % len(roles)
		case <-over:
			over = nil
		}
	}
}

// start starts the process of roles[i], and tells it what there is.
func (f *family) start(i int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	m := &member{Cmd: exec.Command(program), ended: make(chan struct{})}
	m.Env, m.Stderr = append(os.Environ(), roleVariable+"="+roles[i]), &m.last
	if m.in, err = m.StdinPipe(); err != nil {
		return err
	}
	out, err := m.StdoutPipe()
	if err != nil {
		return err
	}
	if err := m.Start(); err != nil {
		return err
	}
	m.words = json.NewEncoder(m.in)
	shall := f.plan
	shall.Seed = rand.Uint64()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members[i] = m
	m.words.Encode(word{Plan: &shall}) // an error of this and the like ends the process, which is found then
	for place, at := range f.urls {
		if roles[i] == asClient && at != "" {
			m.words.Encode(word{Place: place, URL: at})
		}
	}
	go f.listen(m, json.NewDecoder(out))
	return nil
}

// listen takes what m says.
func (f *family) listen(m *member, words *json.Decoder) {
	defer close(m.ended)
	for {
		var w word
		if words.Decode(&w) != nil {
			return
		}
		for i := range f.all {
			f.all[i].add(w.Counts[i], w.Faults[i])
		}
		if w.URL != "" {
			f.pass(w.Place, w.URL)
		}
	}
}

// pass has all clients know where the server of a place is.
func (f *family) pass(place int, at string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.urls[place] = at
	for i, m := range f.members {
		if roles[i] == asClient && m != nil {
			m.words.Encode(word{Place: place, URL: at})
		}
	}
}

// replace kills the process of roles[i], and starts another. That it has died by itself is an error.
func (f *family) replace(i int) error {
	m := f.members[i]
	select {
	case <-m.ended:
		return fmt.Errorf("a %s has died: %w\n%s", roles[i], m.Wait(), &m.last)
	default:
	}
	m.kill()
	return f.start(i)
}

func (m *member) kill() {
	m.Process.Kill()
	<-m.ended
	m.Wait()
}

// killAll kills what is there.
func (f *family) killAll() {
	for _, m := range f.members {
		if m != nil && m.ProcessState == nil {
			m.kill()
		}
	}
}

// end has all end by themselves, clients first, and returns what has been left in them.
func (f *family) end() (err error) {
	for i := len(roles) - 1; i >= 0; i-- {
		m := f.members[i]
		m.in.Close()
		late := time.AfterFunc(2*time.Minute+20*f.patience(), func() { m.Process.Kill() }) // the last visits take ten times the patience
		<-m.ended
		if failed := m.Wait(); failed != nil {
			err = errors.Join(err, fmt.Errorf("in the end, a %s has had: %w\n%s", roles[i], failed, &m.last))
		}
		late.Stop()
	}
	return err
}

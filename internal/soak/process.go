package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/litert/websocket/internal/census"
)

// roleVariable is set in the environment of a process that has one of the roles, and is not the command.
const roleVariable = "SOAK_ROLE"

const (
	asServer = "server"
	asClient = "client"
)

// A word is what the command and its processes tell each other, over their standard input and output.
type word struct {
	Plan *plan // the first word to a process

	Place int // where the next server is at URL; a server's process says it, and those of clients are told
	URL   string

	// What has happened since the word before, in the process that says it.
	Counts [len(transports)][events]int64
	Faults [len(transports)][]string
}

// A process is one that has a role.
type process struct {
	all tallies

	mu  sync.Mutex // guards following
	out *json.Encoder
}

// beProcess is the process. It ends soon after its standard input, with the status 1 if something is left then.
func beProcess(role string) (status int) {
	p := process{out: json.NewEncoder(os.Stdout)}
	if err := p.live(role, json.NewDecoder(os.Stdin)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (p *process) live(role string, in *json.Decoder) error {
	var first word
	if err := in.Decode(&first); err != nil {
		return err
	}
	shall := *first.Plan
	few := shall
	few.Clients, few.Stay = 20, 0
	if err := runFor(few, 100*time.Millisecond, &p.all); err != nil { // what is there only once is there before the first count
		return err
	}
	before := census.Take()
	err := p.play(role, shall, in)
	p.say(word{})
	if err != nil {
		return err
	}
	_, err = settle(shall, before)
	return err
}

// play plays the role until the input ends.
func (p *process) play(role string, shall plan, in *json.Decoder) error {
	f, err := newFarm(shall, &p.all)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var told sync.WaitGroup
	defer told.Wait()
	told.Go(func() { p.report(ctx) })
	told.Go(func() {
		defer cancel()
		for {
			var w word
			if in.Decode(&w) != nil {
				return
			}
			f.places[w.Place].url.Store(&w.URL)
		}
	})
	if role == asClient {
		f.comeAndGo(ctx)
		return nil
	}
	f.tell = func(i int, at string) { p.say(word{Place: i, URL: at}) }
	servers, err := f.keepAll(ctx)
	if err == nil {
		servers.Wait()
	}
	return err
}

// report says what has happened, over and over, until ctx ends.
func (p *process) report(ctx context.Context) {
	often := time.NewTicker(100 * time.Millisecond)
	defer often.Stop()
	for ctx.Err() == nil {
		select {
		case <-often.C:
		case <-ctx.Done():
		}
		p.say(word{})
	}
}

// say says w, with what has happened meanwhile. What goes wrong ends with the process.
func (p *process) say(w word) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.all {
		w.Counts[i], w.Faults[i] = p.all[i].take()
	}
	p.out.Encode(w)
}

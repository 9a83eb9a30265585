package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Limits are those of each client.
type limits struct {
	connections int   // at a time
	rate        int64 // bytes per second in each direction, over all of its connections
	message     int64 // bytes of a message
}

// A client may have several tokens, and several connections.
type client struct {
	name           string
	places         chan struct{} // has a value for each connection
	sent, received pace
}

// Clients are known by the sums of their tokens: how long it takes to look one up tells nothing of these.
type clients map[[sha256.Size]byte]*client

// parseClients returns those of a list of NAME=TOKEN.
func parseClients(list string, l limits) (clients, error) {
	if l.connections <= 0 || l.rate <= 0 || l.message <= 0 {
		return nil, errors.New("a limit is not positive")
	}
	all, named := make(clients), make(map[string]*client)
	for i, entry := range strings.Fields(list) {
		name, token, ok := strings.Cut(entry, "=")
		sum := sha256.Sum256([]byte(token))
		if !ok || name == "" || token == "" || all[sum] != nil {
			return nil, fmt.Errorf("client %d is not NAME=TOKEN, or has the token of another", i+1)
		}
		if named[name] == nil {
			named[name] = &client{name: name, places: make(chan struct{}, l.connections), sent: pace{rate: l.rate}, received: pace{rate: l.rate}}
		}
		all[sum] = named[name]
	}
	return all, nil
}

// of returns the client whose token the request shows (RFC 6750), or nil.
func (all clients) of(r *http.Request) *client {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	return all[sha256.Sum256([]byte(token))]
}

// A pace holds back what goes faster than its rate, but for what a second has room for.
type pace struct {
	rate int64 // bytes per second; constant

	mu   sync.Mutex // guards following
	done time.Time  // when all that was taken has had its time
}

// take returns how long n bytes of payload have to wait. A frame without any has its time, too.
func (p *pace) take(n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	const header = 14 // bytes, at most
	now := time.Now()
	if aSecondAgo := now.Add(-time.Second); p.done.Before(aSecondAgo) {
		p.done = aSecondAgo
	}
	p.done = p.done.Add(time.Duration(n+header) * time.Second / time.Duration(p.rate))
	return p.done.Sub(now)
}

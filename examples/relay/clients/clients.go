// Package clients is who the clients of a relay are, and how much each may do.
package clients

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
type Limits struct {
	Connections int   // at a time
	Rate        int64 // bytes per second in each direction, over all of its connections
	Message     int64 // bytes of a message
}

// A Client may have several tokens, and several connections.
type Client struct {
	Name           string
	Sent, Received Pace

	places chan struct{} // has a value for each connection
}

// Enter reports whether the client may have one more connection, for which Leave has to be called.
func (c *Client) Enter() bool {
	select {
	case c.places <- struct{}{}:
		return true
	default:
		return false
	}
}

// Leave is for a connection that has ended.
func (c *Client) Leave() { <-c.places }

// Clients are known by the sums of their tokens: how long it takes to look one up tells nothing of these.
type Clients map[[sha256.Size]byte]*Client

// Parse returns those of a list of NAME=TOKEN.
func Parse(list string, l Limits) (Clients, error) {
	if l.Connections <= 0 || l.Rate <= 0 || l.Message <= 0 {
		return nil, errors.New("a limit is not positive")
	}
	all, named := make(Clients), make(map[string]*Client)
	for i, entry := range strings.Fields(list) {
		name, token, ok := strings.Cut(entry, "=")
		sum := sha256.Sum256([]byte(token))
		if !ok || name == "" || token == "" || all[sum] != nil {
			return nil, fmt.Errorf("client %d is not NAME=TOKEN, or has the token of another", i+1)
		}
		if named[name] == nil {
			named[name] = &Client{Name: name, Sent: Pace{Rate: l.Rate}, Received: Pace{Rate: l.Rate}, places: make(chan struct{}, l.Connections)}
		}
		all[sum] = named[name]
	}
	return all, nil
}

// Of returns the client whose token the request shows (RFC 6750), or nil.
func (all Clients) Of(r *http.Request) *Client {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	return all[sha256.Sum256([]byte(token))]
}

// A Pace holds back what goes faster than its rate, but for what a second has room for.
type Pace struct {
	Rate int64 // bytes per second; constant

	mu   sync.Mutex // guards following
	done time.Time  // when all that was taken has had its time
}

// Take returns how long n bytes of payload have to wait. A frame without any has its time, too.
func (p *Pace) Take(n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	const header = 14 // bytes, at most
	now := time.Now()
	if aSecondAgo := now.Add(-time.Second); p.done.Before(aSecondAgo) {
		p.done = aSecondAgo
	}
	p.done = p.done.Add(time.Duration(n+header) * time.Second / time.Duration(p.Rate))
	return p.done.Sub(now)
}

package stream

import (
	"time"

	"github.com/litert/websocket/internal/conf"
)

// CheckText checks text that comes in pieces.
func CheckText(pieces ...[]byte) bool {
	var c utf8Checker
	for _, p := range pieces {
		if !c.check(p) {
			return false
		}
	}
	return c.complete()
}

// Ended has fn called when the connection has ended.
func Ended(fn func()) Option {
	return conf.StreamOption(func(c *conf.Stream) { c.Ended = fn })
}

// Encodings returns how many times p was compressed.
func Encodings(p *Prepared) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.compressed)
}

// MessagesOnly says that the transport has no pings and pongs, and masks by itself.
func MessagesOnly() Option {
	return conf.StreamOption(func(c *conf.Stream) { c.MessagesOnly = true })
}

// TimerOfKeepAlive returns the timer of KeepAlive.
func TimerOfKeepAlive(s *Socket) *time.Timer { return s.ctl.pinger.timer }

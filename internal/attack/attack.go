package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// An attack is something that a peer can do to harm. It is on servers, or on clients.
type attack struct {
	name, does string

	// On servers: so many attackers at each of the targets do something again and again.
	targets func(target) bool
	workers int // crowd: as many as the command is told
	once    func(*attacker) error

	// On clients: how a hostile server treats a connection, and what a client must not make of it.
	conduct func(*hostile) error
	check   func(Outcome) error

	least  time.Duration // how long it goes on at least, for its point to be seen
	memory uint64        // how many bytes the victim may take from the system in the meantime; 0 is usual
}

const (
	crowd = -1

	// usual is some times what each attack was measured to need. What is to be found out needs far more: it is kept for
	// each byte that came, each frame or each connection, or is a gigabyte for each claim.
	usual = 96 << 20
)

// attacks returns all attacks.
func attacks() []attack {
	return slices.Concat(crowds, openings, conversations, floods, leavings, hostileServers)
}

// A complaint is what an attack has achieved. All other errors of an attacker are how its connection has ended.
type complaint string

func (c complaint) Error() string { return string(c) }

func complain(format string, args ...any) error { return complaint(fmt.Sprintf(format, args...)) }

// isTimeout reports whether err is that something has not come in time.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

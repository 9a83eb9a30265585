//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A trial has a fault happen, and looks at what comes of it.
type trial struct {
	group, name string
	want        string // what must hold

	// variants returns the connections that it is tried with, one after the other or at the same time, each in a process and, if
	// it wants a network, in namespaces of its own. nil: it is tried once.
	variants func(short bool) []variant

	network bool // it wants two hosts
	alone   bool // it wants the machine for itself

	leaves uint64 // so many bytes of memory the runtime may keep, beside slack

	// run has the fault happen. got is what has come of it, in a few words; an error, that what must hold does not. Before it
	// returns, it closes whatever it has opened.
	run func(*env) (got string, err error)
}

// trials returns all of them, in the order of the table.
func trials() []trial {
	return slices.Concat(networkTrials(), machineTrials())
}

func (t trial) id() string { return t.group + "/" + t.name }

// runs returns the variants that t is tried with.
func (t trial) runs(short bool) []variant {
	if t.variants == nil {
		return []variant{{}}
	}
	return t.variants(short)
}

// An env is what a trial has, in a process of its own.
type env struct {
	variant
	ctx   context.Context // ends when the trial takes too long
	short bool            // little data will do

	// with a network
	network              string // its name
	client, server       *host
	identity             []byte      // of the server: see newIdentity
	forServer, forClient *tls.Config // made of it
}

// patience is how long a trial may take.
const patience = 2 * time.Minute

// skipped is the error of a trial that cannot be made on this machine: it says what that lacks.
type skipped string

func (s skipped) Error() string { return "skipped: " + string(s) }

// A variant is a kind of connection, and the end of it that is looked at.
type variant struct {
	Role    string // client or server; empty: both alike
	Mode    string // of both ends: see modes
	TLS     bool
	HTTP2   bool // it is a stream of HTTP/2, over TLS
	Deflate bool
}

func (v variant) String() string {
	if v == (variant{}) {
		return "-"
	}
	var words []string
	if v.Role != "" {
		words = append(words, v.Role)
	}
	below := "plain"
	switch {
	case v.HTTP2:
		below = "HTTP/2"
	case v.TLS:
		below = "TLS"
	}
	words = append(words, v.Mode, below)
	if v.Deflate {
		words = append(words, "compressed")
	}
	return strings.Join(words, " ")
}

// bothEnds returns each kind of connection once, for faults that meet both ends alike.
func bothEnds(short bool) []variant { return thin(connections(""), short) }

// eachEnd returns each kind of connection twice, with either end to look at.
func eachEnd(short bool) []variant {
	return thin(slices.Concat(connections("client"), connections("server")), short)
}

// eachEndOverHTTP1 is eachEnd without HTTP/2.
func eachEndOverHTTP1(short bool) []variant {
	all := slices.DeleteFunc(eachEnd(false), func(v variant) bool { return v.HTTP2 })
	return thin(all, short)
}

func connections(role string) (all []variant) {
	for _, below := range []variant{{}, {TLS: true}, {TLS: true, HTTP2: true}} {
		for _, m := range modes {
			v := variant{Role: role, Mode: m.name, TLS: below.TLS, HTTP2: below.HTTP2}
			all = append(all, v)
			if m.deflates {
				v.Deflate = true
				all = append(all, v)
			}
		}
	}
	return all
}

// thin leaves every fifth, if short is set. That has compression in it, and with both roles all modes.
func thin(all []variant, short bool) []variant {
	if !short {
		return all
	}
	var few []variant
	for i := 1; i < len(all); i += 5 {
		few = append(few, all[i])
	}
	return few
}

// within returns an error if something took longer than it may, and a busy machine may make it.
func within(what string, took, most time.Duration) error {
	if took > most+tolerance {
		return fmt.Errorf("%s after %.1f s, where %v is the most", what, took.Seconds(), most)
	}
	return nil
}

// tolerance is what a busy machine may take on top of a time that must be kept.
const tolerance = 2 * time.Second

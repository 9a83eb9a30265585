//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/litert/websocket/internal/census"
)

// beTrial makes the one of the known trials that was ordered, and tells of it on the standard output.
func beTrial(spec string, known []trial) (status int) {
	var o order
	if err := json.Unmarshal([]byte(spec), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r := result{Variant: o.Variant}
	var lacks skipped
	got, err := o.try(ctx, known)
	switch {
	case errors.As(err, &lacks):
		r.Skipped = string(lacks)
	case err != nil:
		r.Err = err.Error()
	}
	r.Got = got
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return 2
	}
	return 0
}

// slack is how much more memory may be in use afterwards: what the runtime and the standard library keep of what was there
// for the first time.
const slack = 1 << 20

// settling is how long it may take until nothing is left.
const settling = 10 * time.Second

// try compares what there is in the process before and after.
func (o order) try(ctx context.Context, known []trial) (got string, err error) {
	e := &env{variant: o.Variant, ctx: ctx, short: o.Short}
	if o.Network != "" {
		identity, err := newIdentity()
		if err != nil {
			return "", err
		}
		if err := e.useNetwork(o.Network, identity); err != nil {
			return "", err
		}
	}
	if err := e.warmUp(); err != nil {
		return "", fmt.Errorf("without any fault: %w", err)
	}
	for _, t := range known {
		if t.id() != o.Trial {
			continue
		}
		before := census.Take()
		if got, err = t.run(e); err != nil {
			return got, err
		}
		late, cancel := context.WithTimeout(context.Background(), settling)
		defer cancel()
		_, err = census.Settle(late, before, slack+t.leaves, func() (census.Census, error) { return census.Take(), nil })
		return got, err
	}
	return "", fmt.Errorf("there is no trial %s", o.Trial)
}

// useNetwork has the hosts of a network for the trial, and an identity for the server.
func (e *env) useNetwork(name string, identity []byte) (err error) {
	e.network, e.identity = name, identity
	e.client, e.server = hostsOf(name)
	e.forServer, e.forClient, err = tlsOf(identity)
	return err
}

// warmUp has what there is only once be there before the first count.
func (e *env) warmUp() error {
	if e.client != nil {
		return e.talk()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return ln.Close()
}

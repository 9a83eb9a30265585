package main

import (
	"context"
	"fmt"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/litert/websocket/internal/census"
)

// victimVariable is set in the environment of a process that is to be the victim, and not the command.
const victimVariable = "ATTACK_VICTIM"

// A Victim is what is attacked. It is a process of its own, so that its memory can be told from that of the attackers.
// Its methods are called by the command, over the standard input and output.
type Victim struct {
	targets []target
	dial    func(context.Context, Order) Outcome
}

// None is the argument of a method that has none.
type None struct{}

// An Order tells a victim to connect to URL, in one of the receive modes, and to receive until there is an error.
type Order struct {
	Mode, URL string
	Within    time.Duration
}

// An Outcome is what became of an Order.
type Outcome struct {
	Opened   bool // the connection
	Messages int  // how many have come whole
	Err      string
}

// beVictim is the process, with its servers and its client. It ends with its standard input.
func beVictim(serve func() ([]target, error), dial func(context.Context, Order) Outcome) (status int) {
	targets, err := serve()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server := rpc.NewServer()
	if err := server.Register(&Victim{targets, dial}); err != nil {
		panic(err) // its methods are not what they have to be
	}
	server.ServeCodec(jsonrpc.NewServerCodec(standard{os.Stdin, os.Stdout}))
	return 0
}

// standard is the standard input and output, or what another process has for them.
type standard struct {
	io.ReadCloser
	io.Writer
}

// Targets returns where it listens.
func (v *Victim) Targets(_ None, to *[]target) error {
	*to = v.targets
	return nil
}

// Count returns what there is in the process.
func (v *Victim) Count(_ None, to *census.Census) error {
	*to = census.Take()
	return nil
}

// Stacks returns where the goroutines of the process are, and how many are at the same place.
func (v *Victim) Stacks(_ None, to *string) error {
	var b strings.Builder
	err := pprof.Lookup("goroutine").WriteTo(&b, 1)
	*to = b.String()
	return err
}

// Dial does what is ordered.
func (v *Victim) Dial(o Order, to *Outcome) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.Within)
	defer cancel()
	*to = v.dial(ctx, o)
	return nil
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/printable"
	"github.com/litert/websocket/stream"
)

const usage = `usage: wscp demo [-size SIZE]
       wscp serve [-addr HOST:PORT] [-host NAME]... [-cert FILE -key FILE] [-token-file FILE]
                  [-readonly] [-no-overwrite] [-max-size SIZE] [-max-connections N] DIR
       wscp put [-token-file FILE] FILE URL
       wscp get [-token-file FILE] URL FILE

SIZE is a number of bytes, or one such as 64MiB; URL is ws://HOST:PORT/NAME or wss://HOST:PORT/NAME.
The environment variable WSCP_TOKEN has the token if -token-file is not given.
`

func main() {
	ignoreBrokenPipes()
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command until it is done, or ctx ends, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := console{stdout, stderr}.dispatch(ctx, args)
	var misuse usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case errors.As(err, &misuse):
		fmt.Fprintf(stderr, "wscp: %s\n%s", printable.Text(misuse.Error()), usage)
		return 2
	case ctx.Err() != nil:
		err = errInterrupted
	}
	fmt.Fprintf(stderr, "wscp %s: %s\n", args[0], printable.Text(explain(err).Error()))
	return 1
}

// explain prefers what the peer said to how the connection ended.
func explain(err error) error {
	var closed *stream.CloseError
	switch {
	case !errors.As(err, &closed):
	case closed.Reason != "":
		return fmt.Errorf("the other side says: %s", closed.Reason)
	case closed.Code == closecode.GoingAway:
		return errors.New("the other side was interrupted")
	}
	var answer *dial.Error
	if errors.As(err, &answer) && !answer.Proxy {
		if reason := printable.Line(string(answer.Body), maxReason); reason != "" {
			return fmt.Errorf("the server answered %d %s: %s", answer.StatusCode, http.StatusText(answer.StatusCode), reason)
		}
	}
	return err
}

// maxReason is how many bytes of a server's answer are shown.
const maxReason = 200

// A console is where a command prints to: results to out, progress and logs to err.
type console struct{ out, err io.Writer }

func (c console) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return usageError("no command")
	}
	switch name, args := args[0], args[1:]; name {
	case "demo":
		return c.demo(ctx, args)
	case "serve":
		return c.serve(ctx, args)
	case "put":
		return c.put(ctx, args)
	case "get":
		return c.get(ctx, args)
	case "help", "-h", "-help", "--help":
		return flag.ErrHelp
	default:
		return usageError(fmt.Sprintf("%q is not a command", name))
	}
}

// A usageError says what is wrong with the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// An argument is the value of a flag which, if it is there, is not empty: a variable that is not set, in a script, must not open a
// server to more than was meant. It is a [flag.Value].
type argument string

func (a *argument) String() string { return string(*a) }

func (a *argument) Set(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	*a = argument(s)
	return nil
}

// parse parses the arguments of a command, and returns the n that are not flags.
func parse(flags *flag.FlagSet, args []string, n int) ([]string, error) {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, usageError(err.Error())
	case flags.NArg() != n:
		return nil, usageError(fmt.Sprintf("%s: %d arguments instead of %d", flags.Name(), flags.NArg(), n))
	}
	return flags.Args(), nil
}

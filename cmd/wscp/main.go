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
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

func main() {
	ignoreBrokenPipes()
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command until it is done, or ctx ends, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{""}
	}
	err := console{os.Stdin, stdout, stderr}.dispatch(ctx, args[0], args[1:])
	var misuse usageError
	var closed closeStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &misuse):
		fmt.Fprintf(stderr, "wscp: %s\n%s", printable.Text(misuse.Error()), usageOf(args[0]))
		return 2
	case errors.As(err, &closed):
		return int(closed)
	case ctx.Err() != nil:
		err = transfer.ErrInterrupted
	}
	fmt.Fprintf(stderr, "wscp %s: %s\n", args[0], printable.Text(explain(err).Error()))
	return 1
}

// usageOf returns how the command is called, or each if there is none of that name.
func usageOf(name string) string {
	cmd, err := find(name)
	if err != nil {
		return usage()
	}
	return fmt.Sprintf("usage: %s\nwscp help %s tells more.\n", cmd.usage(), name)
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

// A console is where a command reads from, and prints to: results to out, progress and logs to err.
type console struct {
	in       io.Reader
	out, err io.Writer
}

func (c console) dispatch(ctx context.Context, name string, args []string) error {
	switch name {
	case "":
		return usageError("no command")
	case "-h", "-help", "--help":
		name = "help"
	}
	cmd, err := find(name)
	if err != nil {
		return err
	}
	s, args, err := cmd.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return c.help(ctx, nil, []string{name})
	case err != nil:
		return err
	}
	return cmd.run(c, ctx, s, args)
}

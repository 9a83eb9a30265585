package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

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

// usage returns how the command is called.
func (c command) usage() string {
	text := "wscp " + c.name
	if len(c.flags()) > 0 {
		text += " [FLAG]..."
	}
	return strings.TrimSuffix(text+" "+c.args, " ")
}

// usage returns how each command is called.
func usage() string {
	var b strings.Builder
	for i, c := range commands() {
		fmt.Fprintf(&b, "%-6s %-31s %s\n", []string{"usage:", ""}[min(i, 1)], c.usage(), c.does)
	}
	b.WriteString("\nURL is ws://HOST:PORT/NAME or wss://HOST:PORT/NAME. wscp help COMMAND tells the flags.\n")
	return b.String()
}

// help returns all that is to be known of a command.
func (c command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n\nIt %s.\n", c.usage(), c.does)
	for i, f := range c.flags() {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "  %-20s %s\n", strings.TrimSpace("-"+f.name+" "+f.value), f.does)
	}
	fmt.Fprintf(&b, "\nExamples:\n  %s\n", strings.Join(c.examples[:], "\n  "))
	return b.String()
}

func (c console) help(_ context.Context, _ *settings, args []string) error {
	text := usage()
	if len(args) > 0 {
		cmd, err := find(args[0])
		if err != nil {
			return err
		}
		text = cmd.help()
	}
	_, err := io.WriteString(c.out, text)
	return err
}

func find(name string) (command, error) {
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
	}
	return command{}, usageError(fmt.Sprintf("%q is not a command", name))
}

// parse returns what the flags say, which may stand anywhere, and the arguments.
func (c command) parse(args []string) (*settings, []string, error) {
	s := &settings{addr: "127.0.0.1:8080", length: 64 << 20, rules: rules{maxSize: maxSize, connections: defaultConnections}}
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, f := range c.flags() {
		switch at := f.at(s).(type) {
		case *bool:
			flags.BoolVar(at, f.name, false, "")
		case *int:
			flags.IntVar(at, f.name, *at, "")
		case *time.Duration:
			flags.DurationVar(at, f.name, 0, "")
		case flag.Value:
			flags.Var(at, f.name, "")
		}
	}
	var rest []string
	for {
		if err := flags.Parse(args); err != nil {
			if !errors.Is(err, flag.ErrHelp) {
				err = usageError(c.name + ": " + err.Error())
			}
			return nil, nil, err
		}
		left := flags.Args()
		if end := len(args) - len(left); len(left) == 0 || end > 0 && args[end-1] == "--" {
			rest = append(rest, left...)
			break
		}
		rest, args = append(rest, left[0]), left[1:]
	}
	if n := len(rest); n < c.least || n > c.most {
		return nil, nil, usageError(fmt.Sprintf("%s: %d arguments instead of %s", c.name, n, strings.TrimSpace(fmt.Sprintf("%d %s", c.least, c.args))))
	}
	return s, rest, s.check(c, rest)
}

// check returns an error if the flags do not go together, or with the arguments.
func (s *settings) check(c command, args []string) error {
	switch {
	case (s.cert == "") != (s.key == ""):
		return usageError(c.name + ": -cert and -key go together")
	case s.tls && s.cert != "":
		return usageError(c.name + ": -tls makes a certificate, and -cert gives one")
	case c.name == "serve" && s.cacert != "" && s.cert == "" && !s.tls:
		return usageError("serve: -cacert is for TLS, which -tls or -cert begins")
	case s.insecure && len(s.fingerprint) > 0:
		return usageError(c.name + ": -insecure takes any certificate, and -fingerprint a single one")
	case len(s.fingerprint) > 0 && slices.ContainsFunc(args, isPlain):
		return usageError(c.name + ": -fingerprint is for TLS, which a URL with wss has")
	case s.quiet && (s.verbose || s.json), s.verbose && s.json:
		return usageError(c.name + ": -v, -json and -q exclude each other")
	case s.retry < 0:
		return usageError(c.name + ": -retry is a time such as 5m")
	case s.rules.connections < 1:
		return usageError("serve: -max-connections is at least 1")
	}
	return nil
}

// isPlain reports whether the argument is a URL without TLS.
func isPlain(arg string) bool {
	u, err := url.Parse(arg)
	return err == nil && slices.Contains([]string{"ws", "http", "ws+unix"}, u.Scheme)
}

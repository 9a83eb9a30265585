package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// A command is what is behind wscp on the command line.
type command struct {
	name, args  string
	least, most int // how many arguments
	does        string
	examples    [2]string
	run         func(console, context.Context, *settings, []string) error
}

// commands returns all commands.
func commands() []command {
	return []command{
		{"serve", "DIR", 1, 1, "lets clients read and write the files in DIR",
			[2]string{"wscp serve -tls -addr :8443 -token-file secret.txt .", "wscp serve backups"}, console.serve},
		{"put", "FILE... URL", 2, math.MaxInt, "sends a file, - for what is piped in, or directories if URL ends with a slash",
			[2]string{"wscp put -retry 5m -token-file secret.txt -fingerprint HEX disk.img wss://host:8443/disk.img", "tar czf - project | wscp put - ws://localhost:8080/project.tgz"}, console.put},
		{"get", "URL FILE", 2, 2, "fetches a file, to - for a pipe, or a directory if URL ends with a slash",
			[2]string{"wscp get -continue -token-file secret.txt -fingerprint HEX wss://host:8443/disk.img .", "wscp get ws://localhost:8080/project.tgz - | tar xzf -"}, console.get},
		{"connect", "URL", 1, 1, "sends lines as messages, and prints those that come",
			[2]string{"wscp connect wss://host/chat", "echo hello | wscp connect -H 'Origin: https://host' wss://host/echo"}, console.connect},
		{"demo", "", 0, 0, "shows it all, on this machine alone",
			[2]string{"wscp demo", "wscp demo -size 1GiB"}, console.demo},
		{"help", "[COMMAND]", 0, 1, "tells the flags of a command",
			[2]string{"wscp help put", "wscp help serve"}, console.help},
	}
}

// A usageError says what is wrong with the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

func find(name string) (command, error) {
	all := commands()
	if i := slices.IndexFunc(all, func(c command) bool { return c.name == name }); i >= 0 {
		return all[i], nil
	}
	return command{}, usageError(fmt.Sprintf("%q is not a command", name))
}

// parse returns what the flags say, which may stand anywhere, and the arguments.
func (c command) parse(args []string) (s *settings, rest []string, err error) {
	s = newSettings()
	for flags := s.flags(c.name); ; {
		if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, nil, err
		} else if err != nil {
			return nil, nil, usageError(c.name + ": " + err.Error())
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
	if wrong := s.check(c.name, rest); wrong != "" {
		return nil, nil, usageError(c.name + ": " + wrong)
	}
	return s, rest, nil
}

// usage returns how the command is called.
func (c command) usage() string {
	text := "wscp " + c.name
	newSettings().flags(c.name).VisitAll(func(*flag.Flag) { text = "wscp " + c.name + " [FLAG]..." })
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
	fmt.Fprintf(&b, "usage: %s\n\nIt %s.\n\n", c.usage(), c.does)
	newSettings().flags(c.name).VisitAll(func(f *flag.Flag) {
		value, does := flag.UnquoteUsage(f)
		fmt.Fprintf(&b, "  %-20s %s\n", strings.TrimSpace("-"+f.Name+" "+value), does)
	})
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

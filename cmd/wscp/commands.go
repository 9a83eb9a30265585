package main

import (
	"context"
	"math"
	"slices"
	"strings"
)

// maxSize is how many bytes a file may have of which nothing else is said.
const maxSize = math.MaxInt64

// A command is what is behind wscp on the command line.
type command struct {
	name, args  string
	least, most int // how many arguments
	does        string
	examples    [2]string
	run         func(console, context.Context, *settings, []string) error
}

// commands returns all commands; their flags are in flagTable.
func commands() []command {
	return []command{
		{"serve", "DIR", 1, 1, "lets clients read and write the files in DIR",
			[2]string{"wscp serve -tls -addr :8443 .", "wscp serve -readonly -token-file secret.txt backups"}, console.serve},
		{"put", "FILE... URL", 2, math.MaxInt, "sends a file, - for what is piped in, or directories if URL ends with a slash",
			[2]string{"wscp put -retry 5m disk.img ws://host:8080/disk.img", "tar czf - project | wscp put - ws://host:8080/project.tgz"}, console.put},
		{"get", "URL FILE", 2, 2, "fetches a file, to - for a pipe, or a directory if URL ends with a slash",
			[2]string{"wscp get -continue ws://host:8080/disk.img .", "wscp get ws://host:8080/project.tgz - | tar xzf -"}, console.get},
		{"connect", "URL", 1, 1, "sends lines as messages, and prints those that come",
			[2]string{"wscp connect wss://host/chat", "echo hello | wscp connect -H 'Origin: https://host' wss://host/echo"}, console.connect},
		{"demo", "", 0, 0, "shows it all, on this machine alone",
			[2]string{"wscp demo", "wscp demo -size 1GiB"}, console.demo},
		{"help", "[COMMAND]", 0, 1, "tells the flags of a command",
			[2]string{"wscp help put", "wscp help serve"}, console.help},
	}
}

// A flagSpec is a flag of some commands. Its value is of type *bool, *int, *time.Duration, or a [flag.Value].
type flagSpec struct {
	name, value, commands, does string
	at                          func(*settings) any
}

const (
	copying = "put get"
	clients = "put get connect"
)

var flagTable = []flagSpec{
	{"addr", "HOST:PORT", "serve", "listens there; 127.0.0.1:8080 by default", func(s *settings) any { return &s.addr }},
	{"host", "NAME", "serve", "is a name or address that the server is reached by; may be repeated", func(s *settings) any { return &s.hosts }},
	{"tls", "", "serve", "makes a certificate for this run, and prints its fingerprint", func(s *settings) any { return &s.tls }},
	{"readonly", "", "serve", "refuses what is put", func(s *settings) any { return &s.rules.readOnly }},
	{"no-overwrite", "", "serve", "refuses what is put under a name that exists", func(s *settings) any { return &s.rules.keep }},
	{"max-size", "SIZE", "serve", "refuses files that are larger", func(s *settings) any { return &s.rules.maxSize }},
	{"max-connections", "N", "serve", "serves as many clients at a time, 256 by default", func(s *settings) any { return &s.rules.connections }},
	{"continue", "", copying, "goes on where an earlier transfer has stopped", func(s *settings) any { return &s.resume }},
	{"retry", "TIME", copying, "connects again and goes on, until nothing has moved for that long", func(s *settings) any { return &s.retry }},
	{"digest", "", copying, "prints the SHA-256 sum, as sha256sum does", func(s *settings) any { return &s.digest }},
	{"v", "", copying, "prints a line every three seconds where there is no terminal", func(s *settings) any { return &s.verbose }},
	{"json", "", copying, "prints what happens as lines of JSON", func(s *settings) any { return &s.json }},
	{"q", "", copying, "prints errors alone", func(s *settings) any { return &s.quiet }},
	{"binary", "", "connect", "sends and prints bytes instead of lines", func(s *settings) any { return &s.binary }},
	{"subprotocol", "NAME", "connect", "asks for the subprotocol", func(s *settings) any { return &s.subprotocol }},
	{"token-file", "FILE", "serve " + clients, "has the token that clients show; otherwise WSCP_TOKEN has it", func(s *settings) any { return &s.tokenFile }},
	{"H", "FIELD", clients, "adds 'NAME: VALUE' to the request; may be repeated", func(s *settings) any { return &s.header }},
	{"cert", "FILE", "serve " + clients, "shows the certificate in PEM; with -key", func(s *settings) any { return &s.cert }},
	{"key", "FILE", "serve " + clients, "has its key", func(s *settings) any { return &s.key }},
	{"cacert", "FILE", "serve " + clients, "has the authorities, in PEM, that the other side's certificate is of", func(s *settings) any { return &s.cacert }},
	{"fingerprint", "HEX", clients, "is that of the server's certificate, which needs no authority then", func(s *settings) any { return &s.fingerprint }},
	{"insecure", "", clients, "takes any certificate", func(s *settings) any { return &s.insecure }},
	{"z", "", clients, "compresses", func(s *settings) any { return &s.compress }},
	{"proxy", "URL", clients, "connects through that, http, https or socks5; by default as the environment says", func(s *settings) any { return &s.proxy }},
	{"bind", "ADDRESS", clients, "connects from that address of this machine", func(s *settings) any { return &s.bind }},
	{"unix", "PATH", "serve " + clients, "is a UNIX socket to listen at, or to connect to", func(s *settings) any { return &s.unix }},
	{"http2", "", clients, "connects over HTTP/2", func(s *settings) any { return &s.h2 }},
	{"size", "SIZE", "demo", "is how large its file is; 64MiB by default", func(s *settings) any { return &s.length }},
}

// flags returns the flags of the command.
func (c command) flags() (flags []flagSpec) {
	for _, f := range flagTable {
		if slices.Contains(strings.Fields(f.commands), c.name) {
			flags = append(flags, f)
		}
	}
	return flags
}

package main

import (
	"errors"
	"flag"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/litert/websocket/internal/size"
	"github.com/litert/websocket/internal/transfer"
)

// settings are what the flags of all commands set.
type settings struct {
	// of several
	tokenFile, cert, key, cacert argument
	unix                         argument // a socket, in the place of a host and port

	// of clients
	header                   headerFlag
	fingerprint              fingerprint
	insecure, compress, h2   bool
	proxy, bind, subprotocol argument
	resume                   bool
	retry                    time.Duration
	digest                   bool // is printed
	verbose, json, quiet     bool
	binary                   bool

	// of serve
	addr  argument
	hosts hostFlag
	tls   bool
	rules rules

	// of the demo
	length size.Bytes // of its file
	label  string     // of a command that it runs
}

func newSettings() *settings {
	return &settings{addr: "127.0.0.1:8080", length: 64 << 20, rules: rules{Rules: transfer.Rules{MaxSize: math.MaxInt64}, connections: defaultConnections}}
}

// flags returns the flags of the command. What is quoted in the text of one is its value.
func (s *settings) flags(command string) *flag.FlagSet {
	f := flag.NewFlagSet(command, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	serves, copies := command == "serve", command == "put" || command == "get"
	dials := copies || command == "connect"
	if serves {
		f.Var(&s.addr, "addr", "listens at `HOST:PORT`; 127.0.0.1:8080 by default")
		f.Var(&s.hosts, "host", "is a `NAME` or address that the server is reached by; may be repeated")
		f.BoolVar(&s.tls, "tls", false, "makes a certificate for this run, and prints its fingerprint")
		f.BoolVar(&s.rules.ReadOnly, "readonly", false, "refuses what is put")
		f.BoolVar(&s.rules.Keep, "no-overwrite", false, "refuses what is put under a name that exists")
		f.Var(&s.rules.MaxSize, "max-size", "refuses files that are larger than `SIZE`")
		f.IntVar(&s.rules.connections, "max-connections", s.rules.connections, "serves `N` clients at a time, 256 by default")
	}
	if copies {
		f.BoolVar(&s.resume, "continue", false, "goes on where an earlier transfer has stopped")
		f.DurationVar(&s.retry, "retry", 0, "connects again and goes on, until nothing has moved for that `TIME`")
		f.BoolVar(&s.digest, "digest", false, "prints the SHA-256 sum, as sha256sum does")
		f.BoolVar(&s.verbose, "v", false, "prints a line every three seconds where there is no terminal")
		f.BoolVar(&s.json, "json", false, "prints what happens as lines of JSON")
		f.BoolVar(&s.quiet, "q", false, "prints errors alone")
	}
	if command == "connect" {
		f.BoolVar(&s.binary, "binary", false, "sends and prints bytes instead of lines")
		f.Var(&s.subprotocol, "subprotocol", "asks for the subprotocol `NAME`")
	}
	if serves || dials {
		f.Var(&s.tokenFile, "token-file", "`FILE` has the token that clients show; otherwise WSCP_TOKEN has it")
		f.Var(&s.cert, "cert", "shows the certificate in `FILE`, in PEM; with -key")
		f.Var(&s.key, "key", "`FILE` has its key")
		f.Var(&s.cacert, "cacert", "`FILE` has the authorities, in PEM, that the other side's certificate is of")
		f.Var(&s.unix, "unix", "listens at the UNIX socket `PATH`, or connects to it")
	}
	if dials {
		f.Var(&s.header, "H", "adds the `FIELD` 'NAME: VALUE' to the request; may be repeated")
		f.Var(&s.fingerprint, "fingerprint", "`HEX` is that of the server's certificate, which needs no authority then")
		f.BoolVar(&s.insecure, "insecure", false, "takes any certificate")
		f.BoolVar(&s.compress, "z", false, "compresses")
		f.Var(&s.proxy, "proxy", "connects through the `URL`, http, https or socks5; by default as the environment says")
		f.Var(&s.bind, "bind", "connects from that `ADDRESS` of this machine")
		f.BoolVar(&s.h2, "http2", false, "connects over HTTP/2")
	}
	if command == "demo" {
		f.Var(&s.length, "size", "its file has `SIZE`; 64MiB by default")
	}
	return f
}

// check returns what is wrong if the flags do not go together, or with the arguments.
func (s *settings) check(command string, args []string) string {
	switch {
	case (s.cert == "") != (s.key == ""):
		return "-cert and -key go together"
	case s.tls && s.cert != "":
		return "-tls makes a certificate, and -cert gives one"
	case command == "serve" && s.cacert != "" && s.cert == "" && !s.tls:
		return "-cacert is for TLS, which -tls or -cert begins"
	case s.insecure && len(s.fingerprint) > 0:
		return "-insecure takes any certificate, and -fingerprint a single one"
	case s.flagOfTLS() != "" && slices.ContainsFunc(args, isPlain):
		return s.flagOfTLS() + " is for TLS, which a URL with wss has"
	case s.quiet && (s.verbose || s.json), s.verbose && s.json:
		return "-v, -json and -q exclude each other"
	case s.retry < 0:
		return "-retry is a time such as 5m"
	case s.rules.connections < 1:
		return "-max-connections is at least 1"
	}
	return ""
}

// flagOfTLS returns a flag that has no meaning for a client without TLS, if one is there. A proxy may speak TLS where the server does
// not; whose fingerprint is given is the server's.
func (s *settings) flagOfTLS() string {
	switch {
	case len(s.fingerprint) > 0:
		return "-fingerprint"
	case strings.HasPrefix(string(s.proxy), "https:"):
		return ""
	case s.cacert != "":
		return "-cacert"
	case s.cert != "":
		return "-cert"
	case s.insecure:
		return "-insecure"
	}
	return ""
}

// isPlain reports whether the argument is a URL without TLS.
func isPlain(arg string) bool {
	u, err := url.Parse(arg)
	return err == nil && slices.Contains([]string{"ws", "http", "ws+unix"}, u.Scheme)
}

// resumes reports whether transfers go on where an earlier one has stopped.
func (s *settings) resumes() bool { return s.resume || s.retry > 0 }

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

// A headerFlag collects fields of the request. It is a [flag.Value].
type headerFlag http.Header

func (h *headerFlag) String() string { return "" }

func (h *headerFlag) Set(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || strings.TrimSpace(name) == "" {
		return errors.New("a field of a header is NAME: VALUE")
	}
	if *h == nil {
		*h = make(headerFlag)
	}
	http.Header(*h).Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

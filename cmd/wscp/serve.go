package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"strings"

	"github.com/litert/websocket/internal/printable"
)

// defaultConnections is how many clients are served at a time, if not said otherwise.
const defaultConnections = 256

// A serveConfig is what the command line of "wscp serve" says.
type serveConfig struct {
	dir                        string
	addr, cert, key, tokenFile argument
	hosts                      hostFlag
	rules                      rules
}

func parseServe(args []string) (*serveConfig, error) {
	cfg := &serveConfig{addr: "127.0.0.1:8080", rules: rules{maxSize: math.MaxInt64}}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.Var(&cfg.addr, "addr", "")
	flags.Var(&cfg.hosts, "host", "")
	flags.Var(&cfg.cert, "cert", "")
	flags.Var(&cfg.key, "key", "")
	flags.Var(&cfg.tokenFile, "token-file", "")
	flags.BoolVar(&cfg.rules.readOnly, "readonly", false, "")
	flags.BoolVar(&cfg.rules.keep, "no-overwrite", false, "")
	flags.Var(&cfg.rules.maxSize, "max-size", "")
	flags.IntVar(&cfg.rules.connections, "max-connections", defaultConnections, "")
	args, err := parse(flags, args, 1)
	switch {
	case err != nil:
		return nil, err
	case (cfg.cert == "") != (cfg.key == ""):
		return nil, usageError("-cert and -key go together")
	case cfg.rules.connections < 1:
		return nil, usageError("-max-connections is at least 1")
	}
	cfg.dir = args[0]
	return cfg, nil
}

func (c console) serve(ctx context.Context, args []string) error {
	cfg, err := parseServe(args)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(cfg.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if cfg.rules.token, err = readToken(cfg.tokenFile); err != nil {
		return err
	}
	var config *tls.Config
	scheme := "ws"
	if cfg.cert != "" {
		pair, err := tls.LoadX509KeyPair(string(cfg.cert), string(cfg.key))
		if err != nil {
			return err
		}
		config, scheme = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}, "wss"
	}
	ln, err := net.Listen("tcp", string(cfg.addr))
	if err != nil {
		return err
	}
	addr := ln.Addr().(*net.TCPAddr)
	reach := reachOf(addr, cfg.hosts, cfg.rules.token != "")
	c.announce(cfg, scheme, addr, reach)
	return newServer(root, cfg.rules, reach.accepted, c.newLog()).serve(ctx, ln, config)
}

// announce tells where the server is reached, and by whom.
func (c console) announce(cfg *serveConfig, scheme string, addr *net.TCPAddr, reach reach) {
	if reach.public && cfg.rules.token == "" {
		may := "read and write"
		if cfg.rules.readOnly {
			may = "read"
		}
		fmt.Fprintf(c.err, "wscp serve: everybody who reaches %v can %s the files in %s; -token-file has them show a token\n", addr, may, cfg.dir)
	}
	for _, host := range reach.shown {
		fmt.Fprintf(c.out, "serving %s at %s://%s:%d/\n", cfg.dir, scheme, host, addr.Port)
	}
}

// newLog returns a log for what clients do, of which nothing can act on a terminal.
func (c console) newLog() *log.Logger { return log.New(lines{c.err}, "", log.LstdFlags) }

// lines writes each text as one printable line.
type lines struct{ dst io.Writer }

func (l lines) Write(p []byte) (int, error) {
	_, err := io.WriteString(l.dst, printable.Text(strings.TrimSuffix(string(p), "\n"))+"\n")
	return len(p), err
}

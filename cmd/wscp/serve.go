package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"

	"github.com/litert/websocket/internal/printable"
)

// defaultConnections is how many clients are served at a time, if not said otherwise.
const defaultConnections = 256

func (c console) serve(ctx context.Context, s *settings, args []string) error {
	dir := args[0]
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if s.rules.token, err = readToken(s.tokenFile); err != nil {
		return err
	}
	ln, reach, err := s.listen()
	if err != nil {
		return err
	}
	config, made, err := s.serverTLS(append(reach.shown, "localhost"))
	if err != nil {
		ln.Close()
		return err
	}
	if reach.public && s.rules.token == "" {
		may := "read and write"
		if s.rules.ReadOnly {
			may = "read"
		}
		fmt.Fprintf(c.err, "wscp serve: everybody who reaches %v can %s the files in %s; -token-file has them show a token\n", ln.Addr(), may, dir)
	}
	scheme := "ws"
	if config != nil {
		scheme = "wss"
	}
	for _, host := range reach.shown {
		fmt.Fprintf(c.out, "serving %s at %s%s/\n", dir, scheme, reach.address(host, ln.Addr()))
	}
	if s.unix == "" {
		fmt.Fprintf(c.out, "browsers find its page at http%s%s/\n", strings.TrimPrefix(scheme, "ws"), reach.address(reach.shown[0], ln.Addr()))
	}
	if made != nil {
		fmt.Fprintf(c.out, "put and get trust this certificate with -fingerprint %v\n", &made)
	}
	return newServer(root, s.rules, reach.accepted, c.newLog()).serve(ctx, ln, config)
}

// listen returns where the server listens, and how it is reached.
func (s *settings) listen() (net.Listener, reach, error) {
	if s.unix != "" {
		ln, err := net.Listen("unix", string(s.unix))
		return ln, reach{accepted: append([]string{"localhost"}, s.hosts...), shown: []string{"localhost"}}, err
	}
	ln, err := net.Listen("tcp", string(s.addr))
	if err != nil {
		return nil, reach{}, err
	}
	return ln, reachOf(ln.Addr().(*net.TCPAddr), s.hosts, s.rules.token != ""), nil
}

// address returns the URL of a server at host, from behind its scheme up to its path.
func (r reach) address(host string, addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return fmt.Sprintf("://%s:%d", host, tcp.Port)
	}
	return "+unix://" + addr.String() + ":"
}

// newLog returns a log for what clients do, of which nothing can act on a terminal.
func (c console) newLog() *log.Logger { return log.New(lines{c.err}, "", log.LstdFlags) }

// lines writes each text as one printable line.
type lines struct{ dst io.Writer }

func (l lines) Write(p []byte) (int, error) {
	_, err := io.WriteString(l.dst, printable.Text(strings.TrimSuffix(string(p), "\n"))+"\n")
	return len(p), err
}

//go:build interop

package interop_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// A socket is a connection of a peer in Go. Its methods are called one after the other.
type socket interface {
	subprotocol() string
	send(binary bool, data []byte) error
	sendFragments(binary bool, data []byte, size int) error

	// ping sends a ping. When the pong has come, the peer calls servant.ponged.
	ping(data string) error

	// close sends a close frame; a code of 0 is none.
	close(code int, reason string) error
}

// A cutter is a socket that can send half of a message, and cut the connection then.
type cutter interface {
	cutIn(data []byte) error
}

// A servant obeys on a connection, whatever library that is of.
type servant struct {
	socket
	digest   bool // of the next message, before that
	fragment int  // its size, for the next message; 0: no fragments
	cut      bool // the connection, in the middle of the next message
}

// message obeys a message.
func (s *servant) message(binary bool, data []byte) error {
	if line, ok := strings.CutPrefix(string(data[:min(len(data), 256)]), "!"); ok && !binary {
		return s.obey(line)
	}
	if s.digest {
		if err := s.send(false, []byte(digest(data))); err != nil {
			return err
		}
	}
	if s.cut {
		return s.socket.(cutter).cutIn(data)
	}
	size := s.fragment
	s.digest, s.fragment = false, 0
	if size > 0 {
		return s.sendFragments(binary, data, size)
	}
	return s.send(binary, data)
}

func (s *servant) obey(line string) (err error) {
	order, argument, _ := strings.Cut(line, " ")
	switch order {
	case "subprotocol":
		return s.send(false, []byte(s.subprotocol()))
	case "digest":
		s.digest = true
	case "fragments":
		s.fragment, err = strconv.Atoi(argument)
		return err
	case "cut":
		s.cut = true
	case "ping":
		return s.ping(argument)
	case "close":
		number, reason, _ := strings.Cut(argument, " ")
		code := 0
		if number != "" {
			if code, err = strconv.Atoi(number); err != nil {
				return err
			}
		}
		return s.close(code, reason)
	default:
		return fmt.Errorf("unknown order %q", line)
	}
	return nil
}

func (s *servant) ponged(data string) error { return s.send(false, []byte("pong "+data)) }

// closed and lost are what a peer reports.
func closed(code int, reason string) string { return fmt.Sprintf("closed %d %s", code, reason) }

func lost(err error) string { return fmt.Sprintf("lost 1006 %v", err) }

// serverInGo returns what starts a server. Its talk opens a connection, and obeys until it ends; it returns what there
// is to report.
func serverInGo(talk func(w http.ResponseWriter, r *http.Request) string) func(*testing.T) (string, <-chan string) {
	return func(t *testing.T) (string, <-chan string) {
		reports := make(chan string, 1)
		s := httptest.NewServer(healthy(func(w http.ResponseWriter, r *http.Request) { reports <- talk(w, r) }))
		t.Cleanup(s.Close)
		return webSocketURL(s.URL) + "/", reports
	}
}

// healthy answers the checks of proxies, and leaves all else to serve.
func healthy(serve http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/", serve)
	return mux
}

// clientInGo returns what starts a client, whose talk is as that of serverInGo.
func clientInGo(talk func(url string) string) func(*testing.T, *server) (func(url string), <-chan string) {
	return func(*testing.T, *server) (func(string), <-chan string) {
		reports := make(chan string, 1)
		return func(url string) { go func() { reports <- talk(url) }() }, reports
	}
}

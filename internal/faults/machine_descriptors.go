//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

const (
	shortage     = 5 * time.Second
	connectedOf  = 20              // connections that are there before
	newcomers    = 10              // clients that come meanwhile
	restingShare = shortage / 5    // of CPU time: what spins has all of it, or what a busy machine leaves
	notice       = 2 * time.Second // what those that are connected may wait for an echo, on a busy machine
)

// descriptors has the process run out of them while a Listener has clients, and others come.
func descriptors(e *env) (got string, err error) {
	var told atomic.Int64
	ln, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard, listen.OnError(func(*http.Request, error) { told.Add(1) }))
	if err != nil {
		return "", err
	}
	defer ln.Close()
	var served sync.WaitGroup
	defer served.Wait()
	defer ln.Close()
	served.Go(func() { echoAll(ln) })
	beside, err := talkTo(e.ctx, ln.Addr().String())
	if err != nil {
		return "", err
	}
	defer beside.hush()

	sockets, err := newSockets() // before, as they need descriptors themselves
	if err != nil {
		return "", err
	}
	defer closeAll(sockets)
	release, err := takeAllDescriptors()
	if err != nil {
		return "", err
	}
	defer release()
	if err := connectAll(sockets, ln.Addr().(*net.TCPAddr).Port); err != nil {
		return "", err
	}
	used := cpuTime()
	if err := beside.listenFor(e.ctx, shortage); err != nil {
		return "", err
	}
	used = cpuTime() - used
	release()
	over := time.Now()
	for _, s := range sockets {
		if err := openOver(e.ctx, s); err != nil {
			return "", fmt.Errorf("one that came meanwhile: %w", err)
		}
	}
	got = fmt.Sprintf("%v of CPU time, told %d times; %d that came meanwhile served %v later; longest echo beside %v", used.Round(time.Millisecond),
		told.Load(), newcomers, time.Since(over).Round(time.Millisecond), beside.longest().Round(time.Millisecond))
	switch {
	case len(beside.broken) > 0:
		return got, noticed(<-beside.broken)
	case told.Load() == 0:
		return got, errors.New("nothing was scarce")
	case used > restingShare:
		return got, errors.New("it has spun")
	case beside.longest() > notice:
		return got, errors.New("those that are connected have noticed")
	}
	return got, nil
}

func noticed(err error) error { return fmt.Errorf("one that is connected has noticed: %w", err) }

// newSockets returns sockets for newcomers, which are not connected yet.
func newSockets() ([]*os.File, error) {
	var sockets []*os.File
	for range newcomers {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			closeAll(sockets)
			return nil, err
		}
		sockets = append(sockets, os.NewFile(uintptr(fd), "socket"))
	}
	return sockets, nil
}

// connectAll has the sockets wait in the queue of the system at a port.
func connectAll(sockets []*os.File, port int) error {
	at := &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	for _, s := range sockets {
		if err := unix.Connect(int(s.Fd()), at); err != nil {
			return fmt.Errorf("connecting to the queue of the system: %w", err)
		}
	}
	return nil
}

func closeAll(sockets []*os.File) {
	for _, s := range sockets {
		s.Close()
	}
}

// takeAllDescriptors leaves the process none, until release is called, which may be called again.
func takeAllDescriptors() (release func(), err error) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		return nil, err
	}
	limit := before
	limit.Cur = min(before.Cur, 1000)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	var taken []int
	for {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			break // it is the last
		}
		taken = append(taken, fd)
	}
	return func() {
		for _, fd := range taken {
			unix.Close(fd)
		}
		taken = nil
		unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	}, nil
}

// echoAll sends back what comes over each connection, until ln is closed, and those that came have ended.
func echoAll(ln *listen.Listener[*stream.Reader]) {
	var all sync.WaitGroup
	defer all.Wait()
	for conn, err := range ln.All(context.Background()) {
		if err != nil {
			return
		}
		all.Go(func() { echoEach(conn) })
	}
}

// echoEach sends back what comes over conn, until that ends.
func echoEach(conn *stream.Conn[*stream.Reader]) {
	defer conn.Abort()
	for msg, err := range conn.All(context.Background()) {
		if err != nil || echoOne(conn.Socket, msg) != nil {
			return
		}
	}
}

func echoOne(s *stream.Socket, msg *stream.Reader) error {
	w, err := s.NewWriter(context.Background(), msg.Opcode())
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, msg); err != nil {
		return err
	}
	return w.Close()
}

// openOver shakes hands over a socket that is connected, and has a message come back.
func openOver(ctx context.Context, socket *os.File) error {
	raw, err := net.FileConn(socket)
	if err != nil {
		return err
	}
	conn, err := dial.Handshake(ctx, raw, "ws://127.0.0.1/", stream.Standard)
	if err != nil {
		raw.Close()
		return err
	}
	defer conn.Abort()
	return echoed(ctx, conn)
}

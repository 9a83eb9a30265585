//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// slowReader is how much resident memory a connection may take whose peer reads slowly, and to which a program writes as fast as it
// can what it has anyhow: two goroutines, one of which waits to write, and one to receive.
const slowReader = 48 << 10

// crowdSize is how many there are.
const crowdSize = 5000

// slowReaders has thousands of clients that read 2 KiB a second each, and connections beside them whose clients do read.
func slowReaders(e *env) (got string, err error) {
	clients, often := crowdSize, 2*time.Second
	if e.short {
		clients, often = crowdSize/10, time.Second
	}
	ln, err := listenTight(listen.MaxPending(clients), stream.IdleTimeout(time.Minute))
	if err != nil {
		return "", err
	}
	var served sync.WaitGroup
	defer served.Wait()
	defer ln.Close()
	var writing atomic.Int64
	served.Go(func() { sendFast(ln, &writing) })

	alone, err := fastPeers(e.ctx, ln, often, 0)
	if err != nil {
		return "", err
	}
	debug.FreeOSMemory()
	before, err := resident()
	if err != nil {
		return "", err
	}
	slow, err := openCrowd(e.ctx, ln.Addr().String(), clients)
	if err != nil {
		return "", err
	}
	defer slow.close()
	if err := until(e.ctx, "the senders are held back", func() bool { return writing.Load() >= int64(clients) }); err != nil {
		return "", err
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(before + int64(clients)*slowReader))
	reading, stop := context.WithCancel(e.ctx)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer stop()
	reader.Go(func() { slow.read(reading) })
	used := cpuTime()
	time.Sleep(often) // in which the slow ones alone are served
	used = cpuTime() - used
	beside, err := fastPeers(e.ctx, ln, often, used)
	if err != nil {
		return "", err
	}
	after, err := resident()
	if err != nil {
		return "", err
	}
	again, err := fastPeers(e.ctx, ln, often, used) // what there is of noise
	if err != nil {
		return "", err
	}
	cost := crowdCost{clients, (after - before) / int64(clients), used / time.Duration(clients) * time.Second / often, max(beside, again) / alone}
	return cost.String(), cost.check(slow.lost.Load())
}

// A crowdCost is what a crowd of slow readers costs.
type crowdCost struct {
	clients int
	memory  int64         // of each, resident
	used    time.Duration // CPU time of each, a second
	rate    float64       // of fast peers beside it, of what it is without
}

func (c crowdCost) String() string {
	return fmt.Sprintf("%d readers, %.1f KiB and %v of CPU a second each; fast peers at %.0f %%", c.clients, float64(c.memory)/1024,
		c.used.Round(time.Microsecond), 100*c.rate)
}

// check returns an error if that is too much, or if some of them were cut.
func (c crowdCost) check(lost int64) error {
	switch {
	case lost > 0:
		return fmt.Errorf("%d were cut: %v", lost, c)
	case c.memory > slowReader:
		return fmt.Errorf("that is more than %d KiB: %v", slowReader>>10, c)
	case c.rate < 0.8:
		return fmt.Errorf("that is too slow: %v", c)
	}
	return nil
}

const slowPath = "/slow"

// listenTight has the system keep little of what is sent to a client that does not read: with thousands of them, it would run short of
// memory for sockets, and be slow for all.
func listenTight(opts ...listen.Option) (*listen.Listener[*stream.Reader], error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return listen.NewListener(tight{ln}, stream.Standard, opts...)
}

// A tight listener has small buffers for sending.
type tight struct{ net.Listener }

func (t tight) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(16 << 10)
	}
	return conn, err
}

// sendFast sends to those that ask for slowPath, as fast as it can, and sends back to all others what they send. writing counts
// those that it has begun to send to: more than the system takes for a socket, so all of them wait.
func sendFast(ln *listen.Listener[*stream.Reader], writing *atomic.Int64) {
	message := make([]byte, 256<<10)
	var all sync.WaitGroup
	defer all.Wait()
	for conn, err := range ln.All(context.Background()) {
		if err != nil {
			return
		}
		if conn.Handshake().Resource != slowPath {
			all.Go(func() { echoEach(conn) })
			continue
		}
		all.Go(func() {
			defer conn.Abort()
			conn.Receive(context.Background()) // which answers pings, and hears of the end
		})
		all.Go(func() {
			defer conn.Abort()
			writing.Add(1)
			for conn.WriteBinary(context.Background(), message) == nil {
			}
		})
	}
}

// fastPeers has some clients send messages that come back, for so long, and returns how many did in a second of CPU time. Of that,
// others use so much meanwhile.
func fastPeers(ctx context.Context, ln *listen.Listener[*stream.Reader], often, others time.Duration) (rate float64, err error) {
	const peers = 4
	var echoes atomic.Int64
	ended := make(chan error, peers)
	begun, used := time.Now(), cpuTime()
	for range peers {
		go func() {
			conn, err := dial.Dial(ctx, "ws://"+ln.Addr().String(), stream.Standard, dial.Proxy(nil))
			if err != nil {
				ended <- err
				return
			}
			defer conn.Abort()
			for time.Since(begun) < often && err == nil {
				err = echoed(ctx, conn)
				echoes.Add(1)
			}
			ended <- err
		}()
	}
	for range peers {
		err = errors.Join(err, <-ended)
	}
	return float64(echoes.Load()) / (cpuTime() - used - others).Seconds(), err
}

// A crowd is clients that read slowly, by one goroutine, so that nearly all the memory is the server's.
type crowd struct {
	conns []net.Conn
	lost  atomic.Int64 // how many were cut
}

// openCrowd opens so many connections, one after the other.
func openCrowd(ctx context.Context, address string, clients int) (c *crowd, err error) {
	c = new(crowd)
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		return errors.Join(raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10)
		}), err)
	}}
	for range clients {
		conn, err := small.DialContext(ctx, "tcp", address)
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns = append(c.conns, conn)
		if _, err := io.WriteString(conn, "GET "+slowPath+" HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// read reads 2 KiB a second from each, until ctx ends.
func (c *crowd) read(ctx context.Context) {
	buf := make([]byte, 2<<10)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for ctx.Err() == nil {
		for _, conn := range c.conns {
			raw, err := conn.(*net.TCPConn).SyscallConn()
			if err != nil {
				continue
			}
			raw.Read(func(fd uintptr) bool {
				if n, err := unix.Read(int(fd), buf); n == 0 || err != nil && err != unix.EAGAIN {
					c.lost.Add(1)
				}
				return true
			})
		}
		select {
		case <-second.C:
		case <-ctx.Done():
		}
	}
}

func (c *crowd) close() {
	for _, conn := range c.conns {
		conn.Close()
	}
}

// Load measures what a delivery of the program live costs, and how long it takes: with viewers that all read, and with a
// tenth of them stuck. The server is a process of its own; all viewers are in this one.
//
//	go run ./live/load -viewers 2000
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/internal/proc"
	"github.com/litert/websocket/stream"
)

// A load is a server and its viewers, some of which are stuck.
type load struct {
	server                string // the program
	viewers, stuck        int
	interval, warm, lasts time.Duration

	mu       sync.Mutex // guards following
	measures bool
	took     []time.Duration // from the camera to the viewers that read
	pictures map[uint64]bool // that they have seen, by number
}

// run returns how much CPU time the server has used while it was measured.
func (l *load) run(ctx context.Context) (used time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	server, addr, err := l.start(ctx)
	if err != nil {
		cancel()
		return 0, err
	}
	var watching sync.WaitGroup
	defer func() {
		server.Process.Kill() // before its viewers leave, of which it would tell
		cancel()
		watching.Wait()
		server.Wait()
	}()
	for i := range l.viewers {
		conn, err := dial.Dial(ctx, "ws://"+addr+"/live", stream.Simple, stream.ReuseBuffer())
		if err != nil {
			return 0, err
		}
		watching.Go(func() {
			defer conn.Abort()
			if i < l.stuck {
				<-ctx.Done()
			} else {
				l.watch(ctx, conn)
			}
		})
	}
	wait(ctx, l.warm)
	before, _ := proc.CPU(server.Process) // 0 where the system does not tell it
	l.measure(true)
	wait(ctx, l.lasts)
	l.measure(false)
	used, _ = proc.CPU(server.Process)
	used -= before
	if err = ctx.Err(); err == nil && len(l.took) == 0 {
		err = fmt.Errorf("no picture came within %v", l.lasts)
	}
	return used, err
}

// start starts the server, which ends with ctx.
func (l *load) start(ctx context.Context) (*exec.Cmd, string, error) {
	server := exec.CommandContext(ctx, l.server, "-addr", "localhost:0", "-interval", l.interval.String())
	said, err := server.StderrPipe()
	if err != nil {
		return nil, "", err
	}
	if err := server.Start(); err != nil {
		return nil, "", err
	}
	lines := bufio.NewReader(said)
	line, _ := lines.ReadString('\n')
	_, url, ok := strings.Cut(strings.TrimSpace(line), "open http://")
	if !ok {
		server.Process.Kill()
		return nil, "", fmt.Errorf("the server says %q, and ends with %v", line, server.Wait())
	}
	go io.Copy(os.Stderr, lines)
	return server, strings.TrimSuffix(url, "/"), nil
}

// watch receives until the connection ends.
func (l *load) watch(ctx context.Context, conn *stream.Conn[stream.Message]) {
	for msg, err := range conn.All(ctx) {
		if err != nil {
			return
		}
		took := time.Since(time.UnixMicro(int64(binary.BigEndian.Uint64(msg.Data[8:]))))
		l.mu.Lock()
		if l.measures {
			l.took = append(l.took, took)
			l.pictures[binary.BigEndian.Uint64(msg.Data)] = true
		}
		l.mu.Unlock()
	}
}

func (l *load) measure(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.measures = on
}

// print runs the load and prints a line of what was measured.
func (l *load) print(ctx context.Context, out io.Writer) error {
	used, err := l.run(ctx)
	if err != nil {
		return err
	}
	slices.Sort(l.took)
	took := func(part int) time.Duration { return l.took[(len(l.took)-1)*part/100].Round(10 * time.Microsecond) }
	seconds, delivered := l.lasts.Seconds(), len(l.took)
	fmt.Fprintf(out, "%7d %6d %11.1f %13.0f %13v %9v %9v\n", l.viewers, l.stuck, float64(len(l.pictures))/seconds,
		float64(delivered)/seconds, (used / time.Duration(delivered)).Round(10*time.Nanosecond), took(50), took(99))
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// measureAll builds the server, and prints a table.
func measureAll(ctx context.Context, out io.Writer, viewers int, interval, warm, lasts time.Duration) error {
	dir, err := os.MkdirTemp("", "live")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "live.exe")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/litert/websocket/examples/live")
	if said, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %s", err, said)
	}
	fmt.Fprintln(out, "viewers  stuck  pictures/s  deliveries/s  CPU/delivery       p50       p99")
	for _, stuck := range []int{0, viewers / 10} {
		l := &load{server: program, viewers: viewers, stuck: stuck, interval: interval, warm: warm, lasts: lasts, pictures: make(map[uint64]bool)}
		if err := l.print(ctx, out); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	viewers := flag.Int("viewers", 2000, "have so many `viewers`")
	interval := flag.Duration("interval", 100*time.Millisecond, "the `time` from a picture to the next")
	lasts := flag.Duration("for", 10*time.Second, "measure for this `time`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := measureAll(ctx, os.Stdout, *viewers, *interval, 2*time.Second, *lasts); err != nil {
		log.Fatal(err)
	}
}

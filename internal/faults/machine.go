//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// machineTrials have something fail, or be scarce, on the machine that has both ends.
func machineTrials() []trial {
	return []trial{
		{
			group: "machine", name: "no descriptors are left at a Listener for 5 s", alone: true,
			want: "it goes on by itself, and does not spin meanwhile; those that are connected do not notice",
			run:  descriptors,
		}, {
			group: "machine", name: "slow readers, and a fast sender for each", alone: true,
			want:   fmt.Sprintf("%d KiB of resident memory for each at most; fast peers beside them keep four fifths of what they get done in a second of CPU time", slowReader>>10),
			leaves: crowdSize * 2 << 10, // of the goroutines that there were
			run:    slowReaders,
		}, {
			group: "machine", name: "GOMAXPROCS=1, and a goroutine that never rests", alone: true,
			want: "no timeout comes early, and none more than 2 s late", run: oneBusyProcessor,
		}, {
			group: "machine", name: "each core is busy with another process", alone: true,
			want: "no timeout comes early, and none more than 2 s late", run: busyCores,
		}, {
			group: "machine", name: "deadlines by the wall clock alone", alone: true,
			want: "they are fixed when they are set, and come in time", run: wallClock,
		}, {
			group: "machine", name: "the disk is full", variants: eitherReceives,
			want: "io.Copy has the disk's error, what has come is in the file, and the connection goes on", run: fullDisk,
		}, {
			group: "machine", name: "a file shrinks while it is sent", variants: eitherReceives,
			want: "the sender has an error, and the receiver no message that looks whole", run: shrinkingFile,
		}, {
			group: "machine", name: "a slow disk behind the receiver", variants: eitherReceives,
			want: "the sender is held back, and all arrives", run: slowDisk,
		}, {
			group: "machine", name: "a slow source, which fails", variants: eitherReceives,
			want: "the sender has the source's error, and the receiver no message that looks whole", run: failingSource,
		},
	}
}

// eitherReceives has both roles receive.
func eitherReceives(bool) []variant {
	return []variant{{Role: "client", Mode: "Standard"}, {Role: "server", Mode: "Standard"}}
}

// A local is a connection over the loopback address. The receiver is the end that the variant looks at, or the client.
type local struct {
	receiver, sender *stream.Conn[*stream.Reader]
	ln               *listen.Listener[*stream.Reader]
}

// openLocal opens a connection. The options are those of the receiver.
func (e *env) openLocal(opts ...stream.Option) (*local, error) {
	patient := stream.IdleTimeout(0)
	forClient, forServer := stream.Options(opts...), patient
	if e.Role == "server" {
		forClient, forServer = forServer, forClient
	}
	ln, err := listen.Listen("tcp", "127.0.0.1:0", stream.Standard, forServer)
	if err != nil {
		return nil, err
	}
	l := &local{ln: ln}
	if l.receiver, err = dial.Dial(e.ctx, "ws://"+ln.Addr().String(), stream.Standard, forClient, dial.Proxy(nil)); err != nil {
		ln.Close()
		return nil, err
	}
	if l.sender, err = ln.Accept(e.ctx); err != nil {
		l.receiver.Abort()
		ln.Close()
		return nil, err
	}
	if e.Role == "server" {
		l.receiver, l.sender = l.sender, l.receiver
	}
	return l, nil
}

func (l *local) close() {
	l.receiver.Abort()
	l.sender.Abort()
	l.ln.Close()
}

// sendFrom sends n bytes of src as one message. That there are fewer is an error.
func (l *local) sendFrom(ctx context.Context, src io.Reader, n int64) error {
	w, err := l.sender.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.CopyN(w, src, n); err != nil {
		return err
	}
	return w.Close()
}

// cpuTime returns how long this process has had a processor.
func cpuTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err) // there is no other reason than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident returns how many bytes of memory this process has at the moment.
func resident() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("the system does not tell the resident memory")
}

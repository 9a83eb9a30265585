// Command transfer measures wscp beside what else moves files: curl to nginx (WebDAV), scp, and rsync through ssh.
//
//	go run -C bench ./transfer
//
// It copies a file of 1 GiB, and a directory of 10,000 files of 4 KiB, over loopback, there and back, and prints a table of the
// medians (of an even number, the greater one in the middle): the time of the command, the CPU time (user and system) of all processes of both ends, the time until the file is
// on the disk, too, and the peak memory of wscp. Only wscp waits for the disk by itself, for a single file. What is copied
// is compared with what was sent. Each copy has a server of its own, and begins once nothing waits for the disk; ssh has its
// fastest cipher, aes128-gcm@openssh.com, and nginx that of TLS, TLS_AES_128_GCM_SHA256. Programs that are not installed are
// left out, which the output says. As root, sshd needs the directory /run/sshd, which is made for it, and removed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	var s settings
	flag.IntVar(&s.rounds, "rounds", 3, "measure each copy `N` times")
	flag.StringVar(&s.dir, "dir", "", "have the files in a new folder in `DIR` (default: that of temporary files)")
	flag.Int64Var(&s.size, "size", 1<<30, "the file has `N` bytes")
	flag.IntVar(&s.files, "files", 10_000, "the directory has `N` files of 4 KiB")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "transfer:", err)
		os.Exit(1)
	}
}

type settings struct {
	rounds, files int
	size          int64
	dir           string
}

func run(ctx context.Context, s settings, out, progress io.Writer) error {
	if s.rounds < 1 || s.files < 1 || s.size < 1 {
		return errors.New("there is nothing to measure")
	}
	p, err := newPlace(s)
	if err != nil {
		return err
	}
	defer p.remove()
	var ways []*way
	for _, w := range allWays {
		if missing := w.missing(); missing != "" {
			fmt.Fprintf(progress, "%s: left out, as there is no %s\n", w.name, missing)
			continue
		}
		ways = append(ways, w)
	}
	results := make(results)
	for round := range s.rounds {
		for _, j := range jobs {
			for _, w := range ways {
				if !w.does(j) {
					continue
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				c, err := p.measure(j, w)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", w.name, j.name(), err)
				}
				fmt.Fprintf(progress, "round %d: %-22s %-10s %v\n", round+1, j.name(), w.name, c)
				results.add(j, w, c)
			}
		}
	}
	fmt.Fprintf(out, "%d CPUs, Linux %s, %s; medians of %d rounds: %s\n\n", runtime.NumCPU(), kernel(), runtime.Version(), s.rounds, what(s))
	results.print(out, ways)
	return nil
}

func what(s settings) string {
	return fmt.Sprintf("a file of %.4g MiB, a directory of %d files of 4 KiB.", float64(s.size)/(1<<20), s.files)
}

func kernel() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(release))
}

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// peakOf returns the most memory that a running process has had, or zero if it has ended. What the system tells of it after
// that is at least the memory of this one, from which it was forked.
func peakOf(cmd *exec.Cmd) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	var kib int64
	if _, field, ok := strings.Cut(string(status), "\nVmHWM:"); ok {
		fmt.Sscan(field, &kib)
	}
	return kib << 10
}

// watchPeak looks again and again at what memory a process has, until peak is called after its end.
func watchPeak(cmd *exec.Cmd) (peak func() int64) {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for last := int64(0); ; {
			last = max(last, peakOf(cmd))
			select {
			case <-done:
				most <- last
				return
			case <-ticker.C:
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-most
	}
}

// bound has a process end with this one.
func bound(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// stopping returns how a server is stopped that ends with a signal, which tells the most memory that it had.
func stopping(cmd *exec.Cmd, signal os.Signal) func() (int64, error) {
	return func() (int64, error) {
		peak := peakOf(cmd)
		if err := cmd.Process.Signal(signal); err != nil {
			return 0, err
		}
		late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
		defer late.Stop()
		return peak, cmd.Wait()
	}
}

// until calls ready until it succeeds, or a minute is over.
func until(ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// hangs is how long a copy may take.
const hangs = 30 * time.Minute

// A cost is what a copy takes.
type cost struct {
	time, cpu    time.Duration
	disk         time.Duration // until it is on the disk, too; of a file alone
	client, peer int64         // the most bytes of memory that the client and the server had
}

func (c cost) String() string {
	return fmt.Sprintf("%.2f s, CPU %.2f s", c.time.Seconds(), c.cpu.Seconds())
}

// measure does a job in a way.
func (p *place) measure(j job, w *way) (c cost, err error) {
	p.copies++
	from, to := p.ends(j)
	if !j.tree {
		defer os.Remove(to)
	}
	syscall.Sync()
	before, err := childrenCPU()
	if err != nil {
		return c, err
	}
	s, err := w.start(p, j.secure)
	if err != nil {
		return c, err
	}
	err = c.take(w.copy(p, s, j), j, to)
	var stopErr error
	if c.peer, stopErr = s.stop(); err != nil || stopErr != nil {
		return c, errors.Join(err, stopErr)
	}
	after, err := childrenCPU()
	if err != nil {
		return c, err
	}
	c.cpu = after - before
	return c, compare(from, to)
}

// take runs the client, and waits until the copy is on the disk.
func (c *cost) take(client *exec.Cmd, j job, to string) error {
	var said bytes.Buffer
	client.Stdout, client.Stderr = &said, &said
	bound(client)
	start := time.Now()
	if err := client.Start(); err != nil {
		return err
	}
	late := time.AfterFunc(hangs, func() { client.Process.Kill() })
	defer late.Stop()
	peak := watchPeak(client)
	err := client.Wait()
	c.time = time.Since(start)
	if c.client = peak(); err != nil {
		return fmt.Errorf("%w: %s", err, said.Bytes())
	}
	if j.tree {
		return nil
	}
	file, err := os.Open(to)
	if err != nil {
		return err
	}
	defer file.Close()
	err = file.Sync()
	c.disk = time.Since(start)
	return err
}

// childrenCPU returns the CPU time of all processes that were waited for, and of those that they have waited for themselves.
func childrenCPU() (time.Duration, error) {
	var r syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), err
}

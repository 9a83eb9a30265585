//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/litert/websocket/stream"
)

// deaths are what happens to the process at the other end.
var deaths = []trial{
	{name: "the peer is killed in mid-message", want: wantCut, variants: eachEnd, run: killed("in mid-message")},
	{name: "the peer is killed while idle", want: wantCut, variants: eachEnd, run: killed("idle")},
	{name: "the peer is stopped for 3 s in mid-message", want: "as a slow reader: " + arrives, variants: eachEnd, run: stopped},
	{name: "the peer is stopped, KeepAlive", want: wantNoPong, variants: eachEnd, run: stuck},
}

// killed has the process killed, while it does something.
func killed(act string) func(*env) (string, error) {
	return func(e *env) (string, error) {
		watched, p, closeAll, err := e.meet(act)
		if err != nil {
			return "", err
		}
		defer closeAll()
		if err := watched.receive(e.ctx, io.Discard); err != nil {
			return "", err
		}
		ended := make(chan error, 1)
		go func() { ended <- watched.receive(e.ctx, io.Discard) }()
		if err := p.process.Process.Kill(); err != nil {
			return "", err
		}
		return "cut", isCut(<-ended)
	}
}

// transferred is how many bytes go to a peer that stops: more than the kernel holds.
const transferred = 64 << 20

// stopped has the process stop in the middle of a transfer, and go on.
func stopped(e *env) (string, error) {
	watched, p, closeAll, err := e.meet("digest", stream.IdleTimeout(15*time.Second))
	if err != nil {
		return "", err
	}
	defer closeAll()
	goOn, sent := make(chan struct{}), make(chan error, 1)
	content := newContent(transferred)
	content.waitInMiddle(goOn)
	go func() { sent <- watched.send(e.ctx, content, transferred) }()
	select {
	case <-content.reached:
	case err := <-sent:
		return "", err
	}
	err = p.process.Process.Signal(unix.SIGSTOP)
	close(goOn)
	time.Sleep(3 * time.Second)
	var answer bytes.Buffer
	err = errors.Join(err, p.process.Process.Signal(unix.SIGCONT), <-sent, watched.receive(e.ctx, &answer))
	if err == nil && !bytes.Equal(answer.Bytes(), content.hash.Sum(nil)) {
		err = errors.New("what has come is not what was sent")
	}
	return fmt.Sprintf("%d MiB, equal", transferred>>20), err
}

// stuck has the process stop for good.
func stuck(e *env) (string, error) {
	watched, p, closeAll, err := e.meet("idle", probing...)
	if err != nil {
		return "", err
	}
	defer closeAll()
	if err := watched.receive(e.ctx, io.Discard); err != nil {
		return "", err
	}
	stop := func() error { return p.process.Process.Signal(unix.SIGSTOP) }
	return watched.strike(e.ctx, false, stop, stream.ErrNoPong, 2*keepAlive)
}

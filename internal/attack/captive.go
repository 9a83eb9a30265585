package main

import (
	"context"
	"fmt"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/litert/websocket/internal/census"
)

// A captive is a victim from outside: the process, and what it is asked. It must be released.
type captive struct {
	process *exec.Cmd
	calls   *rpc.Client
	said    words // on its standard error
}

// capture starts a victim. kind is for a program that has several.
func capture(kind string) (*captive, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	v := &captive{process: exec.Command(program)}
	v.process.Env = append(os.Environ(), victimVariable+"="+kind)
	v.process.Stderr = &v.said
	in, err := v.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := v.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := v.process.Start(); err != nil {
		return nil, err
	}
	v.calls = rpc.NewClientWithCodec(jsonrpc.NewClientCodec(pipes{out, in}))
	return v, nil
}

// pipes are those to another process.
type pipes struct {
	io.ReadCloser
	in io.WriteCloser
}

func (p pipes) Write(b []byte) (int, error) { return p.in.Write(b) }
func (p pipes) Close() error                { return p.in.Close() } // it may still be writing to the other

// hangs is how long a process may take for what takes no time, be the machine as busy as it may.
const hangs = 30 * time.Second

// ask calls a method of the victim. An error is that it has died, or does not answer in time.
func (v *captive) ask(ctx context.Context, within time.Duration, method string, arg, answer any) error {
	call := v.calls.Go("Victim."+method, arg, answer, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		if call.Error != nil {
			return fmt.Errorf("the process has died: %w", call.Error)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(within):
		return complain("the process does not answer: %s", method)
	}
}

func (v *captive) count(ctx context.Context) (c census.Census, err error) {
	err = v.ask(ctx, hangs, "Count", None{}, &c)
	return c, err
}

// release ends the process, and returns an error if it was not well.
func (v *captive) release() error {
	v.calls.Close()
	defer time.AfterFunc(hangs, func() { v.process.Process.Kill() }).Stop()
	err := v.process.Wait()
	if said := v.said.String(); err != nil || strings.Contains(said, panicked) {
		return fmt.Errorf("the process has ended with %v, and these words: %s", v.process.ProcessState, said)
	}
	return nil
}

// words are the first of what was written.
type words struct {
	mu   sync.Mutex // guards following
	text []byte
}

const fewWords = 8 << 10

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, p[:min(len(p), fewWords-len(w.text))]...)
	return len(p), nil
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text)
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// A process is the child that has a library do a job.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	replies *json.Decoder
}

func launch(t task) (*process, error) {
	arg, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	program := t.program
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	p := &process{cmd: exec.Command(program, childArg, string(arg))}
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.replies = json.NewDecoder(out)
	return p, p.cmd.Start()
}

// tell sends a line, and returns the answer to it.
func (p *process) tell(line string) (usage, error) {
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		return usage{}, err
	}
	r, err := p.reply()
	return r.Usage, err
}

func (p *process) reply() (r reply, err error) {
	if err := p.replies.Decode(&r); err != nil {
		return r, fmt.Errorf("the process of the library has ended: %w", err)
	}
	if r.Err != "" {
		return r, errors.New(r.Err)
	}
	return r, nil
}

// stop ends the child.
func (p *process) stop() error {
	p.in.Close()
	return p.cmd.Wait()
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// startWscp has wscp serve what is far.
func startWscp(p *place, secure bool) (*server, error) {
	cmd := exec.Command(p.wscp, "serve", "-addr", "127.0.0.1:0")
	if secure {
		cmd.Args = append(cmd.Args, "-tls")
	}
	cmd.Args = append(cmd.Args, p.far)
	bound(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{stop: stopping(cmd, os.Interrupt)}
	lines := bufio.NewReader(out)
	for s.url == "" || secure && s.fingerprint == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			s.stop()
			return nil, fmt.Errorf("wscp serve has ended: %w", err)
		}
		fields := strings.Fields(line)
		switch last := fields[len(fields)-1]; {
		case strings.HasPrefix(last, "ws"):
			s.url = last
		case strings.Contains(line, "-fingerprint"):
			s.fingerprint = last
		}
	}
	go io.Copy(io.Discard, lines) // until it ends
	return s, nil
}

func wscpCopy(p *place, s *server, j job) *exec.Cmd {
	slash := ""
	if j.tree {
		slash = "/" // what is in it
	}
	args := []string{"put", "-q", filepath.Join(p.near, j.source()) + slash, s.url + p.copy() + slash}
	if j.get {
		args = []string{"get", "-q", s.url + j.source() + slash, filepath.Join(p.near, p.copy())}
	}
	if j.secure {
		args = append(args, "-fingerprint", s.fingerprint)
	}
	return exec.Command(p.wscp, args...)
}

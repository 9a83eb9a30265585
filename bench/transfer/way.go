package main

import "os/exec"

// A job is what is copied, and how.
type job struct {
	tree   bool // a directory
	get    bool // from the server
	secure bool
}

var jobs = []job{
	{false, false, false}, {false, true, false}, {false, false, true}, {false, true, true},
	{true, false, false}, {true, true, false}, {true, false, true}, {true, true, true},
}

func (j job) name() string {
	name := "put"
	if j.get {
		name = "get"
	}
	if j.tree {
		name += " directory"
	} else {
		name += " file"
	}
	if j.secure {
		name += ", encrypted"
	}
	return name
}

// A way is a pair of programs that copies files.
type way struct {
	name  string
	needs []string // programs
	does  func(job) bool
	start func(p *place, secure bool) (*server, error)
	copy  func(p *place, s *server, j job) *exec.Cmd
}

// A server is what runs at the other end.
type server struct {
	url         string
	fingerprint string // of its certificate, for wscp
	stop        func() (peak int64, err error)
}

var allWays = []*way{
	{"wscp", nil, func(job) bool { return true }, startWscp, wscpCopy},
	{"curl, nginx", []string{"curl", "nginx"}, func(j job) bool { return !j.tree }, startNginx, curlCopy},
	{"scp", []string{"scp", "ssh-keygen", sshdProgram}, func(j job) bool { return j.secure }, startSSHD, scpCopy},
	{"rsync, ssh", []string{"rsync", "ssh", "ssh-keygen", sshdProgram}, func(j job) bool { return j.secure && j.tree }, startSSHD, rsyncCopy},
}

// missing returns a program that the way needs and that is not there.
func (w *way) missing() string {
	for _, program := range w.needs {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	return ""
}

// source is the name of what is copied.
func (j job) source() string {
	if j.tree {
		return "tree"
	}
	return "file"
}

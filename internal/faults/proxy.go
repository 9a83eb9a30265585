//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// proxyAddress is where a proxy listens.
var proxyAddress = netip.AddrPortFrom(serverAddress, 8080)

// A proxySort is a program that can be a proxy.
type proxySort struct {
	name, conf string

	// command returns how to start it with the file of its configuration. old is the process that it is to take the place of; 0:
	// none.
	command func(file string, old int) []string
	reloads bool // it is not replaced, but starts another one itself when it gets SIGHUP
}

var haproxy = proxySort{
	name: "haproxy",
	conf: `
global
	hard-stop-after 2s
defaults
	mode http
	timeout connect 10s
	timeout client 60s
	timeout server 60s
	timeout tunnel 60s
listen proxy
	bind ADDRESS CERTIFICATE
	server backend BACKEND
`,
	command: func(file string, old int) []string {
		args := []string{"haproxy", "-db", "-f", file}
		if old != 0 {
			args = append(args, "-sf", fmt.Sprint(old))
		}
		return args
	},
}

var nginx = proxySort{
	name: "nginx",
	conf: `
user root;
daemon off;
worker_processes 1;
worker_shutdown_timeout 2s;
error_log stderr;
pid FOLDER/pid;
events {}
http {
	access_log off;
	client_body_temp_path FOLDER/body;
	proxy_temp_path FOLDER/proxy;
	fastcgi_temp_path FOLDER/fastcgi;
	uwsgi_temp_path FOLDER/uwsgi;
	scgi_temp_path FOLDER/scgi;
	server {
		listen ADDRESS CERTIFICATE;
		location / {
			proxy_pass http://BACKEND;
			proxy_http_version 1.1;
			proxy_buffering off;
			proxy_set_header Host $http_host;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
		}
	}
}
`,
	command: func(file string, _ int) []string {
		return []string{"nginx", "-e", "stderr", "-p", filepath.Dir(file), "-c", file}
	},
	reloads: true,
}

// A proxy is a program that runs as one.
type proxy struct {
	proxySort
	e         *env
	folder    string
	processes []*exec.Cmd
}

// startProxy starts a proxy to the address of a server. It must be ended.
func (e *env) startProxy(sort proxySort, backend string) (*proxy, error) {
	if _, err := exec.LookPath(sort.name); err != nil {
		return nil, skipped(sort.name + " is not installed")
	}
	folder, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	p := &proxy{proxySort: sort, e: e, folder: folder}
	certificate := ""
	if e.TLS {
		file := filepath.Join(folder, "identity.pem")
		certificate = map[string]string{
			"haproxy": "ssl crt " + file,
			"nginx":   "ssl; ssl_certificate " + file + "; ssl_certificate_key " + file,
		}[sort.name]
		err = os.WriteFile(file, e.identity, 0o600)
	}
	conf := strings.NewReplacer("FOLDER", folder, "ADDRESS", proxyAddress.String(), "BACKEND", backend, "CERTIFICATE", certificate).Replace(sort.conf)
	err = errors.Join(err, os.WriteFile(p.file(), []byte(conf), 0o600), p.start(0))
	if err == nil {
		err = until(e.ctx, sort.name+" does not listen", func() bool {
			conn, err := e.client.dial(proxyAddress.String(), time.Second)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
	if err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

func (p *proxy) file() string { return filepath.Join(p.folder, "conf") }

// start starts a process, in place of another, or the first.
func (p *proxy) start(old int) error {
	args := p.command(p.file(), old)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.e.server.do(cmd.Start); err != nil {
		return err
	}
	p.processes = append(p.processes, cmd)
	return nil
}

// restart does what an administrator does to have a new configuration used.
func (p *proxy) restart() error {
	pid := p.processes[0].Process.Pid
	if p.reloads {
		return unix.Kill(pid, unix.SIGHUP)
	}
	return p.start(pid)
}

// kill kills all processes.
func (p *proxy) kill() {
	for _, cmd := range p.processes {
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		cmd.Wait()
	}
	p.processes = nil
}

func (p *proxy) end() {
	p.kill()
	os.RemoveAll(p.folder)
}

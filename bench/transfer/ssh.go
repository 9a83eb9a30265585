package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync"
)

const sshdProgram = "/usr/sbin/sshd"

// startSSHD listens for connections, and has a sshd of its own serve each, as the server of OpenSSH does itself. It lets in the
// user who runs it, with a key of its own.
func startSSHD(p *place, _ bool) (*server, error) {
	conf, err := p.configureSSHD()
	if err != nil {
		return nil, err
	}
	remove, err := separate()
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		remove()
		return nil, err
	}
	port := ln.Addr().(*net.TCPAddr).Port
	if err := p.configureSSH(port); err != nil {
		remove()
		ln.Close()
		return nil, err
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serveSSH(conn.(*net.TCPConn), conf) })
		}
	})
	return &server{stop: func() (int64, error) {
		ln.Close()
		serving.Wait()
		remove()
		return 0, nil
	}}, nil
}

// serveSSH has a sshd serve a connection. It is the client that says what fails: sshd also fails where the client just goes away.
func serveSSH(conn *net.TCPConn, conf string) {
	file, err := conn.File()
	conn.Close()
	if err != nil {
		return
	}
	defer file.Close()
	cmd := exec.Command(sshdProgram, "-i", "-f", conf)
	cmd.Stdin, cmd.Stdout = file, file
	bound(cmd)
	cmd.Run()
}

// separate makes the directory that sshd wants as root.
func separate() (remove func(), err error) {
	const dir = "/run/sshd"
	if os.Getuid() != 0 {
		return func() {}, nil
	}
	switch err := os.Mkdir(dir, 0o755); {
	case errors.Is(err, os.ErrExist):
		return func() {}, nil
	case err != nil:
		return nil, err
	}
	return func() { os.Remove(dir) }, nil
}

// configureSSHD makes keys and the configuration of sshd.
func (p *place) configureSSHD() (conf string, err error) {
	for _, name := range []string{"host", "user"} {
		key := filepath.Join(p.dir, name)
		if _, err := os.Stat(key); err == nil {
			continue
		}
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
			return "", fmt.Errorf("ssh-keygen: %w: %s", err, out)
		}
	}
	return p.writeFile("sshd_config", fmt.Sprintf("HostKey %[1]s/host\nAuthorizedKeysFile %[1]s/user.pub\nPidFile none\nStrictModes no\n"+
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM yes\nSubsystem sftp internal-sftp\n", p.dir))
}

// configureSSH writes the configuration of the client.
func (p *place) configureSSH(port int) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	_, err = p.writeFile("ssh_config", fmt.Sprintf("Host far\nHostName 127.0.0.1\nPort %d\nUser %s\nIdentityFile %[3]s/user\nIdentitiesOnly yes\nBatchMode yes\n"+
		"UserKnownHostsFile /dev/null\nStrictHostKeyChecking no\nLogLevel ERROR\nCompression no\nCiphers aes128-gcm@openssh.com\n", port, me.Username, p.dir))
	return err
}

func scpCopy(p *place, _ *server, j job) *exec.Cmd {
	from, to := p.ends(j)
	if j.get {
		from = "far:" + from
	} else {
		to = "far:" + to
	}
	args := []string{"-q", "-F", filepath.Join(p.dir, "ssh_config")}
	if j.tree {
		args = append(args, "-r")
	}
	return exec.Command("scp", append(args, from, to)...)
}

func rsyncCopy(p *place, _ *server, j job) *exec.Cmd {
	from, to := p.ends(j)
	if j.get {
		from = "far:" + from
	} else {
		to = "far:" + to
	}
	return exec.Command("rsync", "-a", "-e", "ssh -F "+filepath.Join(p.dir, "ssh_config"), from+"/", to+"/")
}

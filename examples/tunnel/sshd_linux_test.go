package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/litert/websocket/examples/tunnel/inside"
)

// An sshd is the server of OpenSSH, as a process without privileges: it lets in the user that it runs as.
type sshd struct {
	addr, user string
	key, hosts string // files
	signer     ssh.Signer
}

// startSSHD starts one, with keys and a configuration of its own.
func startSSHD(t *testing.T) sshd {
	t.Helper()
	const program = "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("there is no /usr/sbin/sshd (the script .ci/run installs it: openssh-server)")
	}
	runs, err := user.Current()
	if err == nil && runs.Uid == "0" {
		runs, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(runs.Uid)
	gid, _ := strconv.Atoi(runs.Gid)
	dir, err := os.MkdirTemp("", "sshd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	write := func(name, content string) string {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(name, []byte(content), 0o600), os.Chown(name, uid, gid)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	hostKey, host := newKey(t)
	userKey, signer := newKey(t)
	addr := freeAddress(t)
	at, port, _ := net.SplitHostPort(addr)
	conf := fmt.Sprintf("ListenAddress %s:%s\nHostKey %s\nAuthorizedKeysFile %s\nPidFile none\nStrictModes no\nUsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n",
		at, port, write("host", hostKey), write("authorized", string(ssh.MarshalAuthorizedKey(signer.PublicKey()))))
	cmd := exec.Command(program, "-D", "-e", "-f", write("config", conf))
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	start(t, cmd, addr)
	return sshd{addr, runs.Username, write("key", userKey), write("known", knownhosts.Line([]string{"inside"}, host.PublicKey())+"\n"), signer}
}

// newKey returns a new key, as it is in a file, too.
func newKey(t *testing.T) (file string, signer ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	if signer, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), signer
}

func TestOpenSSHThroughTheTunnel(t *testing.T) {
	d := startSSHD(t)
	echo := serveEcho(t)
	eachRoute(t, d.addr, func(t *testing.T, c client) {
		known, err := knownhosts.New(d.hosts)
		if err != nil {
			t.Fatal(err)
		}
		config := &ssh.ClientConfig{User: d.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(d.signer)}, HostKeyCallback: known}
		client, err := inside.SSH(testContext(t), c.connect, "inside:22", config)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		conn, err := client.Dial("tcp", echo) // by sshd
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		wantEcho(t, conn, 1<<20)

		// The user may have no shell, which tells so by its status.
		var status *ssh.ExitError
		if err := inside.RunSSH(testContext(t), c.connect, d.key, d.hosts, d.user+"@inside", "true"); err != nil && !errors.As(err, &status) {
			t.Errorf("a command: %v", err)
		}
		if err := inside.RunSSH(testContext(t), c.connect, d.key, d.hosts, d.user+"@elsewhere", "true"); err == nil || !strings.Contains(err.Error(), "knownhosts") {
			t.Errorf("a host that is not known: %v", err)
		}
		other, _ := newKey(t)
		if err := inside.RunSSH(testContext(t), c.connect, writeFile(t, "other", other), d.hosts, d.user+"@inside", "true"); err == nil || errors.As(err, &status) {
			t.Errorf("another key: %v", err)
		}
	})
}

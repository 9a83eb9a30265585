package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"
	"time"
)

// startNginx has nginx serve what is far, and take what is put there.
func startNginx(p *place, secure bool) (*server, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s, listens := &server{url: "http://" + addr + "/"}, addr+";"
	if secure {
		cert, key, err := p.certificate()
		if err != nil {
			return nil, err
		}
		s.url = "https://" + addr + "/"
		listens = fmt.Sprintf("%s ssl; ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;", addr, cert, key)
	}
	conf, err := p.writeFile("nginx.conf", fmt.Sprintf(`%sdaemon off; pid %[2]s/nginx.pid; error_log stderr error; events {}
http {
	access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;
	client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/other; fastcgi_temp_path %[2]s/other; uwsgi_temp_path %[2]s/other; scgi_temp_path %[2]s/other;
	server { listen %s location / { root %s; dav_methods PUT; } }
}
`, runsAs(), p.dir, listens, p.far))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("nginx", "-e", "stderr", "-p", p.dir, "-c", conf)
	cmd.Stderr = os.Stderr
	bound(cmd)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.stop = stopping(cmd, syscall.SIGQUIT)
	if err := until(func(ctx context.Context) error { return reach(ctx, addr) }); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// runsAs returns what has the workers of nginx be of the user who runs it.
func runsAs() string {
	if me, err := user.Current(); err == nil && me.Uid == "0" {
		return "user " + me.Username + "; "
	}
	return ""
}

func curlCopy(p *place, s *server, j job) *exec.Cmd {
	if j.get {
		return exec.Command("curl", "-q", "-sSfk", "-o", filepath.Join(p.near, p.copy()), s.url+j.source())
	}
	return exec.Command("curl", "-q", "-sSfk", "-T", filepath.Join(p.near, j.source()), s.url+p.copy())
}

// freeAddress returns an address of loopback where nobody listens.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

func reach(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// certificate makes a certificate, and returns the files with it and its key.
func (p *place) certificate() (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, err = p.writeFile("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))
	key, keyErr := p.writeFile("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return cert, key, errors.Join(err, keyErr)
}

// writeFile writes a file that the user alone can read, and returns its path.
func (p *place) writeFile(name, content string) (path string, err error) {
	path = filepath.Join(p.dir, name)
	return path, os.WriteFile(path, []byte(content), 0o600)
}

package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/examples/tunnel/inside"
	"github.com/litert/websocket/internal/wstest"
)

// writeFile returns the name of a new file.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// writeCertificate returns a file with a certificate for hosts, its key, and what a client trusts.
func writeCertificate(t *testing.T, hosts ...string) (file string) {
	t.Helper()
	cert, _ := wstest.Certificate(t, hosts...)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	p = append(p, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	return writeFile(t, "cert.pem", string(p))
}

// eachRoute runs a test with a client of a tunnel to the TCP address to, over TLS, straight and through a proxy.
func eachRoute(t *testing.T, to string, test func(t *testing.T, c client)) {
	for name, start := range map[string]func(*testing.T) string{
		"straight":        func(*testing.T) string { return "" },
		"through a proxy": startProxy,
	} {
		t.Run(name, func(t *testing.T) {
			cert := writeCertificate(t, "localhost", "127.0.0.1")
			proxy := start(t)
			c, err := newClient("wss://"+serveTunnel(t, to, cert), token, cert)
			if err != nil {
				t.Fatal(err)
			}
			if proxy != "" { // HTTPS_PROXY is not for this machine
				u, err := url.Parse(proxy)
				if err != nil {
					t.Fatal(err)
				}
				c.opts = append(c.opts, dial.Proxy(http.ProxyURL(u)))
			}
			test(t, c)
		})
	}
}

// startProxy starts an HTTP proxy that wants a password, and returns its URL.
func startProxy(t *testing.T) (url string) {
	program, err := exec.LookPath("tinyproxy")
	if err != nil {
		t.Skip("there is no tinyproxy (the script .ci/run installs it)")
	}
	addr := freeAddress(t)
	host, port, _ := net.SplitHostPort(addr)
	conf := fmt.Sprintf("Listen %s\nPort %s\nBasicAuth alice password\n", host, port)
	start(t, exec.Command(program, "-d", "-c", writeFile(t, "tinyproxy.conf", conf)), addr)
	return "http://alice:password@" + addr
}

// freeAddress returns an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// start starts a program that listens at addr until the test ends. If that fails, what it has said is shown.
func start(t *testing.T, cmd *exec.Cmd, addr string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s has said:\n%s", filepath.Base(cmd.Path), said.Bytes())
		}
	})
	for ctx := testContext(t); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("nobody listens: %v", err)
		}
	}
}

func TestTheGRPCServerAnswersThoseWithTheToken(t *testing.T) {
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server := inside.NewHealthServer()
	defer server.Stop()
	go server.Serve(ln)
	eachRoute(t, ln.Addr().String(), func(t *testing.T, c client) {
		if status, err := inside.Check(testContext(t), c.connect); status != "SERVING" || err != nil {
			t.Errorf("%s, %v; want SERVING", status, err)
		}
		stranger, err := newClient(c.url, "wrong", "")
		if err != nil {
			t.Fatal(err)
		}
		c.opts[1] = stranger.opts[1] // the token
		if status, err := inside.Check(testContext(t), c.connect); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("a stranger hears %q, %v", status, err)
		}
	})
}

// A tunnel is for other machines, which call this one by names that it does not know.
func TestTheNameThatTheServerIsCalledByDoesNotMatter(t *testing.T) {
	addr, cert := freeAddress(t), writeCertificate(t, "example.com")
	ctx, cancel := context.WithCancel(testContext(t))
	ended := make(chan error, 1)
	go func() { ended <- runServe(ctx, addr, "", cert, cert, token) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	c, err := newClient("wss://example.com/", token, cert)
	if err != nil {
		t.Fatal(err)
	}
	var d net.Dialer
	c.opts = append(c.opts, dial.NetDial(func(ctx context.Context, network, _ string) (net.Conn, error) {
		for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
			conn, err := d.DialContext(ctx, network, addr)
			if err == nil || ctx.Err() != nil { // otherwise the server does not listen yet
				return conn, err
			}
			time.Sleep(wait)
		}
	}))
	if status, err := inside.Check(testContext(t), c.connect); status != "SERVING" || err != nil {
		t.Errorf("%s, %v; want SERVING", status, err)
	}
}

// serveEcho sends back what comes over TCP.
func serveEcho(t *testing.T) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// wantEcho sends n bytes to conn, and wants them back.
func wantEcho(t *testing.T, conn io.ReadWriter, n int) {
	t.Helper()
	want := bytes.Repeat([]byte("0123456789abcdef"), n/16)
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(want)
		written <- err
	}()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d other bytes come back, or %v", len(want), err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

func TestAPortIsForwarded(t *testing.T) {
	eachRoute(t, serveEcho(t), func(t *testing.T, c client) {
		ln, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.forward(ctx, ln) }()
		var conns []net.Conn
		for range 3 {
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			wantEcho(t, conn, 256<<10)
			conns = append(conns, conn)
		}
		conns[0].Close()
		cancel()
		for _, conn := range conns[1:] {
			conn.SetReadDeadline(time.Now().Add(90 * time.Second))
			if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("the end is %d, %v", n, err)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A scarce listener has no descriptor for the first connection, at first.
type scarce struct {
	net.Listener
	failed bool
}

func (l *scarce) Accept() (net.Conn, error) {
	if !l.failed {
		l.failed = true
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAPortIsForwardedOnceThereAreDescriptorsAgain(t *testing.T) {
	c, err := newClient("ws://"+serveTunnel(t, serveEcho(t), ""), token, "")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.forward(ctx, &scarce{Listener: ln}) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(90 * time.Second))
	wantEcho(t, conn, 16)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

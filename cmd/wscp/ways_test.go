//go:build unix && !aix && !solaris

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/selfsigned"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// startTLS starts a server with a certificate of its own, and returns its fingerprint.
func startTLS(t *testing.T, flags ...string) (s served, fingerprint string) {
	t.Helper()
	s = startServer(t, append(flags, "-tls")...)
	await(t, "the fingerprint is shown", func() bool { return strings.Contains(s.out.String(), "-fingerprint ") })
	_, rest, _ := strings.Cut(s.out.String(), "-fingerprint ")
	return s, strings.TrimSpace(rest)
}

func TestTLSWithoutAuthority(t *testing.T) {
	s, right := startTLS(t)
	source, copied := filetest.Write(t, "content", t.TempDir(), "source"), filepath.Join(t.TempDir(), "copied")
	if !strings.HasPrefix(s.url, "wss://") || len(right) != 64 {
		t.Fatalf("%s, %q", s.url, right)
	}
	wrong := strings.Repeat("00", 32)
	mustFail(t, "certificate", "put", source, s.url+"file")
	mustFail(t, "the server's certificate has another fingerprint", "put", "-retry", "1h", "-fingerprint", wrong, source, s.url+"file")
	mustFail(t, "the server's certificate has another fingerprint", "get", "-http2", "-fingerprint", wrong, s.url+"file", copied)
	filetest.CheckDir(t, s.dir)
	mustRun(t, "put", "-fingerprint", right, source, s.url+"file")
	mustRun(t, "get", "-http2", "-fingerprint", strings.ToUpper(right), s.url+"file", copied)
	filetest.Check(t, "content", copied)

	status, _, stderr := wscp(testContext(t), "get", "-insecure", s.url+"file", copied)
	if status != 0 || !strings.Contains(stderr, "-insecure: the server may be anybody's") {
		t.Errorf("status %d, %q", status, stderr)
	}
	for _, flags := range [][]string{{"-fingerprint", "00"}, {"-fingerprint", ""}, {"-insecure", "-fingerprint", right}, {"-proxy", "nonsense"}, {"-bind", "nonsense"}, {"-H", "nonsense"}, {"-q", "-v"}, {"-retry", "-1s"}} {
		if status, _, _ := wscp(t.Context(), append(append([]string{"put"}, flags...), source, s.url)...); status != 2 {
			t.Errorf("%q: status %d", flags, status)
		}
	}
	plain := startServer(t)
	for _, args := range [][]string{{"put", source, plain.url}, {"get", plain.url + "file", copied}, {"connect", plain.url}, {"get", "WS+unix:///s:/file", copied}} {
		status, _, stderr := wscp(testContext(t), append(args, "-fingerprint", right)...)
		if status != 2 || !strings.Contains(stderr, "-fingerprint is for TLS") {
			t.Errorf("%q: status %d, %q", args, status, stderr)
		}
	}
	filetest.CheckDir(t, plain.dir)
}

func TestWaysToTheServer(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	tcp := startServer(t)
	unix := startServer(t, "-unix", socket)
	var proxied int
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied++
		server, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		client, buffered, _ := http.NewResponseController(w).Hijack()
		io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(server, buffered)
			server.Close()
		}()
		io.Copy(client, server)
		client.Close()
	}))
	defer proxy.Close()
	content := strings.Repeat("compressible ", 100000)
	source := filetest.Write(t, content, dir, "source")
	for _, tt := range []struct {
		s     served
		url   string
		flags []string
	}{
		{tcp, tcp.url, []string{"-bind", "127.0.0.1"}},
		{tcp, tcp.url, []string{"-proxy", proxy.URL}},
		{tcp, tcp.url, []string{"-http2"}},
		{tcp, tcp.url, []string{"-z"}},
		{unix, unix.url, nil},
		{unix, "ws://localhost/", []string{"-unix", socket}},
		{unix, "ws://localhost/", []string{"-unix", socket, "-http2", "-z"}},
	} {
		copied := filepath.Join(t.TempDir(), "copied")
		mustRun(t, append(append([]string{"put"}, tt.flags...), source, tt.url+"file")...)
		mustRun(t, append([]string{"get", tt.url + "file", copied}, tt.flags...)...)
		filetest.Check(t, content, copied)
		if err := os.Remove(filepath.Join(tt.s.dir, "file")); err != nil {
			t.Fatal(err)
		}
	}
	if proxied != 2 {
		t.Errorf("%d connections went through the proxy", proxied)
	}
	toll := startToll(t, tcp, unlimited, false)
	mustRun(t, "put", "-z", source, toll.url+"file")
	if n := toll.passed.Load(); n > int64(len(content)/10) {
		t.Errorf("%d bytes were sent of what compresses well", n)
	}
}

func TestFieldsThatAClientShows(t *testing.T) {
	fields := make(chan http.Header, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fields <- r.Header
		http.Error(w, "seen", http.StatusForbidden)
	}))
	defer server.Close()
	source := filetest.Write(t, "content", t.TempDir(), "source")
	host := strings.TrimPrefix(server.URL, "http://")
	mustFail(t, "403 Forbidden: seen", "put", "-H", "X-One: 1", "-H", "X-Two:2", source, "ws://user:pass%20word@"+host+"/file")
	h := <-fields
	if h.Get("X-One") != "1" || h.Get("X-Two") != "2" || h.Get("Authorization") != "Basic dXNlcjpwYXNzIHdvcmQ=" {
		t.Errorf("the fields are %v", h)
	}
}

// writePair writes a certificate for the loopback interface, which is its own authority, and its key.
func writePair(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	pair, err := selfsigned.New(time.Hour, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return writePEM(t, pair)
}

func writePEM(t *testing.T, pair tls.Certificate) (certFile, keyFile string) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile = filetest.Write(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})), dir, "cert")
	return certFile, filetest.Write(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), dir, "key")
}

func TestClientsShowCertificates(t *testing.T) {
	certFile, keyFile := writePair(t)
	s := startServer(t, "-cert", certFile, "-key", keyFile, "-cacert", certFile)
	source := filetest.Write(t, "content", t.TempDir(), "source")
	mustFail(t, "certificate", "put", "-cacert", certFile, source, s.url+"file")
	filetest.CheckDir(t, s.dir)
	mustRun(t, "put", "-cacert", certFile, "-cert", certFile, "-key", keyFile, source, s.url+"file")
	filetest.Check(t, "content", s.dir, "file")
	mustFail(t, "there is no certificate", "put", "-cacert", source, source, s.url+"file")
}

func TestAnExpiredCertificateIsRefused(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1e9, 0), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := writePEM(t, tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key})
	s := startServer(t, "-cert", certFile, "-key", keyFile)
	source := filetest.Write(t, "content", t.TempDir(), "source")
	mustFail(t, "certificate has expired", "put", "-retry", "1h", "-cacert", certFile, source, s.url+"file")
	filetest.CheckDir(t, s.dir)
}

// testConnect talks to servers line by line.
func testConnect(t *testing.T, name string) {
	server := httptest.NewServer(listen.Handler(stream.Simple, func(r *http.Request, c *stream.Conn[stream.Message]) error {
		for msg, err := range c.All(r.Context()) {
			if err != nil {
				return err
			}
			if string(msg.Data) == "leave" {
				return c.Shutdown(r.Context(), 4002, "as you\x1bsay")
			}
			if err := c.Write(r.Context(), msg.Opcode, msg.Data); err != nil {
				return err
			}
		}
		return nil
	}, listen.Subprotocols("chat")))
	defer server.Close()
	url := strings.Replace(server.URL, "http:", "ws:", 1)
	if out, stderr, err := piped(t, name, strings.NewReader("one\ntwo"), nil, "connect", "-subprotocol", "chat", url); err != nil || out != "one\ntwo\n" || stderr != "" {
		t.Errorf("%q, %q, %v", out, stderr, err)
	}
	content := filetest.Random(1 << 20)
	if out, stderr, err := piped(t, name, strings.NewReader(content), nil, "connect", "-binary", url); err != nil || out != content || stderr != "" {
		t.Errorf("%d bytes, %q, %v", len(out), stderr, err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	io.WriteString(w, "leave\n")
	_, stderr, err := piped(t, name, r, nil, "connect", url)
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 102") || stderr != "wscp connect: closed with 4002 as you?say\n" {
		t.Errorf("%v, %q", err, stderr)
	}
}

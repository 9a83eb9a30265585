package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// writeCertificate returns a file with a certificate for localhost and its key, and who trusts it.
func writeCertificate(t *testing.T) (file string, roots *x509.CertPool) {
	t.Helper()
	cert, roots := wstest.Certificate(t, "localhost", "127.0.0.1")
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	p := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	p = append(p, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	file = filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, p, 0o600); err != nil {
		t.Fatal(err)
	}
	return file, roots
}

func TestARelayOverHTTP2EndsInOrder(t *testing.T) {
	l := listenBehind(t)
	file, roots := writeCertificate(t)
	addr, stop := serveRelay(t, newTestRelay(t, l.Addr().String(), plenty), file)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	open := func() (client, server *conn) {
		client, err := dial.Dial(testContext(t), "wss://"+addr, stream.Frames, token("secret"), dial.HTTP2(transport))
		if err != nil {
			t.Fatal(err)
		}
		if server, err = l.Accept(testContext(t)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			client.Abort()
			server.Abort()
		})
		return client, server
	}

	// What comes right before the end is handed on, and so is the end.
	client, server := open()
	last := stream.Frame{Fin: true, Opcode: opcode.Binary, Payload: make([]byte, 100000)}
	if err := client.WriteFrame(testContext(t), last); err != nil {
		t.Error(err)
	}
	closing := make(chan error, 1)
	go func() { closing <- client.Shutdown(testContext(t), closecode.NormalClosure, "") }()
	if f, err := server.Receive(testContext(t)); err != nil || len(f.Payload) != len(last.Payload) {
		t.Errorf("%d bytes, %v", len(f.Payload), err)
	}
	if _, err := server.Receive(testContext(t)); stream.CloseCode(err) != closecode.NormalClosure {
		t.Errorf("the end is %v, want 1000", err)
	}
	if err := <-closing; err != nil {
		t.Error(err)
	}

	client, server = open()
	ended := make(chan error, 2)
	for _, c := range []*conn{client, server} {
		go func() {
			_, err := c.Receive(testContext(t))
			ended <- err
		}()
	}
	stop() // an error, if the server waits for what nobody ends
	for range cap(ended) {
		if err := <-ended; stream.CloseCode(err) != closecode.GoingAway {
			t.Errorf("the end is %v, want 1001", err)
		}
	}
}

func TestTheProgramRunsByItselfAndCounts(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "relay")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(binary, "-addr", "localhost:0", "-metrics", "localhost:0", "-connections", "1")
	cmd.Env = append(os.Environ(), "RELAY_CLIENTS=")
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var text bytes.Buffer
	addresses := regexp.MustCompile(`guest=(\S+)(?s:.*) (\S+) leads to \S+; metrics are at (\S+)\n`)
	lines := bufio.NewScanner(said)
	for !addresses.Match(text.Bytes()) {
		if !lines.Scan() {
			t.Fatalf("it says\n%s", text.Bytes())
		}
		fmt.Fprintln(&text, lines.Text())
	}
	found := addresses.FindStringSubmatch(text.String())
	guest, addr, metrics := found[1], found[2], found[3]

	client, err := dial.Dial(testContext(t), "ws://"+addr, stream.Simple, token(guest))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.WriteText(testContext(t), "hello"); err != nil {
		t.Fatal(err)
	}
	if msg, err := client.Receive(testContext(t)); err != nil || msg.String() != "hello" {
		t.Fatalf("%q, %v", msg, err)
	}
	wantRefused(t, addr, http.StatusTooManyRequests, token(guest))
	wantRefused(t, addr, http.StatusUnauthorized)
	wantMetrics(t, metrics,
		`relay_connections{client="guest"} 1`,
		`relay_frames_total{client="guest",direction="in"} 1`, `relay_frames_total{client="guest",direction="out"} 1`,
		`relay_payload_bytes_total{client="guest",direction="in"} 5`, `relay_payload_bytes_total{client="guest",direction="out"} 5`,
		`relay_refused_total{status="401"} 1`, `relay_refused_total{status="429"} 1`)
	if err := client.Shutdown(testContext(t), 4321, ""); err != nil {
		t.Error(err)
	}
	wantMetrics(t, metrics, `relay_connections{client="guest"} 0`, `relay_ended_total{client="guest",how="private"} 1`)

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(said)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, rest)
	}
}

// wantMetrics waits until the metrics at url have the lines.
func wantMetrics(t *testing.T, url string, lines ...string) {
	t.Helper()
	for ctx := testContext(t); ; time.Sleep(10 * time.Millisecond) {
		text := get(t, url)
		missing := ""
		for _, line := range lines {
			if !strings.Contains(text, line+"\n") {
				missing = line
			}
		}
		if missing == "" {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("there is no\n%s\nin\n%s", missing, text)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer response.Body.Close()
	p, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/filetest"
)

func TestAPlaceIsForThoseWhoMayHaveIt(t *testing.T) {
	token := filetest.Write(t, "secret", t.TempDir(), "token")
	s := startServer(t, "-max-connections", "1", "-token-file", token)
	address := strings.TrimSuffix(strings.TrimPrefix(s.url, "ws://"), "/")
	stranger, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	io.WriteString(stranger, "POST / HTTP/1.1\r\nHost: "+address+"\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	if line, err := bufio.NewReader(stranger).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	// The server waits for the token now.
	mustRun(t, "put", "-token-file", token, filetest.Write(t, "content", t.TempDir(), "source"), s.url+"file")
	filetest.Check(t, "content", s.dir, "file")
}

func TestFlagsOfTLSAreRefusedWithoutIt(t *testing.T) {
	s := startServer(t)
	source := filetest.Write(t, "content", t.TempDir(), "source")
	for _, flags := range [][]string{{"-cacert", source}, {"-cert", source, "-key", source}, {"-insecure"}} {
		for _, args := range [][]string{{"put", source, s.url + "file"}, {"connect", s.url}} {
			status, stdout, stderr := wscp(testContext(t), append(args, flags...)...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, flags[0]+" is for TLS, which a URL with wss has") {
				t.Errorf("%q %q: status %d, %q", args, flags, status, stderr)
			}
		}
	}
	filetest.CheckDir(t, s.dir)
	// A proxy may speak TLS where the server does not.
	if status, _, stderr := wscp(testContext(t), "put", "-insecure", "-proxy", "https://127.0.0.1:1", source, s.url+"file"); status != 1 {
		t.Errorf("status %d, %q", status, stderr)
	}
}

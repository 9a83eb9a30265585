package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

func TestAPlaceIsForThoseWhoMayHaveIt(t *testing.T) {
	token := writeFile(t, "secret", t.TempDir(), "token")
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
	mustRun(t, "put", "-token-file", token, writeFile(t, "content", t.TempDir(), "source"), s.url+"file")
	checkFile(t, "content", s.dir, "file")
}

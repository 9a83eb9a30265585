package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/filetest"
	"github.com/litert/websocket/internal/transfer"
	"golang.org/x/sys/unix"
)

// openTerminal opens a terminal, and the other end, where what it shows can be read.
func openTerminal(t *testing.T) (terminal, screen *os.File) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return terminal, screen
}

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	setTemp(t)
	terminal, screen := openTerminal(t)
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen) // ends with an error when the terminal is closed
		shown <- string(text)
	}()
	var out bytes.Buffer
	if status := run(testContext(t), []string{"demo", "-size", "20MiB"}, &out, terminal); status != 0 {
		t.Errorf("status %d", status)
	}
	terminal.Close()
	text := <-shown
	for _, want := range []string{"put", "get", "of 20 MiB", "%", "["} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among what was shown: %q", want, text)
		}
	}
	if !demoOutput.MatchString(out.String()) {
		t.Errorf("the output is %q", &out)
	}

	file, err := os.Create(filetest.Write(t, "", t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if status := run(testContext(t), []string{"demo", "-size", "1MiB"}, &out, file); status != 0 {
		t.Errorf("status %d", status)
	}
	filetest.Check(t, "", file.Name())
}

// What is wider than the terminal would leave a line behind each time.
func TestProgressFitsIntoANarrowTerminal(t *testing.T) {
	s := startServer(t)
	source := filetest.Write(t, filetest.Random(8<<20), t.TempDir(), "source")
	for _, columns := range []uint16{1, 20, 60} {
		terminal, screen := openTerminal(t)
		if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}); err != nil {
			t.Fatal(err)
		}
		shown := make(chan string)
		go func() {
			text, _ := io.ReadAll(screen)
			shown <- string(text)
		}()
		var out bytes.Buffer
		if status := run(testContext(t), []string{"put", source, s.url + "file"}, &out, terminal); status != 0 {
			t.Errorf("status %d", status)
		}
		terminal.Close()
		text := <-shown
		if columns > 1 && !strings.Contains(text, "put ") {
			t.Errorf("%q is shown", text)
		}
		for _, line := range strings.Split(strings.ReplaceAll(text, "\x1b[K", ""), "\r") {
			if len(line) >= int(columns) {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
}

func TestProgressInOtherForms(t *testing.T) {
	s := startServer(t)
	source := filetest.Write(t, "abc", t.TempDir(), "source")
	stdout := mustRun(t, "put", "-json", source, s.url+"file")
	var last event
	for line := range strings.Lines(stdout) {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
	if last.Event != "done" || last.Bytes != 3 || last.File != source || last.SHA256.String() != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("the last line is %+v", last)
	}
	if got := mustRun(t, "put", "-q", source, s.url+"file"); got != "" {
		t.Errorf("-q prints %q", got)
	}
	if got := mustRun(t, "put", "-q", "-digest", source, s.url+"file"); got != last.SHA256.String()+"  "+source+"\n" {
		t.Errorf("-digest prints %q", got)
	}
	m := meter{client: &client{command: "get"}, at: 3 << 20, length: 4 << 20}
	if got := m.line(3*time.Second, 100); !strings.HasPrefix(got, "get  75%  1 MiB/s  1s  3 MiB of 4 MiB  [====") || len(got) > 100 {
		t.Errorf("a line is %q", got)
	}
	m.length = transfer.Unknown
	if got := m.line(3*time.Second, 100); got != "get  3 MiB  1 MiB/s" {
		t.Errorf("a line is %q", got)
	}
}

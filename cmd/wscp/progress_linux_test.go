package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

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
	for _, want := range []string{"put", "get", "20 MiB", "%"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among what was shown: %q", want, text)
		}
	}
	if !demoOutput.MatchString(out.String()) {
		t.Errorf("the output is %q", &out)
	}

	file, err := os.Create(writeFile(t, "", t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if status := run(testContext(t), []string{"demo", "-size", "1MiB"}, &out, file); status != 0 {
		t.Errorf("status %d", status)
	}
	checkFile(t, "", file.Name())
}

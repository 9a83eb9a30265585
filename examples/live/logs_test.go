package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
)

func TestTheLastLinesAreShownOnce(t *testing.T) {
	for _, test := range []struct{ said, want string }{
		{"", ""},
		{"a", "a\n"},
		{"a\nb\r\n\nc\n", "a\nb\n\nc\n"},
		{"a\xff\xd8b\n", "a\ufffdb\n"},
		{strings.Repeat("x", window/2) + "\n" + strings.Repeat("y", window-2) + "\nlast", "last\n"},
		{strings.Repeat("0123456\n", window/8), strings.Repeat("0123456\n", window/8)},
		{strings.Repeat("0123456\n", window), strings.Repeat("0123456\n", window/8)},
		{strings.Repeat("0123456\n", window) + "x", strings.Repeat("0123456\n", window/8-1) + "x\n"},
	} {
		lines := new(tail)
		if err := lines.read(strings.NewReader(test.said)); err != io.EOF {
			t.Errorf("%.20q: the end is %v", test.said, err)
		}
		got, err := lines.take()
		if again, _ := lines.take(); err != nil || again != nil {
			t.Errorf("%.20q is shown twice, or not: %v", test.said, err)
		}
		if string(got) != test.want && (len(test.want) > 5 || !strings.HasSuffix(string(got), test.want)) {
			t.Errorf("%.20q: %d bytes are shown, %.20q; want %d", test.said, len(got), got, len(test.want))
		}
		if len(got) > window || !utf8.Valid(got) {
			t.Errorf("%.20q: %d bytes are shown", test.said, len(got))
		}
	}
}

// startProgram starts this program with what it is said in the standard input, and returns its address.
func startProgram(t *testing.T, args ...string) (program *exec.Cmd, stdin io.WriteCloser, addr string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program = exec.Command(self, append([]string{"-addr", "localhost:0"}, args...)...)
	program.Env = append(os.Environ(), "LIVE_IS_THE_PROGRAM=1")
	if stdin, err = program.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stderr, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stderr)
	copied := make(chan struct{})
	t.Cleanup(func() {
		program.Process.Kill()
		<-copied
		program.Wait()
	})
	line, _ := said.ReadString('\n')
	go func() {
		defer close(copied)
		io.Copy(io.Discard, said)
	}()
	_, url, ok := strings.Cut(strings.TrimSpace(line), "open http://")
	if !ok {
		t.Fatalf("it says %q", line)
	}
	return program, stdin, strings.TrimSuffix(url, "/")
}

func TestTheProgramShowsTheLinesOfItsInput(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing tells a process to end there")
	}
	program, stdin, addr := startProgram(t, "-interval", "1ms", "-")
	v, seen := watch(t, addr), uint64(0)
	want := ""
	for i := range 5 {
		line := fmt.Sprintf("line %d\n", i)
		want += line
		if _, err := io.WriteString(stdin, line); err != nil {
			t.Fatal(err)
		}
		for text := ""; text != want; {
			var err error
			if seen, text, err = see(testContext(t), v, seen); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(want, text) {
				t.Fatalf("it shows %q, want %q", text, want)
			}
		}
	}
	if err := stdin.Close(); err != nil {
		t.Error(err)
	}
	if _, text, err := see(testContext(t), watch(t, addr), 0); err != nil || text != want {
		t.Errorf("behind the end of the input, a viewer sees %q, %v", text, err)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range v.All(testContext(t)) {
	}
	if state, err := program.Process.Wait(); err != nil || !state.Success() {
		t.Errorf("%v, %v", state, err)
	}
}

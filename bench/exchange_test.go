package main

import (
	"bytes"
	"strings"
	"testing"
)

// answering begins an exchange whose other end answers each message that it takes with what answer makes of it.
func answering(j job, answer func([]byte) []byte) *exchange {
	var x *exchange
	var write func(p []byte) error
	write = func(p []byte) error {
		go func() {
			p, err := x.next(answer(p))
			if err != nil {
				x.end(err)
			} else if p != nil {
				write(p)
			}
		}()
		return nil
	}
	x = newExchange(j, write)
	return x
}

func TestAnExchangeEndsWithTheLastEcho(t *testing.T) {
	j := job{Size: 64, InFlight: 4}
	for _, n := range []int{1, 3, 4, 5, 100} {
		x := answering(j, bytes.Clone)
		for range 2 {
			if err := x.send(n, j.InFlight); err != nil {
				t.Errorf("%d messages: %v", n, err)
			}
		}
	}
}

func TestAnExchangeChecksWhatComes(t *testing.T) {
	j := job{Size: 64, InFlight: 1}
	for _, test := range []struct {
		name   string
		answer func([]byte) []byte
		want   string
	}{
		{"short", func(p []byte) []byte { return p[1:] }, "63 bytes instead of 64"},
		{"changed", func(p []byte) []byte { return append([]byte{p[0] + 1}, p[1:]...) }, "is not what was sent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := answering(j, test.answer).send(1, 1); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	x := newExchange(j, nil)
	x.end(nil)
	if err := x.send(0, 1); err == nil {
		t.Error("the end of a connection is no error")
	}
}

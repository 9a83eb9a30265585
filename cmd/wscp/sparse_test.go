package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/filetest"
)

// zeros counts bytes, which are to be zero.
type zeros struct {
	n   int64
	odd bool
}

func (z *zeros) Write(p []byte) (int, error) {
	z.n += int64(len(p))
	z.odd = z.odd || len(bytes.TrimLeft(p, "\x00")) > 0
	return len(p), nil
}

func TestASparseFileComesAsItIs(t *testing.T) {
	s := startServer(t)
	if err := os.Truncate(filetest.Write(t, "", s.dir, "file"), 1<<30); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*hangs) // it is much to be hashed
	defer cancel()
	var got zeros
	var says bytes.Buffer
	if status := run(ctx, []string{"get", "-digest", s.url + "file", "-"}, &got, &says); status != 0 || got.n != 1<<30 || got.odd {
		t.Errorf("status %d, %d bytes", status, got.n)
	}
	if !strings.Contains(says.String(), "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14  -\n") {
		t.Errorf("get says %q", &says)
	}
}

package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/opcode"
)

// waitForSilence waits until so many servers wait for bytes of a file, in a method of package stream.
func waitForSilence(t *testing.T, servers int, method string) {
	t.Helper()
	ctx, stacks := testContext(t), make([]byte, 4<<20)
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		waiting := 0
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "[IO wait") && strings.Contains(stack, method) && strings.Contains(stack, "transfer.(*arriving).receive(") {
				waiting++
			}
		}
		if waiting == servers {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d servers wait instead of %d", waiting, servers)
		}
		time.Sleep(wait)
	}
}

func TestALengthThatIsAnnouncedTakesLittleMemory(t *testing.T) {
	for name, c := range map[string]struct {
		send   func(context.Context, transfer.Conn) error
		method string
		most   uint64
	}{
		"nothing comes":  {func(context.Context, transfer.Conn) error { return nil }, ").Receive(", 64 << 10},
		"one byte comes": {sendByte, ").Read(", 128 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			const clients = 8
			p := serve(t, anything)
			before := census.Take()
			var puts []*transfer.Client
			for i := range clients {
				put, _ := p.putter(t, fmt.Sprint("file", i))
				ctx := testContext(t)
				if err := errors.Join(put.Conn.WriteText(ctx, "{}"), put.Conn.WriteText(ctx, `{"length": 1000000000}`), c.send(ctx, put.Conn)); err != nil {
					t.Fatal(err)
				}
				puts = append(puts, put)
			}
			waitForSilence(t, clients, c.method)
			if after := census.Take(); after.Heap > before.Heap+clients*c.most {
				t.Errorf("before, there were %v; now, %v", before, after)
			}
			for _, put := range puts {
				put.Conn.Abort()
				<-p.ended
			}
		})
	}
}

// sendByte sends the first byte of a message that goes on.
func sendByte(ctx context.Context, c transfer.Conn) error {
	w, err := c.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return err
	}
	_, err = w.Write([]byte{0})
	return errors.Join(err, w.Flush())
}

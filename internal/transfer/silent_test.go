package transfer_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/census"
	"github.com/litert/websocket/internal/transfer"
)

// waitForSilence waits until so many servers wait for the first bytes of a file.
func waitForSilence(t *testing.T, servers int) {
	t.Helper()
	ctx, stacks := testContext(t), make([]byte, 4<<20)
	for wait := time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		waiting := 0
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "[IO wait") && strings.Contains(stack, "transfer.(*arriving).receive(") {
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

func TestALengthThatIsAnnouncedTakesNoMemory(t *testing.T) {
	const clients = 8
	p := serve(t, anything)
	before := census.Take()
	var puts []*transfer.Client
	for i := range clients {
		put, _ := p.putter(t, fmt.Sprint("file", i))
		ctx := testContext(t)
		if err := errors.Join(put.Conn.WriteText(ctx, "{}"), put.Conn.WriteText(ctx, `{"length": 1000000000}`)); err != nil {
			t.Fatal(err)
		}
		puts = append(puts, put)
	}
	waitForSilence(t, clients)
	if after := census.Take(); after.Heap > before.Heap+clients*64<<10 {
		t.Errorf("before, there were %v; now, %v", before, after)
	}
	for _, put := range puts {
		put.Conn.Abort()
		<-p.ended
	}
}

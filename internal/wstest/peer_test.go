package wstest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
)

// A failures is a test that keeps its errors to itself.
type failures struct {
	testing.TB
	errors []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func TestAPeerThatWaitsInVainSaysSo(t *testing.T) {
	for _, tr := range wstest.Transports {
		for name, wait := range map[string]func(*wstest.Peer){
			"Receive":   func(p *wstest.Peer) { p.Receive() },
			"Want":      func(p *wstest.Peer) { p.Want(true, opcode.Text, "x") },
			"WantClose": func(p *wstest.Peer) { p.WantClose(1000) },
			"WantEnd":   func(p *wstest.Peer) { p.WantEnd() },
			"Send":      func(p *wstest.Peer) { p.Send(make([]byte, 64<<20)) },
		} {
			t.Run(tr.Name+" "+name, func(t *testing.T) {
				a, b := tr.Pair(t)
				defer b.Close()
				f := &failures{TB: t}
				p := wstest.NewPeer(f, a, false)
				p.Patience = 20 * time.Millisecond
				wait(p)
				if all := strings.Join(f.errors, "\n"); !strings.Contains(all, "in vain") {
					t.Errorf("the errors are %q", all)
				}
			})
		}
	}
}

package transport_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/litert/websocket/internal/transport"
)

// A timer may fire before the clock shows its time.
func TestATimerThatFiresEarlyIsSetAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		cuts := 0
		d := transport.NewDeadliner(a, func() { cuts++; a.Close() })
		began := time.Now()
		d.SetWriteDeadline(began.Add(time.Minute))
		time.AfterFunc(time.Minute-time.Nanosecond, func() {
			d.StopTimer()
			d.Fire()
		})
		_, err := d.Write([]byte("x"))
		if took := time.Since(began); took != time.Minute || cuts != 1 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %v and %d cuts: %v", took, cuts, err)
		}
		d.Fire() // no write is under way
		if _, err := d.Write([]byte("x")); cuts != 1 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %d cuts: %v", cuts, err)
		}
	})
}

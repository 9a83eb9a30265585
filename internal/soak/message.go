package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/litert/websocket/stream"
)

// trailer is what ends a message: its length, and the checksum of all before.
const trailer = 8 + 4

// newMessage makes a message that shows whether it is whole.
func newMessage(r *rand.Rand) []byte {
	p := make([]byte, r.IntN(1<<r.IntN(20)), 1<<20)
	for i := 0; i < len(p); i += 1 + r.IntN(100) {
		p[i] = byte(r.Uint32())
	}
	p = binary.BigEndian.AppendUint64(p, uint64(len(p)))
	return binary.BigEndian.AppendUint32(p, crc32.ChecksumIEEE(p))
}

// isWhole reports whether p is a message as newMessage made it.
func isWhole(p []byte) bool {
	n := len(p) - trailer
	return n >= 0 && binary.BigEndian.Uint64(p[n:]) == uint64(n) && binary.BigEndian.Uint32(p[n+8:]) == crc32.ChecksumIEEE(p[:n+8])
}

// A tally counts what has happened.
type tally struct {
	opened, refused, whole, cut, orderly, hostile atomic.Int64

	mu     sync.Mutex // guards following
	faults []error
}

func (t *tally) String() string {
	return fmt.Sprintf("%d connections, %d attempts that failed; %d messages whole, %d in error; %d orderly ends; %d hostile clients",
		t.opened.Load(), t.refused.Load(), t.whole.Load(), t.cut.Load(), t.orderly.Load(), t.hostile.Load())
}

// received takes a message as it was received, and its error.
func (t *tally) received(p []byte, err error) {
	switch {
	case errors.Is(err, io.EOF):
		t.fault(fmt.Errorf("a message in error matches io.EOF: %w", err))
	case err != nil:
		t.cut.Add(1)
		t.ended(err)
	case !isWhole(p):
		t.fault(fmt.Errorf("a message of %d bytes came without an error, and is not whole", len(p)))
	default:
		t.whole.Add(1)
	}
}

// echoed takes what has come back for sent.
func (t *tally) echoed(sent, back []byte) {
	if !bytes.Equal(sent, back) {
		t.fault(fmt.Errorf("%d bytes came back as %d others", len(sent), len(back)))
	}
}

// ended takes why a connection has ended: any reason, but that one of our ends has broken the protocol.
func (t *tally) ended(err error) {
	var broken *stream.ProtocolError
	var over *stream.LimitError
	var closed *stream.CloseError
	if errors.As(err, &broken) || errors.As(err, &over) || errors.As(err, &closed) && (closed.Code == 1002 || closed.Code == 1007) {
		t.fault(err)
	}
}

func (t *tally) fault(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) < 20 {
		t.faults = append(t.faults, err)
	}
}

// failure returns what went wrong, or that nothing has happened.
func (t *tally) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) == 0 && (t.whole.Load() == 0 || t.cut.Load() == 0 || t.orderly.Load() == 0 || t.hostile.Load() == 0) {
		return errors.New("too little has happened")
	}
	return errors.Join(t.faults...)
}

package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A sender is the end of a connection that several goroutines send with.
type sender struct {
	*conn
	t       *testing.T
	unit    time.Duration
	file    string // has data[:fileSize]
	ledger  ledger
	pings   ledger
	peer    *wstest.Peer
	closing atomic.Bool // something has begun to end the connection before the messages have ended
}

const fileSize = 2 << 20

// Whatever is sent by however many goroutines, in whatever way, and however that is disturbed: the peer sees legal
// frames, each message that was sent in its order, exactly once, and none that was not.
func TestRandomSender(t *testing.T) {
	file := tempFile(t, fileSize).Name()
	randomly(t, 100, func(t *testing.T, r *rand.Rand) {
		randomLink(t, r, func(t *testing.T, l link) { sendRandomly(t, r, l, file) })
	})
}

func sendRandomly(t *testing.T, r *rand.Rand, l link, file string) {
	hs := stream.Handshake{Server: oneIn(r, 2)}
	opts := []stream.Option{stream.IdleTimeout(0), stream.CloseTimeout(20_000 * l.unit)}
	if oneIn(r, 2) {
		hs.Deflate = &stream.Deflate{ServerNoContextTakeover: oneIn(r, 2), ClientNoContextTakeover: oneIn(r, 2)}
		opts = append(opts, stream.Compression(stream.CompressionConfig{Threshold: 1 + r.IntN(1000)}))
	}
	if oneIn(r, 3) {
		opts = append(opts, stream.FragmentSize(5000+r.IntN(100_000)))
	}
	c, err := stream.New(l.near, hs, stream.Standard, opts...)
	if err != nil {
		t.Fatal(err)
	}
	s := &sender{conn: c, t: t, unit: l.unit, file: file, peer: wstest.NewPeer(t, l.far, !hs.Server)}
	s.ledger.init()
	s.pings.init()
	o := s.newObserver(hs)
	var writing, helping, receiving sync.WaitGroup
	for writer := range 1 + r.IntN(4) {
		r := fork(r)
		writing.Go(func() { s.sendMessages(writer, r) })
	}
	stop := make(chan struct{})
	pinging, reading, disturbing := fork(r), fork(r), fork(r)
	helping.Go(func() { s.sendPings(pinging, stop) })
	receiving.Go(func() { s.receiveUntilEnd() })
	receiving.Go(func() { o.read(reading, s) })
	if oneIn(r, 3) {
		helping.Go(func() { s.disturb(disturbing, stop) })
	}
	writing.Wait()
	close(stop)
	helping.Wait()
	tidy := s.Connected() && !s.closing.Load()
	if err := s.Shutdown(context.Background(), 1000, ""); err != nil && tidy {
		t.Errorf("Shutdown: %v", err)
	}
	receiving.Wait()
	o.end(tidy)
	for _, err := range append(s.ledger.check(o.closed), s.pings.check(o.closed)...) {
		t.Error(err)
	}
}

// newObserver returns the peer of s.
func (s *sender) newObserver(hs stream.Handshake) *observer {
	o := &observer{t: s.t, client: !hs.Server, keys: map[uint32]int{}}
	if hs.Deflate != nil {
		o.squeezes = true
		o.takeover = hs.Server && !hs.Deflate.ServerNoContextTakeover || !hs.Server && !hs.Deflate.ClientNoContextTakeover
	}
	o.message = func(op byte, payload []byte) {
		if err := s.ledger.arrived(op, payload); err != nil {
			s.t.Error(err)
		}
	}
	o.control = func(op byte, payload []byte) {
		if op != 9 {
			return
		}
		if err := s.pings.arrived(op, payload); err != nil {
			s.t.Error(err)
		}
	}
	return o
}

// read reads what s sends, at a random pace, up to the end of it, and does what the closing handshake asks for.
func (o *observer) read(r *rand.Rand, s *sender) {
	buf := make([]byte, 64<<10)
	for answered := false; ; {
		n, err := s.peer.Read(buf[:1+r.IntN(len(buf))])
		o.take(buf[:n])
		if o.closed && !answered {
			answered = true
			s.peer.Write(s.peer.Frame(true, opcode.Close, "")) // it may have been closed
			if s.peer.Server {
				s.peer.Close()
			}
		}
		if err != nil {
			return
		}
		if pause(r, s.unit); oneIn(r, 20) {
			time.Sleep(s.unit * time.Duration(r.IntN(200)))
		}
	}
}

// receiveUntilEnd has control frames taken care of. The peer sends no messages.
func (s *sender) receiveUntilEnd() {
	if _, err := s.Receive(context.Background()); err == nil {
		s.t.Error("there is a message")
	}
}

// disturb ends the connection in the midst of it all.
func (s *sender) disturb(r *rand.Rand, stop <-chan struct{}) {
	select {
	case <-time.After(s.unit * time.Duration(r.IntN(400))):
	case <-stop:
		return
	}
	s.closing.Store(true)
	switch r.IntN(5) {
	case 0:
		s.Abort()
	case 1:
		s.Close()
	case 2:
		s.Shutdown(context.Background(), 1001, "")
	case 3:
		s.peer.Write(s.peer.Frame(true, opcode.Close, wstest.ClosePayload(1001, "")))
	case 4:
		s.peer.Close()
	}
}

// patience returns a context that never ends, or soon, or has.
func (s *sender) patience(r *rand.Rand) (context.Context, context.CancelFunc) {
	switch r.IntN(8) {
	case 0, 1:
		return endingSoon(r, 50, s.unit)
	case 2:
		return context.WithCancel(context.Background())
	}
	return context.Background(), func() {}
}

// sendPings sends pings from both ends.
func (s *sender) sendPings(r *rand.Rand, stop <-chan struct{}) {
	for seq := 1; s.Connected(); seq++ {
		select {
		case <-time.After(s.unit * time.Duration(r.IntN(30))):
		case <-stop:
			return
		}
		if oneIn(r, 2) {
			s.peer.Write(s.peer.Frame(true, opcode.Ping, "?")) // it may have been closed
		}
		i, text := id{0, seq}, fmt.Sprintf("0 %d|", seq)
		s.pings.begin(i, 9, text)
		ctx, cancel := s.patience(r)
		if err := s.Ping(ctx, []byte(text)); err == nil {
			s.pings.sent(i)
		} else {
			s.checkFailed(ctx, err)
		}
		cancel()
	}
}

// checkFailed checks the error of a call with ctx, and reports whether the connection goes on.
func (s *sender) checkFailed(ctx context.Context, err error) bool {
	s.t.Helper()
	switch {
	case errors.Is(err, io.EOF):
		s.t.Errorf("a write says %v, which matches io.EOF", err)
	case err == ctx.Err():
	case !errors.Is(err, net.ErrClosed):
		s.t.Errorf("a write says %v", err)
	case s.Writable():
		s.t.Errorf("a write says %v, and the connection is up", err)
	}
	return s.Writable()
}

// A parcel is a message to be sent.
type parcel struct {
	id
	op   opcode.Opcode
	text string
	head int // length of what comes before the part that is in the file
	at   int // where in the file that is
}

// pack makes a message up.
func (s *sender) pack(i id, r *rand.Rand) parcel {
	p := parcel{id: i, op: opcode.Binary, text: fmt.Sprintf("%d %d|", i.writer, i.seq), at: r.IntN(1 << 20)}
	p.head = len(p.text)
	if oneIn(r, 2) {
		p.op = opcode.Text
		p.text += randomText(r, randomSize(r))
	} else {
		p.text += string(data[p.at : p.at+randomSize(r)])
	}
	s.ledger.begin(i, byte(p.op), p.text)
	return p
}

// sendMessages sends some messages, one after the other.
func (s *sender) sendMessages(writer int, r *rand.Rand) {
	for seq := 1; seq < 2+r.IntN(8) && s.Writable(); seq++ {
		p := s.pack(id{writer, seq}, r)
		for {
			ctx, cancel := s.patience(r)
			send := s.sendWhole
			if oneIn(r, 2) {
				send = s.sendStream
			}
			ok := send(ctx, p, r)
			cancel()
			if ok {
				s.ledger.sent(p.id)
			}
			if pause(r, s.unit); ok || !s.Writable() || oneIn(r, 8) {
				break
			}
		}
	}
}

// sendWhole sends p in one call, and reports whether that was done.
func (s *sender) sendWhole(ctx context.Context, p parcel, r *rand.Rand) bool {
	b := []byte(p.text)
	var err error
	switch n := r.IntN(3); {
	case n == 0:
		i := r.IntN(len(b) + 1)
		err = s.WriteBuffers(ctx, p.op, net.Buffers{b[:i], nil, b[i:]})
	case n == 1:
		prepared, perr := stream.Prepare(p.op, b)
		if perr != nil {
			s.t.Error(perr)
			return false
		}
		err = s.WritePrepared(ctx, prepared)
	case p.op == opcode.Text:
		err = s.WriteText(ctx, p.text)
	default:
		err = s.WriteBinary(ctx, b)
	}
	if string(b) != p.text {
		s.t.Error("a write has changed what it wrote")
	}
	if err != nil {
		s.checkFailed(ctx, err)
	}
	return err == nil
}

package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An id is what a message is known by.
type id struct{ writer, seq int }

// A message is one that somebody has tried to send.
type message struct {
	op        opcode.Opcode
	data      string
	sent      bool // without an error
	forbidden bool // it was given up
	received  bool
}

// jumble is text in which nothing comes twice.
var jumble = string(events(30_000, 1))

// compose makes a message that says what it is, and enters it.
func (e *end) compose(i id, s *script) *message {
	m := &message{op: opcode.Text, data: fmt.Sprintf("%d %d|", i.writer, i.seq)}
	size := s.below(256)
	switch s.below(8) {
	case 0:
		size = 0
	case 1:
		size = 125 + size%3
	case 2:
		size = 65535 + size%3
	case 3:
		size *= 300
	}
	fill := "aé€😀"
	if s.below(2) == 0 {
		m.op, fill = opcode.Binary, "\xff\x00b"
	}
	if e.compressed && size%2 == 1 {
		fill += jumble // which does not get much smaller
	}
	m.data += strings.Repeat(fill, max(0, size-len(m.data))/len(fill)+1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent[i] = m
	return m
}

// mark notes how it went with m.
func (e *end) mark(m *message, err error, forbidden bool) {
	if errors.Is(err, io.EOF) {
		e.t.Errorf("a write says %v", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	m.sent, m.forbidden = err == nil && !forbidden, forbidden
	if forbidden && m.received {
		e.t.Errorf("what was given up has arrived: %.40q", m.data)
	}
}

// hear takes a message that was received.
func (e *end) hear(op opcode.Opcode, data []byte) {
	var i id
	if _, err := fmt.Sscanf(string(data[:min(len(data), 24)]), "%d %d|", &i.writer, &i.seq); err != nil {
		e.t.Errorf("got %.40q", data)
		return
	}
	e.peer.mu.Lock()
	defer e.peer.mu.Unlock()
	m := e.peer.sent[i]
	switch {
	case m == nil || m.op != op || m.data != string(data):
		e.t.Errorf("message %v is not what was sent: %v, %d bytes, %.40q", i, op, len(data), data)
	case m.forbidden:
		e.t.Errorf("message %v was given up", i)
	case m.received || e.last[i.writer] >= i.seq:
		e.t.Errorf("message %v comes behind %d", i, e.last[i.writer])
	default:
		m.received, e.last[i.writer] = true, i.seq
	}
}

// patience returns a context that has ended, or ends soon, or never.
func patience(s *script) (context.Context, context.CancelFunc) {
	switch n := s.below(128); {
	case n == 1:
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		return ctx, cancel
	case n > 0 && n < 12:
		return context.WithTimeout(context.Background(), time.Duration(n*n)*time.Millisecond)
	case n < 24:
		return context.WithCancel(context.Background())
	}
	return context.Background(), func() {}
}

func (e *end) writeMessages(writer int, s script) {
	for seq := 1; len(s) > 0; seq++ {
		m := e.compose(id{writer, seq}, &s)
		ctx, cancel := patience(&s)
		p := []byte(m.data)
		switch s.below(8) {
		case 0:
			if m.op == opcode.Text {
				e.mark(m, e.WriteText(ctx, m.data), false)
			} else {
				e.mark(m, e.WriteBinary(ctx, p), false)
			}
		case 1:
			i, j := len(p)/3, len(p)/2
			e.mark(m, e.WriteBuffers(ctx, m.op, net.Buffers{p[:i], p[i:i], p[i:j], p[j:]}), false)
		case 2:
			prepared, err := stream.Prepare(m.op, p)
			if err != nil {
				e.t.Fatal(err)
			}
			e.mark(m, e.WritePrepared(ctx, prepared), false)
		default:
			e.write(ctx, m, &s)
		}
		if string(p) != m.data {
			e.t.Error("a write has changed what it wrote")
		}
		cancel()
	}
}

// write sends m through a Writer.
func (e *end) write(ctx context.Context, m *message, s *script) {
	var opts []stream.WriterOption
	single := e.lite || s.below(4) == 0
	if single {
		opts = append(opts, stream.SingleFrame(len(m.data)))
	} else if n := s.below(8); n > 4 {
		opts = append(opts, stream.FragmentSize(n*n*n))
	}
	w, err := e.NewWriter(ctx, m.op, opts...)
	if err != nil {
		e.mark(m, err, true)
		return
	}
	defer w.Abort()
	err = e.writePieces(w, m.data, s)
	switch s.below(64) {
	case 3:
		w.Abort()
		if w.Close() == nil {
			e.t.Error("Close says nothing of Abort")
		}
		e.mark(m, stream.ErrAborted, !single || err != nil) // a single frame leaves once it is whole
		return
	case 1:
		if err == nil && !single {
			_, err = w.ReadFrom(failing{errSource})
		}
	case 2:
		if err == nil && m.op == opcode.Text {
			_, err = w.Write([]byte{0xff})
		}
	}
	if err != nil && w.Close() == nil {
		e.t.Errorf("Close says nothing of %v", err)
	}
	for err == nil {
		if err = w.Close(); err != os.ErrDeadlineExceeded {
			break
		}
		err = w.SetDeadline(time.Time{})
	}
	e.mark(m, err, false)
	if errors.Is(err, errSource) {
		e.mark(m, err, true)
	}
}

// writePieces writes text to w in pieces. What a deadline has left over is written later.
func (e *end) writePieces(w *stream.Writer, text string, s *script) error {
	for futile := 0; len(text) > 0; futile++ {
		n := len(text)
		if futile < 20 {
			n = min(n, 1+s.below(4096))
		}
		if s.below(64) == 1 {
			w.SetDeadline(time.Now().Add(time.Duration(s.below(20)) * time.Millisecond))
		}
		m, err := writePiece(w, text[:n], s)
		if m < 0 || m > n {
			e.t.Fatalf("%d of %d bytes were written", m, n)
		}
		text = text[m:]
		if err == os.ErrDeadlineExceeded {
			err = w.SetDeadline(time.Time{})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writePiece(w *stream.Writer, text string, s *script) (int, error) {
	src := strings.NewReader(text)
	var n int64
	var err error
	switch s.below(8) {
	case 0:
		return w.WriteString(text)
	case 1:
		n, err = w.ReadFrom(struct{ io.Reader }{src})
	case 2:
		n, err = w.ReadFrom(iotest.DataErrReader(src))
	case 3:
		n, err = w.ReadFrom(iotest.HalfReader(src))
	case 4:
		return 0, w.Flush()
	default:
		return w.Write([]byte(text))
	}
	return int(n), err
}

// control does everything but writing and receiving messages.
func (e *end) control(s script) {
	for len(s) > 0 {
		ctx, cancel := patience(&s)
		n := s.below(256)
		switch s.below(8) {
		case 0:
			e.Ping(ctx, make([]byte, n%126))
		case 1:
			e.Pong(ctx, make([]byte, n%126))
		case 2:
			if _, err := e.Probe(ctx); err != nil && ctx.Err() == nil && e.Connected() && e.Writable() {
				e.t.Errorf("Probe: %v", err)
			}
		case 3:
			time.Sleep(time.Duration(n) * time.Millisecond)
		case 4:
			if !e.IsServer() {
				e.SetMasking([]frame.Masking{frame.RandomMask, frame.FixedMask(frame.Key{}), frame.FixedMask(wstest.Key)}[n%3])
			}
		case 5:
			e.SetIdleTimeout(time.Duration(n) * 100 * time.Hour)
		case 6:
			e.leave(ctx, n)
		}
		cancel()
	}
}

// leave ends the connection, sometimes.
func (e *end) leave(ctx context.Context, n int) {
	switch n {
	case 1:
		e.Close()
	case 2:
		e.Abort()
	case 3, 4, 5:
		e.shutdown(ctx, closecode.Code(1000+n))
	}
}

func (e *end) shutdown(ctx context.Context, code closecode.Code) {
	var argument *stream.ArgumentError
	var byPeer *stream.CloseError
	if err := e.Shutdown(ctx, code, "bye"); errors.As(err, &argument) {
		return
	} else if !errors.As(e.Err(), &byPeer) && err == nil {
		e.t.Errorf("Shutdown is content with %v", e.Err())
	}
	if e.Connected() {
		e.t.Error("the connection is up after Shutdown")
	}
}

// receiveAll receives until the connection ends.
func (e *end) receiveAll(s script) {
	for {
		if err := e.receive(&s); err != nil {
			if !e.Ended() {
				e.t.Errorf("Receive says %v, and the connection is up", err)
			}
			return
		}
	}
}

// receiveSoon calls receive with some patience. If that is over, ok is false.
func receiveSoon[M any](c *stream.Conn[M], s *script) (m M, ok bool, err error) {
	ctx, cancel := patience(s)
	defer cancel()
	m, err = c.Receive(ctx)
	if err != nil && err == ctx.Err() {
		return m, false, nil
	}
	return m, err == nil, err
}

func receiveMessage(e *end, c *stream.Conn[stream.Message], s *script) error {
	m, ok, err := receiveSoon(c, s)
	if ok {
		e.hear(m.Opcode, m.Data)
	}
	return err
}

func receiveFrame(e *end, c *stream.Conn[stream.Frame], s *script) error {
	f, ok, err := receiveSoon(c, s)
	if !ok {
		return err
	}
	if f.Opcode != opcode.Continuation {
		e.part = []byte{byte(f.Opcode)}
	}
	e.part = append(e.part, f.Payload...)
	if f.Fin {
		e.hear(opcode.Opcode(e.part[0]), e.part[1:])
	}
	return nil
}

func receiveDecoded(e *end, c *stream.Conn[[]byte], s *script) error {
	p, ok, err := receiveSoon(c, s)
	switch {
	case ok && utf8.Valid(p):
		e.hear(opcode.Text, p)
	case ok:
		e.hear(opcode.Binary, p)
	case err == nil:
		e.skipped = true // the message in which the context ended is discarded
	case c.Err() == nil:
		e.t.Errorf("Decode: %v", err)
	}
	return err
}

func receiveReader(e *end, c *stream.Conn[*stream.Reader], s *script) error {
	r, ok, err := receiveSoon(c, s)
	if !ok {
		return err
	}
	all, err := readSomehow(r, s)
	switch {
	case err == stream.ErrStale:
		e.skipped = true
	case err == nil:
		e.hear(r.Opcode(), all)
	case errors.Is(err, io.EOF):
		e.t.Errorf("a cut message says %v", err)
	}
	return nil
}

// readSomehow reads the message to its end, or closes it before.
func readSomehow(r *stream.Reader, s *script) (all []byte, err error) {
	for {
		if s.below(8) == 1 {
			r.SetDeadline(time.Now().Add(time.Duration(s.below(20)) * time.Millisecond))
		}
		p, err := readPart(r, s)
		all = append(all, p...)
		switch err {
		case nil:
		case io.EOF:
			return all, nil
		case os.ErrDeadlineExceeded:
			r.SetDeadline(time.Time{})
		default:
			return all, err
		}
	}
}

// readPart reads a part of the message. Behind its end the error is io.EOF.
func readPart(r *stream.Reader, s *script) (p []byte, err error) {
	switch s.below(8) {
	case 0, 1:
		p = make([]byte, 1+s.below(8192))
		n, err := r.Read(p)
		return p[:n], err
	case 2:
		var text string
		text, err = r.Text()
		p = []byte(text)
	case 3:
		var bufs net.Buffers
		bufs, err = r.Buffers()
		p = bytes.Join(bufs, nil)
	case 4:
		var b bytes.Buffer
		_, err = r.WriteTo(&b)
		p = b.Bytes()
	case 5:
		if s.below(8) == 1 {
			r.Close()
		}
		return nil, nil
	default:
		p, err = r.Bytes()
	}
	if err == nil {
		err = io.EOF
	}
	return p, err
}

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"github.com/litert/websocket/stream"
)

// A randomReading is one message that a reception reads from a Reader.
type randomReading struct {
	*reception
	reader *stream.Reader
	conn   *conn // nil: no other message may be received meanwhile
	depth  int   // of messages that are received while another is being written

	index  int // of the message in the sequence
	got    []byte
	torn   bool  // a panic has taken bytes away
	stale  bool  // the Reader has ended
	unsure bool  // it may have: a Receive was begun, and ended by its context
	passed error // the error of the connection that another message's Receive has returned
}

// errFull is that of a destination.
var errFull = errors.New("the disk is full")

// receiveReader receives a message in mode Standard, and does something with it.
func (p *reception) receiveReader(c *conn, depth int) error {
	ctx, cancel := p.patience()
	defer cancel()
	var reader *stream.Reader
	err := p.hooks.guard(func() (err error) {
		reader, err = c.Receive(ctx)
		return err
	})
	if p.isPassing(ctx, err) {
		return nil
	}
	if err != nil {
		p.checkNoneLeft(err)
		return err
	}
	m := &randomReading{reception: p, reader: reader, conn: c, depth: depth, index: p.next}
	m.read()
	return m.passed
}

// checkNoneLeft checks that all whole messages were received when the connection ends with err.
func (p *reception) checkNoneLeft(err error) {
	p.t.Helper()
	if p.own.Load() {
		return
	}
	for _, m := range p.s.messages[min(p.next, len(p.s.messages)):] {
		if m.whole {
			p.t.Errorf("%d whole messages were not received before %v", len(p.s.messages)-p.next, err)
			return
		}
	}
}

// read reads the message, or a part of it, in random ways, and checks what comes.
func (m *randomReading) read() {
	m.next++
	over := false
	defer func() {
		if !over {
			m.left = max(m.left, m.index+1)
		}
	}()
	for {
		p, err := m.act()
		m.got = append(m.got, p...)
		if (len(p) > 0 || err == nil || err == io.EOF) && m.find(err == io.EOF) == nil {
			m.t.Errorf("in place of message %d: got %v with %d bytes, %.40q, %v", m.index, m.reader.Opcode(), len(m.got), m.got, err)
			return
		}
		switch {
		case err == nil || err == errHookPanics || err == errFull:
		case err == os.ErrDeadlineExceeded:
			m.reader.SetDeadline(time.Time{})
			if m.conn == nil && oneIn(m.r, 2) {
				return // it may be that of the context
			}
		case err == stream.ErrStale:
			if !m.stale && !m.unsure {
				m.t.Errorf("ErrStale, and the Reader has not ended")
			}
			return
		default:
			over = true
			m.ended(err)
			return
		}
		if m.passed != nil || oneIn(m.r, 30) {
			return
		}
	}
}

// find returns the message of the sequence that this can be, as far as it has come, or as a whole. Only a Shutdown of
// this end may have skipped some.
func (m *randomReading) find(whole bool) *sequenced {
	for i := m.index; i < len(m.s.messages); i++ {
		s := &m.s.messages[i]
		if s.Opcode == m.reader.Opcode() && (m.torn || bytes.HasPrefix(s.Data, m.got)) && (!whole || s.whole && (m.torn || len(s.Data) == len(m.got))) {
			m.index, m.next = i, max(m.next, i+1)
			return s
		}
		if !m.own.Load() {
			break
		}
	}
	return nil
}

// ended checks the outcome of the message, and that it stays the same.
func (m *randomReading) ended(err error) {
	if err != io.EOF {
		m.checkMessageError("at first", err)
	}
	if oneIn(m.r, 10) && !m.stale {
		m.leave(m.r)
	}
	m.reader.SetDeadline(time.Time{})
	for range m.r.IntN(4) {
		p, again := m.act()
		switch {
		case again == errHookPanics || again == nil && len(p) == 0 || again == os.ErrDeadlineExceeded:
		case len(p) > 0:
			m.t.Errorf("behind its end with %v, a message has %d bytes more, and %v", err, len(p), again)
		case again == stream.ErrStale:
			if !m.stale && !m.unsure {
				m.t.Errorf("behind its end with %v, the Reader has ErrStale", err)
			}
		case err == io.EOF && again != io.EOF:
			m.t.Errorf("a message that was whole says %v", again)
		case err != io.EOF && endingOf(again) != endingOf(err):
			m.t.Errorf("a message was cut by %v, and then by %v", err, again)
		}
		if err != io.EOF && again != nil && again != stream.ErrStale && again != errHookPanics {
			m.checkMessageError("again", again)
		}
	}
}

// act does one thing with the Reader. The error is io.EOF at the end of the message, whatever says so.
func (m *randomReading) act() (p []byte, err error) {
	err = m.hooks.guard(func() error {
		switch m.r.IntN(16) {
		case 0:
			p, err = m.all(m.reader.Bytes)
		case 1:
			p, err = m.all(func() ([]byte, error) {
				text, err := m.reader.Text()
				return []byte(text), err
			})
		case 2:
			p, err = m.all(func() ([]byte, error) {
				bufs, err := m.reader.Buffers()
				return bytes.Join(bufs, nil), err
			})
		case 3, 4, 5:
			p, err = m.write()
		case 6:
			m.reader.SetDeadline(time.Now().Add(m.unit * time.Duration(m.r.IntN(40)-4)))
		case 7:
			m.reader.SetDeadline(time.Time{})
		case 8:
			pause(m.r, m.unit)
		case 9:
			if oneIn(m.r, 8) {
				m.reader.Close()
				m.stale = true
			}
		case 10:
			if oneIn(m.r, 50) {
				m.leave(m.r)
			}
		default:
			most := []int{1, 16, 512, 4096, 64 << 10, 1 << 20}[m.r.IntN(6)]
			buf := make([]byte, 1+m.r.IntN(most))
			var n int
			n, err = m.reader.Read(buf)
			p = buf[:n]
		}
		return err
	})
	return p, err
}

// all calls read, which reads all there is. What has come before a panic is gone.
func (m *randomReading) all(read func() ([]byte, error)) ([]byte, error) {
	finished := false
	defer func() { m.torn = m.torn || !finished }()
	p, err := read()
	finished = true
	if err == nil {
		err = io.EOF
	}
	return p, err
}

// write has the Reader write to a destination, which fails at random, and receives the next message at random.
func (m *randomReading) write() ([]byte, error) {
	var all []byte
	defer func() { m.got = append(m.got, all...) }() // also after a panic
	n, err := m.reader.WriteTo(writerFunc(func(p []byte) (int, error) {
		if m.stale {
			m.t.Error("a Reader that has ended writes")
		}
		all = append(all, p...)
		was := bytes.Clone(p)
		if m.conn != nil && m.depth < 3 && oneIn(m.r, 3) {
			m.nested()
		} else {
			pause(m.r, m.unit)
		}
		if !bytes.Equal(p, was) {
			m.t.Errorf("what was written has changed while it was")
		}
		if oneIn(m.r, 16) {
			return len(p), errFull
		}
		return len(p), nil
	}))
	if n != int64(len(all)) {
		m.t.Errorf("WriteTo has written %d bytes, and says %d", len(all), n)
	}
	if err == nil {
		err = io.EOF
	}
	return nil, err
}

// nested receives the next message, which ends this one.
func (m *randomReading) nested() {
	before := m.next
	m.passed = m.receiveReader(m.conn, m.depth+1)
	m.unsure = true
	m.stale = m.stale || m.next != before
}

// receiveDecoded is receiveReader for mode Decode.
func (p *reception) receiveDecoded(rwc io.ReadWriteCloser, hs stream.Handshake, opts []stream.Option) func() error {
	var returned error
	c := newReceiver(p, rwc, hs, stream.Decode(func(reader *stream.Reader) (struct{}, error) {
		returned = nil
		(&randomReading{reception: p, reader: reader, index: p.next}).read()
		if oneIn(p.r, 8) {
			panic(errHookPanics)
		}
		if oneIn(p.r, 4) {
			returned = errFull
		}
		return struct{}{}, returned
	}), opts)
	return func() error {
		ctx, cancel := p.patience()
		defer cancel()
		before := p.next
		err := p.hooks.guard(func() error {
			_, err := c.Receive(ctx)
			return err
		})
		switch {
		case p.isPassing(ctx, err) || err == errFull && p.next != before:
			return nil
		case err != nil && p.next == before:
			p.checkNoneLeft(err)
		}
		if err != nil && p.Connected() {
			p.t.Errorf("Receive says %v for what has returned %v", err, returned)
		}
		return err
	}
}

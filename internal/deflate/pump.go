package deflate

import (
	"errors"
	"io"
)

var errStopped = errors.New("the message is not read any more")

// A pump moves a payload that comes piece by piece through the library, which runs in a coroutine. That stands still
// where the library wants a piece (hungry), as at the beginning, or has bytes that find no room. Meanwhile the goroutine
// that reads asks the source. Only one of the two runs at a time: the fields need no lock, nor does the Inflater.
type pump struct {
	z   *Inflater
	src Source
	co  *coroutine // it has ended if z.end is set

	room   []byte // of the Read that is under way
	piece  []byte // of the payload: what the library has not read
	hungry bool   // the library wants more than piece had, which is empty
	ended  bool   // no piece comes behind this one
	marked bool   // piece is, or was, the end marker
}

// start begins a message of z, from src.
func (m *pump) start(z *Inflater, src Source) {
	*m = pump{z: z, src: src, hungry: true}
	m.co = newCoroutine(m.run)
}

// idle reports whether the pump has not been started.
func (m *pump) idle() bool { return m.co == nil }

// run is the coroutine.
func (m *pump) run() {
	end := errPanicked // if it does
	defer func() { m.z.end = end }()
	_, err := m.z.flate.(io.WriterTo).WriteTo(m)
	if err == nil {
		err = io.EOF
	}
	end = m.z.verdict(err)
}

// readInto is [Inflater.Read]; if there are bytes, its error is that of the next call.
func (m *pump) readInto(p []byte) (n int, err error) {
	m.room = p
	defer func() { m.room = nil }()
	for m.z.end == nil {
		n = len(p) - len(m.room)
		switch {
		case !m.hungry && n == len(p), m.hungry && n > 0 && !m.src.Ended():
			return n, nil
		case m.hungry:
			if err := m.feed(); err != nil {
				return n, err
			}
		}
		m.co.resume(true)
	}
	return len(p) - len(m.room), m.z.end
}

// feed gets the next piece, or finds out that there is none. If it fails, the pump is as it was.
func (m *pump) feed() error {
	for m.hungry {
		if m.ended = m.src.Ended(); m.ended {
			m.hungry = false
			return nil
		}
		piece, err := m.src.Next()
		if err != nil && err != io.EOF {
			return err
		}
		m.piece, m.hungry = piece, len(piece) == 0 && err == nil
		m.ended = err == io.EOF || m.src.Ended()
	}
	return nil
}

// Read has the library read the payload, and the end marker behind it.
func (m *pump) Read(p []byte) (int, error) {
	for len(m.piece) == 0 {
		switch {
		case m.marked:
			return 0, io.EOF
		case m.ended:
			m.piece, m.marked = []byte(endMarker), true
		default:
			if m.hungry = true; !m.co.yield() {
				return 0, errStopped
			}
		}
	}
	n := copy(p, m.piece)
	m.piece = m.piece[n:]
	return n, nil
}

// Write takes what was inflated.
func (m *pump) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if len(m.room) == 0 && !m.co.yield() {
			return n, errStopped
		}
		done := copy(m.room, p)
		m.room, n, p = m.room[done:], n+done, p[done:]
	}
	return n, nil
}

// stop ends the coroutine, if there is one that has not ended.
func (m *pump) stop() {
	if !m.idle() && m.z.end == nil {
		m.co.resume(false)
	}
}

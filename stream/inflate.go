package stream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/litert/websocket/closecode"
)

// endMarker takes the place of what the sender has left out at the end of a message (RFC 7692, section 7.2.2), and has
// a final block behind it, with which the inflater says that the end was in the right place.
const endMarker = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

var (
	errInflateEnd   = errors.New("compressed message goes on behind its end")
	errInflateShort = errors.New("compressed message ends early")
	errStopped      = errors.New("stream: the message is not read any more")
)

// An inflater inflates the payload of one message. It is borrowed for that from a pool.
//
// A read may have to end in the middle of a block, because a context or deadline did, and to go on later. The library
// that inflates cannot do that. So it runs in a coroutine, which stands still where it wants bytes that have not come.
type inflater struct {
	flate  io.ReadCloser
	source io.Reader // of flate: memory, or buf
	memory bytes.Buffer
	buf    *bufio.Reader // between flate and Read, below
	last   uint64        // the deflation that it was last borrowed for
	s      *Socket
	piece  []byte // of the payload, as it came
	marked bool   // piece is, or was, the end marker
	total  int64  // what has come out
	end    error  // behind what has come out
	failed error  // of the connection
	behind [len(endMarker) + 2]byte

	co *coroutine // nil: all of the payload is there

	// What the call that is under way wants and gets.
	b   bounds
	p   []byte
	n   int
	err error
}

var inflaterPool = sync.Pool{New: func() any {
	buf := bufio.NewReader(nil)
	return &inflater{buf: buf, flate: flate.NewReader(buf)}
}}

// cleansing is a deflate stream of no bytes, whose block has Huffman codes of its own: for lengths one that holds nothing
// but the end of the block, for distances one with the largest alone.
const cleansing = "\x05\xdd\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x25\x00"

// borrowInflater borrows an inflater for the current message. The library takes over the codes of the stream before
// where a block, which must be corrupt, has empty ones. So that nothing can be learnt of what others have received,
// those of another connection are replaced.
func (s *Socket) borrowInflater() *inflater {
	z := inflaterPool.Get().(*inflater)
	if z.last != s.deflation.id {
		z.last = s.deflation.id
		z.memory.WriteString(cleansing)
		z.flate.(flate.Resetter).Reset(&z.memory, nil)
		z.flate.Read(make([]byte, 1))
		z.memory.Reset()
	}
	z.s = s
	s.in.z = z
	return z
}

// inflate begins to inflate the current message.
func (s *Socket) inflate() {
	z := s.borrowInflater()
	if in := &s.in; !in.open && in.rest <= int64(len(in.buffered())) {
		z.fetch()
		z.begin(z.piece)
		return
	}
	s.in.bulk = s.in.open || s.in.size > smallSize
	z.buf.Reset(z)
	z.source = z.buf
	z.flate.(flate.Resetter).Reset(z.buf, s.deflation.in.buf)
	z.co = newCoroutine(z.run)
}

// begin is for a payload that is there as a whole, from which the library inflates faster.
func (z *inflater) begin(payload []byte) {
	z.memory.Write(payload)
	z.memory.WriteString(endMarker)
	z.source = &z.memory
	z.flate.(flate.Resetter).Reset(&z.memory, z.s.deflation.in.buf)
}

// release ends the inflating of the current message, if there is any.
func (in *incoming) release() {
	z := in.z
	if z == nil {
		return
	}
	in.z = nil
	if z.co != nil {
		z.co.resume(false)
	}
	z.buf.Reset(nil)
	if z.memory.Reset(); z.memory.Cap() > keepAtMost {
		z.memory = bytes.Buffer{}
	}
	*z = inflater{flate: z.flate, memory: z.memory, buf: z.buf, last: z.last}
	inflaterPool.Put(z)
}

// readInflated is readMessage for a compressed message. At its end nothing is left of it on the wire.
func (s *Socket) readInflated(b bounds, p []byte) (int, error) {
	z := s.in.z
	if room := s.cfg.MaxMessageSize - z.total; room < math.MaxInt64 && int64(len(p)) > room {
		p = p[:room+1] // one more says that it is too much
	}
	z.b, z.p, z.n, z.err = b, p, 0, nil
	if z.co == nil {
		z.readAll()
	} else if !z.co.resume(true) {
		z.err = errStopped
	}
	n, p := z.n, p[:z.n]
	z.total += int64(n)
	z.p, z.n = nil, 0 // no room for what is left when it stops
	if s.deflation.in.size > 0 {
		s.deflation.in.add(p)
	}
	switch {
	case z.total > s.cfg.MaxMessageSize:
		return 0, s.failLimit()
	case s.in.checked && !s.in.text.check(p):
		return 0, s.failText()
	case z.err == nil || n > 0:
		return n, nil
	case z.err == io.EOF:
		s.in.release()
		if s.in.checked && !s.in.text.complete() {
			return 0, s.failText()
		}
		return 0, io.EOF
	case s.hasEnded() || z.err == z.failed || mayRetry(z.err):
		return 0, z.err
	}
	err := z.err
	if err == io.ErrUnexpectedEOF {
		err = errInflateShort
	}
	return 0, s.fail(&ProtocolError{closecode.InvalidPayload, err}, closecode.InvalidPayload, "message does not inflate")
}

// readAll fills p without a coroutine: nothing has to be waited for.
func (z *inflater) readAll() {
	for z.n < len(z.p) && z.end == nil {
		var n int
		n, z.end = z.flate.Read(z.p[z.n:])
		z.n += n
		if z.end == io.EOF {
			z.end = z.checkEnd()
		}
	}
	z.err = z.end
}

// run is the coroutine. It yields when p is full, when there is something in p before it has to wait, when waiting was
// ended, and at the end.
func (z *inflater) run(co *coroutine) {
	_, err := z.flate.(io.WriterTo).WriteTo(z)
	if err == nil {
		err = z.checkEnd()
	}
	if err == errStopped || !z.handOver() {
		return
	}
	for {
		z.err = err
		if !co.yield() {
			return
		}
	}
}

// handOver yields if there is something in p. It returns false if nobody reads any more.
func (z *inflater) handOver() bool { return z.n == 0 || z.co.yield() }

// Write takes what was inflated.
func (z *inflater) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if z.n == len(z.p) && !z.co.yield() {
			return n, errStopped
		}
		m := copy(z.p[z.n:], p)
		z.n, n, p = z.n+m, n+m, p[m:]
	}
	return n, nil
}

// checkEnd checks what follows the final block: it is that of the marker, or one of the sender's, which has an octet of
// zeros behind it (RFC 7692, section 7.2.3.4), or nothing.
func (z *inflater) checkEnd() error {
	n, err := io.ReadFull(z.source, z.behind[:])
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		if err == nil {
			err = errInflateEnd
		}
		return err
	}
	switch string(z.behind[:n]) {
	case "", endMarker, "\x00" + endMarker:
		return io.EOF
	}
	return errInflateEnd
}

// Read reads the payload as it was sent, and the end marker behind it.
func (z *inflater) Read(p []byte) (int, error) {
	for len(z.piece) == 0 {
		if err := z.more(); err != nil {
			return 0, err
		}
	}
	n := copy(p, z.piece)
	z.piece = z.piece[n:]
	return n, nil
}

// more gets the next piece of the payload.
func (z *inflater) more() error {
	in := &z.s.in
	switch {
	case z.marked:
		return io.EOF
	case in.rest == 0 && !in.open:
		z.piece, z.marked = []byte(endMarker), true
		return nil
	}
	if !z.handOver() {
		return errStopped
	}
	for {
		err := z.fetch()
		if err == nil || !mayRetry(err) {
			z.failed = err
			return err
		}
		if z.err = err; !z.co.yield() {
			return errStopped
		}
	}
}

// fetch gets what is in the read buffer, or fills that.
func (z *inflater) fetch() error {
	in := &z.s.in
	if in.rest == 0 && in.open {
		return z.s.nextFrame(z.b)
	}
	if in.rest > 0 && len(in.buffered()) == 0 {
		if err := z.s.fill(z.b); err != nil {
			return err
		}
	}
	n := min(int64(len(in.buffered())), in.rest)
	z.piece = in.buf[in.r : in.r+int(n)]
	in.r += int(n)
	in.taken(z.piece)
	return nil
}

// discardInflated inflates some of the current message for the sake of those behind it.
func (s *Socket) discardInflated(b bounds) error {
	buf := takeBuffer(smallSize)
	defer giveBuffer(buf)
	if _, err := s.readInflated(b, buf); err != io.EOF {
		return err
	}
	return nil
}

// inflateMessage inflates the message that is pending, to s.in.data. Of one small frame all is awaited before, as it
// inflates faster then. When its bounds end it, it can go on.
func (s *Socket) inflateMessage(b bounds) error {
	in := &s.in
	if in.z == nil && !in.open && in.size <= smallSize {
		payload, err := s.view(b)
		if err != nil {
			return err
		}
		in.lent = false
		s.borrowInflater().begin(payload)
	} else if in.z == nil {
		s.inflate()
	}
	for {
		if len(in.data) == cap(in.data) {
			in.data = grow(in.data, 4*min(in.size, math.MaxInt64/4), true)
		}
		n := len(in.data)
		m, err := s.readInflated(b, in.data[n:cap(in.data)])
		in.data = in.data[:n+m]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

package deflate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// endMarker takes the place of what the sender has left out at the end of a message (RFC 7692, section 7.2.2), and has
// a final block behind it, with which the inflater says that the end was in the right place.
const endMarker = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

var (
	errInflateEnd   = errors.New("compressed message goes on behind its end")
	errInflateShort = errors.New("compressed message ends early")
	errPanicked     = errors.New("inflating has panicked before")
)

// A CorruptError says that the payload of a message does not inflate.
type CorruptError struct {
	Err error // why
}

// Error returns the text of e.Err.
func (e *CorruptError) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *CorruptError) Unwrap() error { return e.Err }

// An Inflater reads what the payload of one message inflates to.
type Inflater struct {
	// Kept from one message to the next.
	flate  io.ReadCloser
	memory bytes.Buffer  // what the library reads if the whole payload is there
	buf    *bufio.Reader // what it reads otherwise
	last   uint64        // the id of the connection that had it last

	// Constant for a message.
	w      *Window
	source io.Reader // of the library: memory or buf
	pump   pump      // idle: the whole payload is there

	end    error // why nothing comes behind what has come out; nil: something may
	ahead  bool  // spare has a byte that was not handed out
	spare  [1]byte
	behind [len(endMarker) + 2]byte
}

var inflaterPool = sync.Pool{New: func() any {
	buf := bufio.NewReader(nil)
	return &Inflater{buf: buf, flate: flate.NewReader(buf)}
}}

// cleansing is a deflate stream of no bytes, whose block has Huffman codes of its own: for lengths one that holds nothing
// but the end of the block, for distances one with the largest alone.
const cleansing = "\x05\xdd\x81\x00\x00\x00\x00\x00\x90\xff\x6b\x25\x00"

// borrow borrows an Inflater for a message of connection id. The library takes over the codes of the stream before where
// a block, which must be corrupt, has empty ones. So that nothing can be learnt of what others have received, those of
// another connection are replaced.
func borrow(id uint64, w *Window) *Inflater {
	z := inflaterPool.Get().(*Inflater)
	if z.last != id {
		z.memory.WriteString(cleansing)
		z.flate.(flate.Resetter).Reset(&z.memory, nil)
		z.flate.Read(z.spare[:])
		z.memory.Reset()
	}
	z.last, z.w = id, w
	return z
}

// Inflate returns an Inflater for a message whose payload comes piece by piece from src. The id is that of the
// connection: not 0, and no other's. The message has what w keeps before it, and w takes in what comes out; it is the
// Inflater's until Release. The caller releases the Inflater.
func Inflate(id uint64, w *Window, src Source) *Inflater {
	z := borrow(id, w)
	z.pump.start(z, src)
	z.buf.Reset(&z.pump)
	z.begin(z.buf)
	return z
}

// InflateBytes is [Inflate] for a message whose payload is there, which is faster and has no goroutine. The payload is
// the caller's again when it returns.
func InflateBytes(id uint64, w *Window, payload []byte) *Inflater {
	z := borrow(id, w)
	z.memory.Write(payload)
	z.memory.WriteString(endMarker)
	z.begin(&z.memory)
	return z
}

// begin has the library read the message from source.
func (z *Inflater) begin(source io.Reader) {
	z.source = source
	z.flate.(flate.Resetter).Reset(source, z.w.Bytes())
}

// Read reads up to len(p) bytes, which must not be 0, of what the payload inflates to. It returns at least one byte, or
// an error, and waits only for the first byte. The error is io.EOF behind the last byte, a *[CorruptError], or one of the
// source, after which Read may be called again. A panic of the source or of the library is one of Read; after the latter
// all that Read returns is an error.
func (z *Inflater) Read(p []byte) (n int, err error) {
	if z.pump.idle() {
		n, err = z.readMemory(p)
	} else {
		n, err = z.pump.readInto(p)
	}
	if n == 0 {
		return 0, err
	}
	if z.w.Size() > 0 {
		z.w.Add(p[:n])
	}
	return n, nil
}

// Done reports whether the whole message was read: the next Read would return io.EOF. It is known together with the last
// byte, if the source knows by then that it has ended.
func (z *Inflater) Done() bool { return z.end == io.EOF && !z.ahead }

// Release ends the message, at any point, but not during a Read. Neither z nor the last piece of its source is used
// afterwards. It is called once.
func (z *Inflater) Release() {
	z.pump.stop()
	if z.end == errPanicked {
		return // the library may be in any state
	}
	z.buf.Reset(nil)
	if z.memory.Reset(); z.memory.Cap() > keepAtMost {
		z.memory = bytes.Buffer{}
	}
	*z = Inflater{flate: z.flate, memory: z.memory, buf: z.buf, last: z.last}
	inflaterPool.Put(z)
}

// readMemory fills p from a payload that is there. One byte more is asked for where p is full, to know the end.
func (z *Inflater) readMemory(p []byte) (n int, err error) {
	if z.ahead {
		p[0], z.ahead = z.spare[0], false
		n = 1
	}
	for n < len(p) && z.end == nil {
		n += z.inflateTo(p[n:])
	}
	for z.end == nil && !z.ahead {
		z.ahead = z.inflateTo(z.spare[:]) > 0
	}
	return n, z.end
}

// inflateTo has the library inflate to p what it can at once.
func (z *Inflater) inflateTo(p []byte) int {
	z.end = errPanicked // if it does
	n, err := z.flate.Read(p)
	if err != nil {
		err = z.verdict(err)
	}
	z.end = err
	return n
}

// verdict returns what the end of the library's work, which is io.EOF behind a final block, says about the message.
func (z *Inflater) verdict(err error) error {
	if err == io.EOF {
		err = z.checkEnd()
	}
	switch err {
	case io.EOF:
		return err
	case io.ErrUnexpectedEOF:
		err = errInflateShort
	}
	return &CorruptError{err}
}

// checkEnd checks what follows the final block: it is that of the marker, or one of the sender's, which has an octet of
// zeros behind it (RFC 7692, section 7.2.3.4), or nothing.
func (z *Inflater) checkEnd() error {
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

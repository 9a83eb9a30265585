package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing/iotest"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A drafting is a message that is being written by a Writer, in random ways.
type drafting struct {
	*sender
	parcel
	r      *rand.Rand
	w      *stream.Writer
	single bool

	pos    int       // so much was taken
	owed   int       // so much of a Write that its deadline has ended must be written next
	source io.Reader // of a ReadFrom that its deadline has ended, and which must go on
	err    error     // why the message has no end
}

// sendStream sends p by a Writer, and reports whether that was done.
func (s *sender) sendStream(ctx context.Context, p parcel, r *rand.Rand) bool {
	d := &drafting{sender: s, parcel: p, r: r}
	var err error
	if d.w, err = s.NewWriter(ctx, p.op, d.options()...); err != nil {
		s.checkFailed(ctx, err)
		return false
	}
	defer d.w.Abort()
	for d.pos < len(d.text) || d.source != nil {
		if d.err != nil {
			return d.fails()
		}
		if oneIn(r, 60) {
			d.w.Abort()
			return d.fails()
		}
		d.write()
	}
	if !d.single && oneIn(r, 60) { // a single frame leaves once it is whole
		d.w.Abort()
		return d.fails()
	}
	if d.err != nil {
		return d.fails()
	}
	return d.close()
}

func (d *drafting) options() (opts []stream.WriterOption) {
	if oneIn(d.r, 4) {
		d.single = true
		opts = append(opts, stream.SingleFrame(len(d.text)))
	} else if oneIn(d.r, 3) {
		opts = append(opts, stream.Compress(oneIn(d.r, 2)))
	}
	if oneIn(d.r, 3) {
		opts = append(opts, stream.FragmentSize(1+len(d.text)/100+d.r.IntN(20_000)))
	}
	return opts
}

// write does the next thing with the Writer: mostly it writes a piece.
func (d *drafting) write() {
	if oneIn(d.r, 6) {
		d.w.SetDeadline(time.Now().Add(d.unit * time.Duration(d.r.IntN(40)-5)))
	}
	if pause(d.r, d.unit); d.source != nil {
		d.goOnReading()
		return
	}
	if d.owed > 0 {
		d.payBack()
		return
	}
	n := 1 + d.r.IntN([]int{len(d.text) - d.pos, min(len(d.text)-d.pos, 500)}[d.r.IntN(2)])
	switch d.r.IntN(8) {
	case 0:
		d.failed(d.w.Flush())
	case 1:
		if oneIn(d.r, 20) {
			if _, err := d.w.ReadFrom(failing{errSource}); err != errSource {
				d.t.Errorf("ReadFrom says %v", err)
			}
			d.err = errSource
		}
	case 2, 3:
		d.readFrom(d.newSource(n))
	default:
		d.writePiece(n)
	}
}

// newSource returns a source of the next n bytes.
func (d *drafting) newSource(n int) io.Reader {
	src := strings.NewReader(d.text[d.pos : d.pos+n])
	switch d.r.IntN(4) {
	case 0:
		return struct{ io.Reader }{src}
	case 1:
		return iotest.DataErrReader(src)
	case 2:
		return struct{ io.Reader }{iotest.HalfReader(src)}
	}
	if d.pos < d.head || d.op != opcode.Binary {
		return struct{ io.Reader }{src}
	}
	f, err := os.Open(d.file)
	if err != nil {
		d.t.Error(err)
		return src
	}
	d.t.Cleanup(func() { f.Close() })
	f.Seek(int64(d.at+d.pos-d.head), io.SeekStart)
	return io.LimitReader(f, int64(n))
}

// failed takes the error of a call, and renews the deadline. It reports whether there is an error.
func (d *drafting) failed(err error) bool {
	if err == nil {
		return false
	}
	if errors.Is(err, io.EOF) {
		d.t.Errorf("a Writer says %v, which matches io.EOF", err)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || !d.Writable() {
		d.err = err
	}
	d.w.SetDeadline(time.Time{})
	return true
}

// writePiece writes the next n bytes.
func (d *drafting) writePiece(n int) {
	piece := []byte(d.text[d.pos : d.pos+n])
	write := d.w.Write
	if oneIn(d.r, 3) {
		write = func(p []byte) (int, error) { return d.w.WriteString(string(p)) }
	}
	m, err := write(piece)
	if string(piece) != d.text[d.pos:d.pos+n] {
		d.t.Error("Write has changed what it wrote")
	}
	if m < 0 || m > n || (m == n) != (err == nil) {
		d.t.Errorf("Write says %d of %d, %v", m, n, err)
	}
	d.pos += m
	if d.failed(err) {
		d.owed = max(d.owed, n)
	}
	d.owed = max(0, d.owed-m)
}

// payBack goes on after a Write that its deadline has ended, mostly as it should.
func (d *drafting) payBack() {
	switch d.r.IntN(20) {
	case 0:
		d.must("ReadFrom of other bytes than were missing", func() error {
			_, err := d.w.ReadFrom(bytes.NewReader(d.otherBytes()))
			return err
		})
	case 1:
		d.must("a Write of other bytes than were missing", func() error {
			_, err := d.w.Write(d.otherBytes())
			return err
		})
	case 2:
		d.err = os.ErrDeadlineExceeded // Close comes next
	default:
		d.writePiece(1 + d.r.IntN(d.owed))
	}
}

// otherBytes returns what is owed, but for a bit, and more behind it.
func (d *drafting) otherBytes() []byte {
	other := []byte(d.text[d.pos:d.pos+d.owed] + "x")
	other[d.r.IntN(d.owed)] ^= 1
	return other
}

// must checks that do fails, and that nothing can repair the message then.
func (d *drafting) must(what string, do func() error) {
	if d.err = do(); d.err == nil {
		d.t.Errorf("%s was taken", what)
		d.err = errors.New(what)
	}
}

// readFrom has the Writer read from src, all of it.
func (d *drafting) readFrom(src io.Reader) {
	n, err := d.w.ReadFrom(src)
	d.pos += int(n)
	if d.source = nil; d.failed(err) {
		d.source = src
	}
	if d.pos > len(d.text) {
		d.t.Errorf("ReadFrom has taken more than there is")
	}
}

// goOnReading goes on after a ReadFrom that its deadline has ended, mostly as it should.
func (d *drafting) goOnReading() {
	switch d.r.IntN(20) {
	case 0:
		d.err = os.ErrDeadlineExceeded // Close comes next
	default:
		d.readFrom(d.source)
	}
}

// fails ends a message that must not look whole. It returns false.
func (d *drafting) fails() bool {
	if err := d.w.Close(); err == nil {
		d.t.Errorf("message %v: Close says nothing of %v", d.id, d.err)
	}
	return false
}

// close closes the Writer of a message that is whole.
func (d *drafting) close() bool {
	for {
		err := d.w.Close()
		if err == nil {
			return true
		}
		if d.failed(err); d.err == nil {
			continue // its deadline has ended it between two frames
		}
		if d.Writable() {
			d.t.Errorf("message %v: Close says %v", d.id, err)
		}
		return false
	}
}

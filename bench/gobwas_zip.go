package main

import (
	"compress/flate"
	"io"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

// gobwasZip is a connection with compression. It keeps what inflates and what compresses, which the helpers of wsflate
// make anew for each message, as an idle connection does.
type gobwasZip struct {
	*gobwasConn
	received, sent wsflate.MessageState
	inflater       *wsflate.Reader
	deflater       *wsflate.Writer
}

func newGobwasZip(c *gobwasConn) *gobwasZip {
	z := &gobwasZip{gobwasConn: c}
	c.in.State = c.in.State.Set(ws.StateExtended)
	c.in.Extensions = []wsutil.RecvExtension{&z.received}
	z.sent.SetCompressed(true)
	return z
}

// prepare makes what inflates and what compresses.
func (z *gobwasZip) prepare() {
	z.out = z.newWriter()
	z.out.SetExtensions(&z.sent)
	z.inflater = wsflate.NewReader(z.in, func(r io.Reader) wsflate.Decompressor { return flate.NewReader(r) })
	z.deflater = wsflate.NewWriter(z.out, func(w io.Writer) wsflate.Compressor {
		f, _ := flate.NewWriter(w, flate.BestSpeed) // a level that there is
		return f
	})
}

func (z *gobwasZip) next() (io.Reader, error) {
	if _, err := z.begin(); err != nil {
		return nil, err
	}
	if z.out == nil {
		z.prepare()
	}
	if !z.received.IsCompressed() {
		return z.in, nil
	}
	z.inflater.Reset(z.in)
	return z.inflater, nil
}

func (z *gobwasZip) write(p []byte) error {
	z.writing.Lock()
	defer z.writing.Unlock()
	z.deflater.Reset(z.out)
	if _, err := z.deflater.Write(p); err != nil {
		return err
	}
	if err := z.deflater.Flush(); err != nil {
		return err
	}
	return z.out.Flush()
}

func (z *gobwasZip) echo() error {
	for {
		r, err := z.next()
		if err != nil {
			return err
		}
		p, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := z.write(p); err != nil {
			return err
		}
		if z.job.Kind == idle {
			z.out, z.inflater, z.deflater = nil, nil, nil
		}
	}
}

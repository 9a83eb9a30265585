package main

import (
	"compress/flate"
	"io"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

// gobwasZip is a connection with compression. It keeps what inflates and what compresses, which the helpers of wsflate
// make anew for each message.
type gobwasZip struct {
	*gobwasConn
	received, sent wsflate.MessageState
	inflater       *wsflate.Reader
	deflater       *wsflate.Writer
	out            *wsutil.Writer
}

func newGobwasZip(c *gobwasConn) *gobwasZip {
	z := &gobwasZip{gobwasConn: c, out: wsutil.NewWriterSize(c.Conn, c.state, ws.OpBinary, c.size)}
	c.in.State = c.in.State.Set(ws.StateExtended)
	c.in.Extensions = []wsutil.RecvExtension{&z.received}
	z.sent.SetCompressed(true)
	z.out.SetExtensions(&z.sent)
	z.inflater = wsflate.NewReader(c.in, func(r io.Reader) wsflate.Decompressor { return flate.NewReader(r) })
	z.deflater = wsflate.NewWriter(z.out, func(w io.Writer) wsflate.Compressor {
		f, _ := flate.NewWriter(w, flate.BestSpeed) // a level that there is
		return f
	})
	return z
}

func (z *gobwasZip) next() (io.Reader, error) {
	if _, err := z.begin(); err != nil || !z.received.IsCompressed() {
		return z.in, err
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
	}
}

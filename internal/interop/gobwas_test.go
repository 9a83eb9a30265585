//go:build interop

package interop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/gobwas/ws/wsutil"
)

type gobwasSocket struct {
	conn       net.Conn
	state      ws.State
	protocol   string
	closing    bool // a close frame was sent
	compresses bool
	received   wsflate.MessageState // whether the message that comes is compressed
}

func (s *gobwasSocket) subprotocol() string { return s.protocol }

func (s *gobwasSocket) send(binary bool, data []byte) error {
	if !s.compresses {
		return wsutil.WriteMessage(s.conn, s.state, gobwasOp(binary), data)
	}
	f, err := wsflate.CompressFrame(ws.NewFrame(gobwasOp(binary), true, data))
	if err != nil {
		return err
	}
	return s.write(f)
}

func (s *gobwasSocket) sendFragments(binary bool, data []byte, size int) error {
	w := wsutil.NewWriterBufferSize(s.conn, s.state, gobwasOp(binary), size)
	if s.compresses {
		return gobwasCompress(w, data)
	}
	for len(data) > 0 {
		n := min(len(data), size/2) // what is larger than the buffer would go out in a single fragment
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return w.Flush()
}

// gobwasCompress sends data through w, compressed, in fragments as large as its buffer.
func gobwasCompress(w *wsutil.Writer, data []byte) error {
	var state wsflate.MessageState
	state.SetCompressed(true)
	w.SetExtensions(&state)
	z := wsflate.NewWriter(w, wsflate.DefaultHelper.Compressor)
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Flush(); err != nil {
		return err
	}
	return w.Flush()
}

func (s *gobwasSocket) ping(data string) error { return s.write(ws.NewPingFrame([]byte(data))) }

func (s *gobwasSocket) close(code int, reason string) error {
	var body []byte
	if code != 0 {
		body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	}
	s.closing = true
	return s.write(ws.NewCloseFrame(body))
}

func (s *gobwasSocket) write(f ws.Frame) error {
	if s.state.ClientSide() {
		f = ws.MaskFrame(f)
	}
	return ws.WriteFrame(s.conn, f)
}

func gobwasOp(binary bool) ws.OpCode {
	if binary {
		return ws.OpBinary
	}
	return ws.OpText
}

// reader returns what reads frames from source.
func (s *gobwasSocket) reader(source io.Reader, control wsutil.FrameHandlerFunc) *wsutil.Reader {
	r := &wsutil.Reader{Source: source, State: s.state, CheckUTF8: true, OnIntermediate: control}
	if s.compresses {
		r.State = r.State.Set(ws.StateExtended)
		r.Extensions = []wsutil.RecvExtension{&s.received}
		r.CheckUTF8 = false // it would check what is compressed
	}
	return r
}

// payload returns what r has behind h, inflated.
func (s *gobwasSocket) payload(h ws.Header, r io.Reader) io.Reader {
	if h.OpCode.IsData() && s.received.IsCompressed() {
		return wsflate.NewReader(r, wsflate.DefaultHelper.Decompressor)
	}
	return r
}

// gobwasTalk obeys on conn, behind what was read from it already, as the handshake has it.
func gobwasTalk(conn net.Conn, read io.Reader, state ws.State, hs ws.Handshake) string {
	defer conn.Close()
	socket := &gobwasSocket{conn: conn, state: state, protocol: hs.Protocol, compresses: len(hs.Extensions) > 0}
	s := &servant{socket: socket}
	control := wsutil.ControlFrameHandler(conn, state)
	r := socket.reader(io.MultiReader(read, conn), control)
	for {
		h, err := r.NextFrame()
		switch {
		case err != nil:
		case h.OpCode.IsData() || h.OpCode == ws.OpPong || h.OpCode == ws.OpClose && socket.closing:
			var data []byte
			if data, err = io.ReadAll(socket.payload(h, r)); err == nil {
				err = gobwasFrame(s, h.OpCode, data)
			}
		default:
			err = control(h, r)
		}
		var end wsutil.ClosedError
		if errors.As(err, &end) {
			return closed(int(end.Code), end.Reason)
		}
		if err != nil {
			return lost(err)
		}
	}
}

// gobwasFrame takes a message, a pong, or the answer to a close frame.
func gobwasFrame(s *servant, op ws.OpCode, data []byte) error {
	switch op {
	case ws.OpPong:
		return s.ponged(string(data))
	case ws.OpClose:
		if len(data) == 0 {
			return wsutil.ClosedError{Code: ws.StatusNoStatusRcvd}
		}
		code, reason := ws.ParseCloseFrameData(data)
		return wsutil.ClosedError{Code: code, Reason: reason}
	}
	return s.message(op == ws.OpBinary, data)
}

func gobwasServe(w http.ResponseWriter, r *http.Request) string {
	u := ws.HTTPUpgrader{Protocol: func(name string) bool { return name == subprotocol }}
	if compression != nil {
		u.Negotiate = (&wsflate.Extension{Parameters: wsflate.DefaultParameters}).Negotiate
	}
	conn, rw, hs, err := u.Upgrade(r, w)
	if err != nil {
		return lost(err)
	}
	return gobwasTalk(conn, io.LimitReader(rw, int64(rw.Reader.Buffered())), ws.StateServerSide, hs)
}

func gobwasConnect(url string) string {
	d := ws.Dialer{Protocols: offered}
	if compression != nil {
		d.Extensions = []httphead.Option{wsflate.DefaultParameters.Option()}
	}
	conn, buffered, hs, err := d.Dial(context.Background(), url)
	if err != nil {
		return lost(err)
	}
	var read io.Reader = http.NoBody
	if buffered != nil {
		read = io.LimitReader(buffered, int64(buffered.Buffered()))
	}
	return gobwasTalk(conn, read, ws.StateClientSide, hs)
}

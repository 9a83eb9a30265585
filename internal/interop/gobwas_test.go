//go:build interop

package interop_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

type gobwasSocket struct {
	conn     net.Conn
	state    ws.State
	protocol string
	closing  bool // a close frame was sent
}

func (s *gobwasSocket) subprotocol() string { return s.protocol }

func (s *gobwasSocket) send(binary bool, data []byte) error {
	return wsutil.WriteMessage(s.conn, s.state, gobwasOp(binary), data)
}

func (s *gobwasSocket) sendFragments(binary bool, data []byte, size int) error {
	w := wsutil.NewWriterBufferSize(s.conn, s.state, gobwasOp(binary), size)
	for len(data) > 0 {
		n := min(len(data), size/2) // what is larger than the buffer would go out in a single fragment
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
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

// gobwasTalk obeys on conn, behind what was read from it already.
func gobwasTalk(conn net.Conn, read io.Reader, state ws.State, protocol string) string {
	defer conn.Close()
	socket := &gobwasSocket{conn: conn, state: state, protocol: protocol}
	s := &servant{socket: socket}
	control := wsutil.ControlFrameHandler(conn, state)
	r := &wsutil.Reader{Source: io.MultiReader(read, conn), State: state, CheckUTF8: true, OnIntermediate: control}
	for {
		h, err := r.NextFrame()
		switch {
		case err != nil:
		case h.OpCode.IsData() || h.OpCode == ws.OpPong || h.OpCode == ws.OpClose && socket.closing:
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
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
	conn, rw, hs, err := u.Upgrade(r, w)
	if err != nil {
		return lost(err)
	}
	return gobwasTalk(conn, io.LimitReader(rw, int64(rw.Reader.Buffered())), ws.StateServerSide, hs.Protocol)
}

func gobwasConnect(url string) string {
	conn, buffered, hs, err := ws.Dialer{Protocols: offered}.Dial(context.Background(), url)
	if err != nil {
		return lost(err)
	}
	var read io.Reader = http.NoBody
	if buffered != nil {
		read = io.LimitReader(buffered, int64(buffered.Buffered()))
	}
	return gobwasTalk(conn, read, ws.StateClientSide, hs.Protocol)
}

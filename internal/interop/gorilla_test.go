//go:build interop

package interop_test

import (
	"errors"
	"net/http"
	"time"

	gorilla "github.com/gorilla/websocket"
)

type gorillaSocket struct{ conn *gorilla.Conn }

func (s gorillaSocket) subprotocol() string { return s.conn.Subprotocol() }

func (s gorillaSocket) send(binary bool, data []byte) error {
	return s.conn.WriteMessage(gorillaType(binary), data)
}

// sendFragments fills the buffer of the connection, which is a little larger than size: each is a fragment.
func (s gorillaSocket) sendFragments(binary bool, data []byte, _ int) error {
	w, err := s.conn.NextWriter(gorillaType(binary))
	if err != nil {
		return err
	}
	for len(data) > 0 {
		n := min(len(data), 1000) // larger writes from a server would go out in a single fragment
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return w.Close()
}

func (s gorillaSocket) ping(data string) error {
	return s.conn.WriteControl(gorilla.PingMessage, []byte(data), time.Now().Add(hangs))
}

func (s gorillaSocket) close(code int, reason string) error {
	var payload []byte
	if code != 0 {
		payload = gorilla.FormatCloseMessage(code, reason)
	}
	return s.conn.WriteControl(gorilla.CloseMessage, payload, time.Now().Add(hangs))
}

func gorillaType(binary bool) int {
	if binary {
		return gorilla.BinaryMessage
	}
	return gorilla.TextMessage
}

func gorillaTalk(conn *gorilla.Conn) string {
	defer conn.Close()
	s := &servant{socket: gorillaSocket{conn}}
	conn.SetPongHandler(s.ponged)
	for {
		kind, data, err := conn.ReadMessage()
		if err == nil {
			err = s.message(kind == gorilla.BinaryMessage, data)
		}
		var end *gorilla.CloseError
		if errors.As(err, &end) && end.Code != gorilla.CloseAbnormalClosure {
			return closed(end.Code, end.Text)
		}
		if err != nil {
			return lost(err)
		}
	}
}

func gorillaServe(w http.ResponseWriter, r *http.Request) string {
	u := gorilla.Upgrader{Subprotocols: []string{subprotocol}, EnableCompression: compression != nil}
	conn, err := u.Upgrade(w, r, nil)
	if err != nil {
		return lost(err)
	}
	return gorillaTalk(conn)
}

func gorillaConnect(url string) string {
	d := gorilla.Dialer{Subprotocols: offered, EnableCompression: compression != nil}
	conn, _, err := d.Dial(url, nil)
	if err != nil {
		return lost(err)
	}
	return gorillaTalk(conn)
}

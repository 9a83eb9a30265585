//go:build interop

package interop_test

import (
	"context"
	"errors"
	"net/http"

	coder "github.com/coder/websocket"
)

type coderSocket struct{ conn *coder.Conn }

func (s coderSocket) subprotocol() string { return s.conn.Subprotocol() }

func (s coderSocket) send(binary bool, data []byte) error {
	return s.conn.Write(context.Background(), coderType(binary), data)
}

func (s coderSocket) sendFragments(binary bool, data []byte, size int) error {
	w, err := s.conn.Writer(context.Background(), coderType(binary))
	if err != nil {
		return err
	}
	for len(data) > 0 {
		n := min(len(data), size)
		if _, err := w.Write(data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return w.Close()
}

// ping sends a ping with data of the library's own choice, and waits, so that somebody else has to read.
func (s coderSocket) ping(data string) error {
	go func() {
		if s.conn.Ping(context.Background()) == nil {
			(&servant{socket: s}).ponged(data)
		}
	}()
	return nil
}

// close waits for the answer. An answer with another code would be an error.
func (s coderSocket) close(code int, reason string) error {
	if code == 0 {
		code = int(coder.StatusNoStatusRcvd)
	}
	if err := s.conn.Close(coder.StatusCode(code), reason); err != nil {
		return err
	}
	return coder.CloseError{Code: coder.StatusCode(code)}
}

func coderType(binary bool) coder.MessageType {
	if binary {
		return coder.MessageBinary
	}
	return coder.MessageText
}

func coderTalk(conn *coder.Conn) string {
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	s := &servant{socket: coderSocket{conn}}
	for {
		kind, data, err := conn.Read(context.Background())
		if err == nil {
			err = s.message(kind == coder.MessageBinary, data)
		}
		var end coder.CloseError
		if errors.As(err, &end) {
			return closed(int(end.Code), end.Reason)
		}
		if err != nil {
			return lost(err)
		}
	}
}

// coderCompression is the library's name for compression.
func coderCompression() coder.CompressionMode {
	switch {
	case compression == nil:
		return coder.CompressionDisabled
	case compression.Takeover:
		return coder.CompressionContextTakeover
	}
	return coder.CompressionNoContextTakeover
}

func coderServe(w http.ResponseWriter, r *http.Request) string {
	conn, err := coder.Accept(w, r, &coder.AcceptOptions{Subprotocols: []string{subprotocol}, CompressionMode: coderCompression(), CompressionThreshold: 1})
	if err != nil {
		return lost(err)
	}
	return coderTalk(conn)
}

func coderConnect(url string) string {
	conn, _, err := coder.Dial(context.Background(), url, &coder.DialOptions{Subprotocols: offered, CompressionMode: coderCompression(), CompressionThreshold: 1})
	if err != nil {
		return lost(err)
	}
	return coderTalk(conn)
}

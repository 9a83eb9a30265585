//go:build interop

package interop_test

import (
	"context"
	"errors"
	"net/http"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// ourselves is this module as a peer, for what lies between the two ends.
var ourselves = peer{name: "ourselves", server: serverInGo(ourServe)}

type ourSocket struct{ *stream.Socket }

func (s ourSocket) subprotocol() string { return s.Subprotocol() }

func (s ourSocket) send(binary bool, data []byte) error {
	if binary {
		return s.WriteBinary(context.Background(), data)
	}
	return s.WriteText(context.Background(), string(data))
}

func (s ourSocket) sendFragments(binary bool, data []byte, size int) error {
	op := opcode.Text
	if binary {
		op = opcode.Binary
	}
	w, err := s.NewWriter(context.Background(), op, stream.FragmentSize(size))
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Close()
}

func (s ourSocket) cutIn(data []byte) error {
	w, err := s.NewWriter(context.Background(), opcode.Binary)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(data[:len(data)/2]); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return s.Abort()
}

func (s ourSocket) ping(data string) error { return s.Ping(context.Background(), []byte(data)) }

func (s ourSocket) close(code int, reason string) error {
	if code == 0 {
		code = int(closecode.NoStatus)
	}
	return s.Shutdown(context.Background(), closecode.Code(code), reason)
}

func ourServe(w http.ResponseWriter, r *http.Request) string {
	var s servant
	all := []listen.Option{listen.Subprotocols(subprotocol), listen.Origins("http://127.0.0.1:*")}
	for _, o := range options(stream.WithTrace(&stream.Trace{PongReceived: func(data []byte) {
		pong := string(data)
		go s.ponged(pong) // a trace must not write
	}})) {
		all = append(all, o)
	}
	conn, err := listen.Upgrade(w, r, stream.Simple, all...)
	if err != nil {
		return lost(err)
	}
	defer conn.Abort()
	s.socket = ourSocket{conn.Socket}
	for {
		msg, err := conn.Receive(context.Background())
		if err == nil {
			err = s.message(msg.Opcode == opcode.Binary, msg.Data)
		}
		if err == nil {
			continue
		}
		var end *stream.CloseError
		if errors.As(err, &end) {
			return closed(int(end.Code), end.Reason)
		}
		return lost(err)
	}
}

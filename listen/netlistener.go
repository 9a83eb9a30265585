package listen

import (
	"context"
	"net"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// NetListener returns l as a [net.Listener] whose connections are those of [stream.NetConn], plain streams of bytes in
// messages with the opcode op, so that servers of HTTP, gRPC or SSH run over WebSocket. Binary is the usual opcode; one that
// no message can have, or a nil l, is a [*stream.ArgumentError].
//
// Accept is that of l without a context. Close stops listening as that of a net.Listener does: what Accept has returned
// goes on, what it has not is dropped. To end all connections is for [Listener.Shutdown] and [Listener.Close]. What is said
// of time at [stream.IdleTimeout] holds: 60 seconds without a byte end a connection, unless an option says otherwise.
//
// All methods may be called by any number of goroutines.
func NetListener(l *Listener[*stream.Reader], op opcode.Opcode) (net.Listener, error) {
	switch {
	case l == nil:
		return nil, &stream.ArgumentError{Func: "listen.NetListener", Reason: "the listener is nil"}
	case !op.IsMessage():
		return nil, &stream.ArgumentError{Func: "listen.NetListener", Reason: "a message cannot begin with opcode " + op.String()}
	}
	return netListener{l, op}, nil
}

type netListener struct {
	l  *Listener[*stream.Reader]
	op opcode.Opcode
}

func (n netListener) Accept() (net.Conn, error) {
	conn, err := n.l.Accept(context.Background())
	if err != nil {
		return nil, err
	}
	return stream.NetConn(conn, n.op)
}

func (n netListener) Addr() net.Addr { return n.l.Addr() }

func (n netListener) Close() error { return n.l.stopListening() }

// stopListening ends the Listener, but not what Accept has returned.
func (l *Listener[M]) stopListening() error {
	err := l.server.stop(context.Background())
	for {
		select {
		case o := <-l.queue:
			o.place.settle()
			o.conn.Abort()
		default:
			return err
		}
	}
}

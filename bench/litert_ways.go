package main

import (
	"context"
	"io"
	"net"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// mode returns how whole messages are received. Lite sends no fragments, of which a Writer's message may consist.
func (l litert) mode() stream.Mode[stream.Message] {
	if l.s.job.Way == writer {
		return stream.Simple
	}
	return stream.Lite
}

// echoer returns what echoes whole messages.
func (l litert) echoer(c *stream.Conn[stream.Message]) echoer {
	if l.s.job.Way == fastest && !l.s.job.Text {
		return litertEcho{c}
	}
	return litertWays{litertEcho{c}, l.s}
}

// litertWays sends in other ways than WriteBinary.
type litertWays struct {
	litertEcho
	s *site
}

func (c litertWays) echo() error {
	ctx := context.Background()
	answer, err := c.way(ctx)
	if err != nil {
		return err
	}
	for {
		msg, err := c.Receive(ctx)
		if err != nil {
			return err
		}
		if err := answer(msg); err != nil {
			return err
		}
	}
}

// way returns what answers a message.
func (c litertWays) way(ctx context.Context) (func(stream.Message) error, error) {
	switch c.s.job.Way {
	case buffers:
		parts := make(net.Buffers, 2)
		return func(msg stream.Message) error {
			half := len(msg.Data) / 2
			parts[0], parts[1] = msg.Data[:half], msg.Data[half:]
			return c.WriteBuffers(ctx, msg.Opcode, parts)
		}, nil
	case writer:
		return func(msg stream.Message) error { return c.writeBy(ctx, msg) }, nil
	case prepared:
		same, err := stream.Prepare(opcode.Binary, c.s.sent[0].period)
		return func(stream.Message) error { return c.WritePrepared(ctx, same) }, err
	default:
		return func(msg stream.Message) error { return c.WriteText(ctx, msg.String()) }, nil
	}
}

// writeBy sends msg with a Writer.
func (c litertWays) writeBy(ctx context.Context, msg stream.Message) error {
	w, err := c.NewWriter(ctx, msg.Opcode)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(msg.Data); err != nil {
		return err
	}
	return w.Close()
}

// litertTunnel is a stream of bytes.
type litertTunnel struct{ litertConn }

func (c litertTunnel) echo() error {
	nc, err := stream.NetConn(c.Conn, opcode.Binary)
	if err != nil {
		return err
	}
	_, err = io.Copy(nc, nc)
	return err
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/printable"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"golang.org/x/term"
)

const (
	// maxLine is how many bytes a line may have, or a message that comes.
	maxLine = 16 << 20

	// firstLine is how many bytes there is room for at first, and how many are sent at once that are no lines.
	firstLine = 256 << 10
)

// A closeStatus is the exit status for a close code other than 1000: its last two digits, and 100.
type closeStatus int

func (s closeStatus) Error() string { return fmt.Sprintf("status %d", int(s)) }

// connect sends what is put in to a server, and prints what comes.
func (c console) connect(ctx context.Context, s *settings, args []string) error {
	opts, err := s.dialOptions(c)
	if err != nil {
		return err
	}
	opts = append(opts, stream.MaxMessageSize(maxLine), stream.KeepAlive(aliveTime))
	if s.subprotocol != "" {
		opts = append(opts, dial.Subprotocols(string(s.subprotocol)))
	}
	conn, err := dial.Dial(ctx, args[0], stream.Standard, opts...)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { transfer.End(ctx, conn, transfer.ErrInterrupted) })()
	go func() {
		if err := sendInput(ctx, conn, c.in, s.binary); err != nil {
			transfer.End(ctx, conn, err)
			return
		}
		conn.CloseWrite(ctx, closecode.NormalClosure, "") // what is on its way is printed
	}()
	err = printMessages(ctx, conn, c.out, s.binary)
	var closed *stream.CloseError
	switch code := stream.CloseCode(err); {
	case ctx.Err() != nil, !errors.As(err, &closed):
		return err
	case code == closecode.NormalClosure, code == closecode.NoStatus:
		return nil
	default:
		fmt.Fprintf(c.err, "wscp connect: closed with %d %s\n", uint16(code), printable.Text(closed.Reason))
		return closeStatus(100 + code%100)
	}
}

// sendInput sends each line as a text, or what can be read at once as bytes.
func sendInput(ctx context.Context, conn transfer.Conn, input io.Reader, binary bool) error {
	parts := bufio.NewScanner(input)
	parts.Buffer(make([]byte, firstLine), maxLine)
	if binary {
		parts.Split(splitNothing)
	}
	for parts.Scan() {
		var err error
		if binary {
			err = conn.WriteBinary(ctx, parts.Bytes())
		} else {
			err = conn.WriteText(ctx, strings.ToValidUTF8(parts.Text(), "\ufffd"))
		}
		if err != nil {
			return err
		}
	}
	return parts.Err()
}

// splitNothing has a Scanner return what there is.
func splitNothing(data []byte, _ bool) (int, []byte, error) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	return len(data), data, nil
}

// printMessages prints all messages, texts as lines unless they are taken for bytes, and returns why there are no more. Nothing
// of a line acts on a terminal.
func printMessages(ctx context.Context, conn transfer.Conn, out io.Writer, binary bool) error {
	file, ok := out.(*os.File)
	terminal := ok && term.IsTerminal(int(file.Fd()))
	for {
		msg, err := conn.Receive(ctx)
		if err != nil {
			return err
		}
		if binary || msg.Opcode() != opcode.Text {
			_, err = io.Copy(out, msg)
		} else {
			var text string
			if text, err = msg.Text(); terminal {
				text = printable.Text(text)
			}
			if err == nil {
				_, err = io.WriteString(out, text+"\n")
			}
		}
		if err != nil {
			return err
		}
	}
}

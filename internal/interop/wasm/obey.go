//go:build js

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// obey does what it is told, until the connection ends, and returns how it has.
func obey(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Simple, dial.Subprotocols(offered...))
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	digest := false
	for {
		msg, err := conn.Receive(ctx)
		if err != nil {
			return ended(err)
		}
		line, isOrder := strings.CutPrefix(string(msg.Data[:min(len(msg.Data), 256)]), "!")
		switch order, argument, _ := strings.Cut(line, " "); {
		case !isOrder || msg.Opcode != opcode.Text:
			if digest {
				err = conn.WriteText(ctx, sum(msg.Data))
			}
			if digest = false; err == nil {
				err = conn.Write(ctx, msg.Opcode, msg.Data)
			}
		case order == "subprotocol":
			err = conn.WriteText(ctx, conn.Subprotocol())
		case order == "digest":
			digest = true
		case order == "close":
			return shutDown(ctx, conn.Socket, argument)
		default:
			err = fmt.Errorf("unknown order %q", line)
		}
		if err != nil {
			return lost(err)
		}
	}
}

func shutDown(ctx context.Context, s *stream.Socket, argument string) string {
	code := closecode.NoStatus
	number, reason, _ := strings.Cut(argument, " ")
	if number != "" {
		n, err := strconv.Atoi(number)
		if err != nil {
			return lost(err)
		}
		code = closecode.Code(n)
	}
	if err := s.Shutdown(ctx, code, reason); err != nil {
		return lost(err)
	}
	return ended(s.Err())
}

// ended returns what is reported of the end of a connection.
func ended(err error) string {
	var end *stream.CloseError
	if errors.As(err, &end) {
		return fmt.Sprintf("closed %d %s", end.Code, end.Reason)
	}
	return lost(err)
}

func sum(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

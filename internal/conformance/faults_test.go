package conformance_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conformance"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// careless is an echo server that accepts everything: it sends back every data frame as it came, answers every ping,
// and closes behind every close frame. It does not look at reserved bits, masks, fragments, text and codes.
func careless(conn net.Conn) error {
	r := bufio.NewReader(conn)
	request, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		handshake.Accept(request.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
	var b []byte
	for {
		h, n, err := frame.Parse(b)
		if err == nil && len(b) >= n+int(h.Length) {
			payload := b[n : n+int(h.Length)]
			frame.Mask(payload, h.Key, 0)
			conn.Write(reply(h, payload))
			if h.Opcode == opcode.Close {
				return nil
			}
			b = b[n+int(h.Length):]
			continue
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		more := make([]byte, 64<<10)
		if n, err = r.Read(more); err != nil {
			return err
		}
		b = append(b, more[:n]...)
	}
}

func reply(h frame.Header, payload []byte) []byte {
	op := h.Opcode
	switch op {
	case opcode.Pong:
		return nil
	case opcode.Ping:
		op = opcode.Pong
	}
	return append(frame.Header{Fin: h.Fin, Opcode: op, Length: h.Length}.Append(nil), payload...)
}

// sample returns a part of cases: enough of them for all kinds, and not those that take long.
func sample(cases []conformance.Case, take func(conformance.Case) bool) []conformance.Case {
	var list []conformance.Case
	n := 0
	for _, c := range cases {
		if c.Weight > conformance.Light || !take(c) {
			continue
		}
		if n++; n%17 == 0 {
			list = append(list, c)
		}
	}
	return list
}

// outcomes returns what has become of the cases.
func outcomes(t *testing.T, s conformance.Subject, cases []conformance.Case) map[string]conformance.Result {
	t.Helper()
	results := make(map[string]conformance.Result)
	for r, err := range conformance.Run(t.Context(), s, cases) {
		if err != nil {
			t.Fatal(err)
		}
		results[r.Case.ID] = r
	}
	return results
}

func TestACarelessServerFailsWhatItMustRefuse(t *testing.T) {
	s := conformance.Subject{Mode: conformance.ServerOf("careless", careless), Side: conformance.Server, Patience: 50 * time.Millisecond}
	picked := sample(cases(), func(c conformance.Case) bool {
		// Wrong lengths are refused by package frame.
		return c.WantsFailure() && s.Takes(c) && !strings.HasPrefix(c.ID, "length/")
	})
	if len(picked) < 50 {
		t.Fatalf("only %d cases", len(picked))
	}
	for id, r := range outcomes(t, s, picked) {
		if r.Outcome != conformance.Failed {
			t.Errorf("%s: %v: %s", id, r.Outcome, r.Note)
		}
	}
}

func TestACarelessServerPassesWhatIsRight(t *testing.T) {
	s := conformance.Subject{Mode: conformance.ServerOf("careless", careless), Side: conformance.Server}
	picked := sample(cases(), func(c conformance.Case) bool {
		family := c.Family()
		return !c.WantsFailure() && !c.Lost() && s.Takes(c) && (family == "framing" || family == "ping" || family == "fragmentation" || family == "utf8")
	})
	if len(picked) < 30 {
		t.Fatalf("only %d cases", len(picked))
	}
	for id, r := range outcomes(t, s, picked) {
		if r.Outcome == conformance.Failed {
			t.Errorf("%s: %s", id, r.Note)
		}
	}
}

// faulty returns a mode whose echo is wrong.
func faulty(echo func(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error) conformance.Mode {
	return conformance.Echo("faulty", true, stream.Standard, func(ctx context.Context, s *stream.Socket, msg *stream.Reader) error {
		p, err := io.ReadAll(msg)
		if err != nil {
			return err
		}
		return echo(ctx, s, msg.Opcode(), p)
	})
}

func send(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error {
	if op == opcode.Text {
		return s.WriteText(ctx, string(p))
	}
	return s.WriteBinary(ctx, p)
}

// echoPlain compresses nothing.
func echoPlain(ctx context.Context, s *stream.Socket, msg *stream.Reader) error {
	w, err := s.NewWriter(ctx, msg.Opcode(), stream.Compress(false))
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, msg); err != nil {
		return err
	}
	return w.Close()
}

func TestFaultsAreFound(t *testing.T) {
	standard := conformance.Modes[0]
	right := faulty(send)
	tests := []struct {
		name    string
		subject conformance.Subject
		id      string // of a case that must fail
	}{
		{"an altered byte", conformance.Subject{Mode: faulty(func(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error {
			if len(p) > 0 {
				p[len(p)-1] ^= 1
			}
			return send(ctx, s, op, p)
		}), Side: conformance.Server}, "framing/binary/128/whole"},
		{"an altered byte among many", conformance.Subject{Mode: faulty(func(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error {
			return send(ctx, s, op, bytes.Replace(p, []byte("0000000007"), []byte("0000000008"), 1))
		}), Side: conformance.Server}, "messages/small/binary/1000-of-16"},
		{"another opcode", conformance.Subject{Mode: faulty(func(ctx context.Context, s *stream.Socket, _ opcode.Opcode, p []byte) error {
			return send(ctx, s, opcode.Binary, p)
		}), Side: conformance.Client}, "framing/text/125/whole"},
		{"a message too many", conformance.Subject{Mode: faulty(func(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error {
			return errors.Join(send(ctx, s, op, p), send(ctx, s, op, p))
		}), Side: conformance.Server}, "framing/text/125/whole"},
		{"an answer too few", conformance.Subject{Mode: faulty(func(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error {
			return nil
		}), Side: conformance.Server, Patience: 50 * time.Millisecond}, "framing/text/125/whole"},
		{"an echo that does not end", conformance.Subject{Mode: faulty(func(ctx context.Context, s *stream.Socket, op opcode.Opcode, p []byte) error {
			defer func() { <-ctx.Done() }()
			return send(ctx, s, op, p)
		}), Side: conformance.Server, Patience: 50 * time.Millisecond}, "framing/text/125/whole"},
		{"unmasked frames accepted", conformance.Subject{Mode: standard, Side: conformance.Server, Listen: []listen.Option{listen.AllowUnmasked()},
			Patience: 50 * time.Millisecond}, "mask/swapped/text/1"},
		{"unmasked frames sent", conformance.Subject{Mode: standard, Side: conformance.Client, Dial: []dial.Option{dial.Masking(frame.NoMask)}}, "framing/text/0/whole"},
		{"the same masking key for all", conformance.Subject{Mode: standard, Side: conformance.Client, Dial: []dial.Option{dial.Masking(frame.FixedMask(frame.Key{1}))}}, "framing/key/fresh"},
		{"a small limit", conformance.Subject{Mode: right, Side: conformance.Server, Listen: []listen.Option{stream.MaxMessageSize(127)}}, "framing/text/128/whole"},
		{"no limit", conformance.Subject{Mode: right, Side: conformance.Client, Dial: []dial.Option{stream.MaxMessageSize(stream.Unlimited)},
			Patience: 50 * time.Millisecond}, "length/limit/one-more/text"},
		{"nothing compressed", conformance.Subject{Mode: conformance.Echo("faulty", true, stream.Standard, echoPlain), Side: conformance.Client},
			"compression/sizes/text/1024/in-one-frame/whole/client"},
		{"every origin", conformance.Subject{Mode: standard, Side: conformance.Server, Listen: []listen.Option{listen.Origins("*")}}, "request/wrong/origin/null"},
	}
	byID := make(map[string]conformance.Case)
	for _, c := range cases() {
		byID[c.ID] = c
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			results := outcomes(t, tt.subject, []conformance.Case{byID[tt.id]})
			if r := results[tt.id]; r.Outcome != conformance.Failed {
				t.Errorf("%s: %v %s", tt.id, r.Outcome, r.Note)
			}
		})
	}
}

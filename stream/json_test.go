package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A grudging value can be neither decoded nor encoded, for reasons of its own.
type grudging struct{ err error }

func (g grudging) MarshalJSON() ([]byte, error) { return nil, g.err }
func (g *grudging) UnmarshalJSON([]byte) error  { return io.EOF }

// wantJSONError complains unless err is of the message alone.
func wantJSONError(t *testing.T, what string, err error) {
	t.Helper()
	var bad *stream.JSONError
	if !errors.As(err, &bad) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%s: got %v, want a JSONError that matches no end", what, err)
		return
	}
	checkOnePrefix(t, what, err)
	if strings.Contains(err.Error(), "json: ") {
		t.Errorf("%s: the text is %q", what, err)
	}
}

func TestAMessageThatIsNoJSONIsNotTheEnd(t *testing.T) {
	for _, tt := range []struct {
		op   opcode.Opcode
		text string
		want *point // nil: an error
	}{
		{opcode.Text, `{"X": 1, "Y": 2}`, &point{1, 2}},
		{opcode.Binary, " \n{\"X\": 1, \"Z\": [3]} \t\n", &point{X: 1}},
		{opcode.Text, `null`, &point{}},
		{opcode.Text, ``, nil},
		{opcode.Text, ` `, nil},
		{opcode.Text, `{"X": 1`, nil},
		{opcode.Text, `{"X": 1}}`, nil},
		{opcode.Text, `{"X": 1} {"X": 2}`, nil},
		{opcode.Text, `{"X": "one"}`, nil},
		{opcode.Text, `{"X": ` + strings.Repeat("1", 5000) + `}`, nil},
		{opcode.Text, strings.Repeat("[", 100_000), nil},
		{opcode.Binary, "\xff\x00", nil},
	} {
		c, peer := openMode(t, stream.JSON[point]())
		peer.SendFrame(true, tt.op, tt.text)
		peer.SendFrame(true, opcode.Text, `{"Y": 5}`)
		p, err := c.Receive(bg(t))
		switch {
		case tt.want == nil:
			wantJSONError(t, tt.text[:min(20, len(tt.text))], err)
		case err != nil || p != *tt.want:
			t.Errorf("%q: got %v, %v", tt.text, p, err)
		}
		if p, err := c.Receive(bg(t)); err != nil || p.Y != 5 {
			t.Errorf("behind %.20q: got %v, %v", tt.text, p, err)
		}
	}
}

func TestTheErrorOfJSONSaysWhatIsWrong(t *testing.T) {
	c, peer := openMode(t, stream.JSON[point]())
	peer.SendFrame(true, opcode.Text, `{"X": "one", "Y": 2}`)
	p, err := c.Receive(bg(t))
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) || wrong.Field != "X" || p.Y != 2 {
		t.Errorf("got %v, %v", p, err)
	}
	peer.SendFrame(true, opcode.Text, `{X}`)
	_, err = c.Receive(bg(t))
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 2 {
		t.Errorf("got %v", err)
	}
}

// A method of a type may well return io.EOF, as package fmt does. A loop that ends with it must not end.
func TestNoJSONErrorLooksLikeTheEnd(t *testing.T) {
	c, peer := openMode(t, stream.JSON[grudging]())
	peer.SendFrame(true, opcode.Text, `1`)
	_, err := c.Receive(bg(t))
	wantJSONError(t, "Receive", err)
	wantJSONError(t, "WriteJSON", c.WriteJSON(bg(t), grudging{io.EOF}))
	if err := c.WriteJSON(bg(t), grudging{errSource}); !errors.Is(err, errSource) {
		t.Errorf("WriteJSON: %v", err)
	}
	if !c.Connected() {
		t.Errorf("the connection has ended: %v", c.Err())
	}
}

// Only what is wrong with JSON is a JSONError.
func TestTheEndOfAConnectionIsNoJSONError(t *testing.T) {
	notJSON := func(what string, err error) {
		t.Helper()
		var bad *stream.JSONError
		if err == nil || errors.As(err, &bad) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	c, peer := openMode(t, stream.JSON[point](), stream.MaxMessageSize(10))
	peer.SendFrame(true, opcode.Text, `{"X": 1, "Y": 2}`)
	_, err := c.Receive(bg(t))
	var limit *stream.LimitError
	if notJSON("too large", err); !errors.As(err, &limit) {
		t.Errorf("too large: %v", err)
	}

	c, peer = openMode(t, stream.JSON[point]())
	peer.SendFrame(false, opcode.Text, `{"X": `)
	peer.SendClose(closecode.NormalClosure, "")
	_, err = c.Receive(bg(t))
	if notJSON("cut short", err); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.Errorf("cut short: %v", err)
	}
	if _, err = c.Receive(bg(t)); !errors.Is(err, io.EOF) {
		t.Errorf("the end: %v", err)
	}
	if err := c.WriteJSON(bg(t), 1); !errors.Is(err, net.ErrClosed) {
		t.Errorf("behind the end: %v", err)
	}

	c, peer = openMode(t, stream.JSON[point]())
	peer.SendFrame(false, opcode.Text, `{"X": `)
	if _, err := c.Receive(brief(t)); err != context.DeadlineExceeded {
		t.Errorf("the context: %v", err)
	}
}

// The context bounds Receive, and loses no message, however far that has come.
func TestJSONGoesOnAfterAContextHasEnded(t *testing.T) {
	c, peer := openMode(t, stream.JSON[point]())
	want := func(p point, err error) {
		t.Helper()
		if p != (point{1, 2}) || err != nil {
			t.Errorf("got %v, %v", p, err)
		}
	}
	wait := func() {
		t.Helper()
		if p, err := c.Receive(brief(t)); err != context.DeadlineExceeded {
			t.Errorf("got %v, %v", p, err)
		}
	}
	peer.SendFrame(false, opcode.Text, `{"X": 1,`)
	wait()
	peer.SendFrame(false, opcode.Continuation, ``)
	wait()
	peer.SendFrame(true, opcode.Continuation, ` "Y": 2}`)
	want(c.Receive(bg(t)))

	peer.SendFrame(false, opcode.Text, `{"X": 1,`)
	wait()
	peer.SendFrame(true, opcode.Continuation, ` "Y": 2}`)
	for p, err := range c.All(bg(t)) {
		want(p, err)
		break
	}
}

// That the connection was lost is no error of a message, which a loop goes on behind.
func TestAllOfJSONTellsOnceThatTheConnectionWasLost(t *testing.T) {
	c, peer := openMode(t, stream.JSON[point]())
	peer.SendFrame(false, opcode.Text, `{"X": `)
	peer.Close()
	var errs []error
	for _, err := range c.All(bg(t)) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], io.ErrUnexpectedEOF) {
		t.Errorf("got %v", errs)
	}
}

func TestWriteJSON(t *testing.T) {
	for _, server := range []bool{true, false} {
		c, peer := endAndPeer(t, server)
		go func() {
			wantJSONError(t, "a channel", c.WriteJSON(bg(t), make(chan int)))
			wantRefusal(t, c.WriteJSON(bg(t), json.RawMessage("\"\xff\"")))
			if err := c.WriteJSON(ended(t), 1); err != context.Canceled {
				t.Errorf("got %v", err)
			}
			for _, v := range []any{point{1, 2}, nil, "<ä>"} {
				if err := c.WriteJSON(bg(t), v); err != nil {
					t.Error(err)
				}
			}
		}()
		peer.Want(true, opcode.Text, `{"X":1,"Y":2}`)
		peer.Want(true, opcode.Text, `null`)
		peer.Want(true, opcode.Text, `"\u003cä\u003e"`)
	}
}

// What was decoded does not change with the next message.
func TestAValueFromJSONIsTheCallersOwn(t *testing.T) {
	c, peer := openMode(t, stream.JSON[json.RawMessage](), stream.ReuseBuffer())
	texts := []string{`"the first message"`, `"and the second one"`}
	var got []string
	var raw []json.RawMessage
	for _, text := range texts {
		peer.SendFrame(true, opcode.Text, text)
		m, err := c.Receive(bg(t))
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, m)
	}
	for _, m := range raw {
		got = append(got, string(m))
	}
	if diff := cmp.Diff(texts, got); diff != "" {
		t.Error(diff)
	}
}

func TestABreakAtAMessageThatIsNoJSONLeavesTheConnectionAsItIs(t *testing.T) {
	c, peer := openMode(t, stream.JSON[point]())
	peer.SendFrame(true, opcode.Text, "no JSON")
	peer.SendFrame(true, opcode.Text, `{"Y": 5}`)
	for _, err := range c.All(bg(t)) {
		wantJSONError(t, "the first", err)
		break
	}
	if p, err := c.Receive(bg(t)); err != nil || p.Y != 5 {
		t.Errorf("behind it: %v, %v", p, err)
	}
}

func TestAContextEndsTheWaitForAnotherThatReceivesJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		c, err := stream.New(a, stream.Handshake{Server: true}, stream.JSON[point](), stream.IdleTimeout(0))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Abort()
		go c.Receive(context.Background())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		if _, err := c.Receive(ctx); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
	})
}

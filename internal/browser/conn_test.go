package browser_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/browser"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

var errOverrun = errors.New("overrun")

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatIsSentAreMessages(t *testing.T) {
	conn, page, _ := open(t, stream.Simple)
	big := strings.Repeat("0123456789abcdef", 20_000)
	for _, err := range []error{
		conn.WriteText(t.Context(), "text"),
		conn.WriteBinary(t.Context(), nil),
		conn.WriteBinary(t.Context(), []byte(big)),
		conn.WriteText(t.Context(), "behind"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	equal(t, page.took(), []string{"text text", "binary ", "binary " + big, "text behind"})
}

func TestFragmentsAreGathered(t *testing.T) {
	conn, page, _ := open(t, stream.Simple)
	w, err := conn.NewWriter(t.Context(), opcode.Text, stream.FragmentSize(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "in many fragments"); err != nil {
		t.Fatal(err)
	}
	equal(t, page.took(), nil)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	equal(t, page.took(), []string{"text in many fragments"})
}

func TestAMessageThatIsGivenUpIsNotSent(t *testing.T) {
	conn, page, _ := open(t, stream.Simple)
	w, err := conn.NewWriter(t.Context(), opcode.Binary)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, "half")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	equal(t, page.took(), []string{"close 4011 message was aborted", "abort"})
}

func TestWhatComesAreFrames(t *testing.T) {
	conn, _, c := open(t, stream.Simple)
	big := strings.Repeat("0123456789abcdef", 20_000)
	c.Received(opcode.Binary, payload(big))
	c.Received(opcode.Text, payload("😀"))
	c.Received(opcode.Text, payload(""))
	for _, want := range []stream.Message{
		{Opcode: opcode.Binary, Data: []byte(big)},
		{Opcode: opcode.Text, Data: []byte("😀")},
		{Opcode: opcode.Text, Data: []byte{}},
	} {
		got, err := conn.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.Opcode != want.Opcode || string(got.Data) != string(want.Data) {
			t.Errorf("%v of %d bytes came", got.Opcode, len(got.Data))
		}
	}
}

func TestWriteWaitsForRoomAndLeavesTheConnectionAsItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, page, c := open(t, stream.Simple, stream.IdleTimeout(0))
		page.setFull(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := conn.WriteText(ctx, strings.Repeat("large ", 10_000)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the write ended with %v", err)
		}
		equal(t, page.took(), nil)
		go func() {
			time.Sleep(time.Hour)
			page.setFull(false)
			c.Drained()
		}()
		if err := conn.WriteText(t.Context(), "goes on"); err != nil {
			t.Fatal(err)
		}
		equal(t, page.took(), []string{"text goes on"})
		conn.Abort()
		synctest.Wait()
	})
}

func TestAWriterGoesOnBehindItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, page, c := open(t, stream.Simple, stream.IdleTimeout(0))
		page.setFull(true)
		w, err := conn.NewWriter(t.Context(), opcode.Binary)
		if err != nil {
			t.Fatal(err)
		}
		w.SetDeadline(time.Now().Add(time.Second))
		if _, err := io.WriteString(w, "held"); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Flush ended with %v", err)
		}
		page.setFull(false)
		c.Drained()
		w.SetDeadline(time.Time{})
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		equal(t, page.took(), []string{"binary held"})
		conn.Abort()
		synctest.Wait()
	})
}

func TestACloseFrameDoesNotWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, page, c := open(t, stream.Simple)
		page.setFull(true)
		ended := make(chan error, 1)
		go func() { ended <- conn.Shutdown(t.Context(), 4000, "full") }()
		synctest.Wait()
		equal(t, page.took(), []string{"close 4000 full"})
		c.Closed(4000, "")
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}

// A browser closes with 1000, and 3000 to 4999; all others are to reach the peer as 3000 more.
func TestCodesThatABrowserRefusesAreReplaced(t *testing.T) {
	for code, want := range map[closecode.Code]string{
		closecode.NormalClosure: "close 1000 why",
		closecode.GoingAway:     "close 4001 why",
		closecode.ProtocolError: "close 4002 why",
		closecode.InternalError: "close 4011 why",
		closecode.BadGateway:    "close 4014 why",
		3000:                    "close 3000 why",
		4999:                    "close 4999 why",
	} {
		equal(t, closedWith(t, code, "why"), []string{want})
	}
	equal(t, closedWith(t, closecode.NoStatus, ""), []string{"close 1005 "})
}

// closedWith returns what comes of a close frame that is written.
func closedWith(t *testing.T, code closecode.Code, reason string) []string {
	t.Helper()
	p := new(page)
	c := browser.NewConn(p, 1000, errOverrun)
	payload, err := frame.AppendClose(nil, code, reason)
	if err != nil {
		t.Fatal(err)
	}
	h := frame.Header{Fin: true, Opcode: opcode.Close, Length: int64(len(payload))}
	for range 2 { // the second finds the connection closed
		if _, err := c.Write(append(h.Append(nil), payload...)); err != nil {
			t.Fatal(err)
		}
	}
	return p.took()
}

func TestTheEndOfAConnectionTellsWhatItWas(t *testing.T) {
	for _, end := range []struct {
		code   closecode.Code
		reason string
		want   error
	}{
		{closecode.NormalClosure, "done", &stream.CloseError{Code: closecode.NormalClosure, Reason: "done"}},
		{closecode.NoStatus, "", &stream.CloseError{Code: closecode.NoStatus}},
		{closecode.InternalError, "oh", &stream.CloseError{Code: closecode.InternalError, Reason: "oh"}},
		{4001, strings.Repeat("r", 123), &stream.CloseError{Code: 4001, Reason: strings.Repeat("r", 123)}},
	} {
		conn, _, c := open(t, stream.Simple)
		c.Closed(end.code, end.reason)
		_, err := conn.Receive(t.Context())
		equal(t, err, end.want)
		if err := conn.WriteText(t.Context(), "late"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a write behind the end: %v", err)
		}
	}
	for _, code := range []closecode.Code{closecode.Abnormal, closecode.TLSHandshake} {
		conn, _, c := open(t, stream.Simple)
		c.Received(opcode.Text, payload("before"))
		c.Closed(code, "")
		if msg, err := conn.Receive(t.Context()); err != nil || string(msg.Data) != "before" {
			t.Errorf("%q came (%v)", msg.Data, err)
		}
		if _, err := conn.Receive(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("code %d: %v", code, err)
		}
	}
}

func TestACodeThatNoPeerMaySendIsAProtocolError(t *testing.T) {
	conn, _, c := open(t, stream.Simple)
	c.Closed(2000, "")
	_, err := conn.Receive(t.Context())
	var broken *stream.ProtocolError
	if !errors.As(err, &broken) {
		t.Errorf("it ends with %v", err)
	}
}

func TestWhatIsNotReceivedIsBounded(t *testing.T) {
	conn, page, c := open(t, stream.Simple)
	c.Received(opcode.Text, payload(strings.Repeat("first", 1000))) // of any size
	for range 3 {
		c.Received(opcode.Text, payload(strings.Repeat("r", 300)))
	}
	equal(t, page.took(), []string{"close 4009 more has come than is received"})
	for range 3 {
		if _, err := conn.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Receive(t.Context()); !errors.Is(err, errOverrun) {
		t.Errorf("behind what there was room for: %v", err)
	}
}

func TestEmptyMessagesAreBoundedToo(t *testing.T) {
	_, page, c := open(t, stream.Simple)
	for range 100 {
		c.Received(opcode.Binary, payload(""))
	}
	equal(t, len(page.took()), 1)
}

func TestRoomForTheBacklogComesBack(t *testing.T) {
	conn, page, c := open(t, stream.Simple)
	for range 100 {
		for range 3 {
			c.Received(opcode.Text, payload(strings.Repeat("r", 400)))
		}
		for range 3 {
			if _, err := conn.Receive(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal(t, page.took(), nil)
}

// What a browser cannot do is refused, and the stream goes on as it was.
func TestFramesThatABrowserDoesNotSendAreRefused(t *testing.T) {
	p := new(page)
	c := browser.NewConn(p, 1000, errOverrun)
	defer c.Close()
	for _, h := range []frame.Header{
		{Fin: true, Opcode: opcode.Ping},
		{Fin: true, Opcode: opcode.Pong},
		{Fin: true, Opcode: opcode.Text, Masked: true, Length: 1},
	} {
		if n, err := c.Write(h.Append(nil)); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v: %d, %v", h, n, err)
		}
	}
	if n, err := c.Write([]byte("\x81\x04text\x89\x00")); n != 6 || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a ping behind a message: %d, %v", n, err)
	}
	if _, err := c.Write([]byte("\x81\x01t")); err != nil {
		t.Error(err)
	}
	equal(t, p.took(), []string{"text text", "text t"})
}

func TestAMessageThatIsTooLargeIsRefused(t *testing.T) {
	c := browser.NewConn(new(page), 1000, errOverrun)
	defer c.Close()
	h := frame.Header{Opcode: opcode.Binary, Length: browser.MaxMessage + 1}
	if n, err := c.Write(h.Append(nil)); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	h.Length = 1
	if _, err := c.Write(append(h.Append(nil), 'a')); err != nil {
		t.Fatal(err)
	}
	h.Opcode, h.Length = opcode.Continuation, browser.MaxMessage
	if n, err := c.Write(h.Append(nil)); n != 0 || err == nil {
		t.Errorf("in fragments: %d, %v", n, err)
	}
}

func TestCloseEndsReadAndWrite(t *testing.T) {
	p := new(page)
	p.full = true
	c := browser.NewConn(p, 1000, errOverrun)
	ended := make(chan error, 2)
	go func() {
		_, err := c.Read(make([]byte, 1))
		ended <- err
	}()
	go func() {
		_, err := c.Write([]byte("\x81\x00"))
		ended <- err
	}()
	c.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	}
	c.Close()
	equal(t, p.took(), []string{"abort"})
}

func TestDeadlinesEndWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := new(page)
		p.full = true
		c := browser.NewConn(p, 1000, errOverrun)
		defer c.Close()
		for range 2 {
			c.SetReadDeadline(time.Now().Add(time.Minute))
			c.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := c.Read(make([]byte, 1)); err != os.ErrDeadlineExceeded {
				t.Errorf("Read ended with %v", err)
			}
			if n, err := c.Write([]byte("\x81\x00")); n != 0 || err != os.ErrDeadlineExceeded {
				t.Errorf("Write ended with %d, %v", n, err)
			}
		}
		c.Received(opcode.Text, payload("a"))
		if n, err := c.Read(make([]byte, 9)); n != 3 || err != nil {
			t.Errorf("behind its deadline, Read returned %d, %v", n, err)
		}
	})
}

// A stale page refuses the bytes of a message.
type stalePage struct{ page }

var errStale = errors.New("stale")

func (*stalePage) Add([]byte) error { return errStale }

func TestWhatIsWrittenWrongEndsTheWrite(t *testing.T) {
	for text, want := range map[string]int{
		"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff": 0, // a length of 64 bits
		"\x88\x01\x03": 3, // half a close code
	} {
		c := browser.NewConn(new(page), 1000, errOverrun)
		if n, err := io.WriteString(c, text); n != want || err == nil {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
	c := browser.NewConn(new(stalePage), 1000, errOverrun)
	if n, err := io.WriteString(c, "\x82\x03abc"); n != 2 || err != errStale {
		t.Errorf("a page that refuses: %d, %v", n, err)
	}
}

func TestBehindTheEndNothingIsSentAndThereIsOneEnd(t *testing.T) {
	c := browser.NewConn(new(page), 1000, errOverrun)
	c.Received(opcode.Text, payload("one"))
	c.Closed(closecode.GoingAway, "")
	c.Closed(closecode.Abnormal, "")
	if n, err := io.WriteString(c, "\x82\x03abc"); n > 0 || err == nil {
		t.Errorf("a message: %d, %v", n, err)
	}
	if n, err := io.WriteString(c, "\x88\x00"); n != 2 || err != nil { // the browser has answered by itself
		t.Errorf("a close frame: %d, %v", n, err)
	}
	if n, err := c.Read(nil); n > 0 || err != nil {
		t.Errorf("no bytes: %d, %v", n, err)
	}
	if p, err := io.ReadAll(c); string(p) != "\x81\x03one\x88\x02\x03\xe9" || err != nil {
		t.Errorf("read %q, %v", p, err)
	}
}

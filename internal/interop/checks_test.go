//go:build interop

package interop_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// An ability is what not every peer can be told to do, or does.
type ability uint

const (
	pings         ability = 1 << iota // send a ping
	fragments                         // send fragments
	allCodes                          // send every code that may be sent, and not only 1000 and 3000 to 4999
	noCode                            // send a close frame without a code
	restartCodes                      // take the codes 1012 and 1013, which came after RFC 6455
	gatewayCode                       // take the code 1014, which came later still
	awaits                            // wait for the answer to its close frame
	echoesCode                        // answer a close frame with the same code
	compresses                        // send compressed messages
	takeover                          // compress with the help of the messages before
	windows                           // compress with small windows
	window8                           // compress with one of 8 bits
	keepsPongsOut                     // keep pongs out of what it compresses with the help of
	tells                             // report what came in a close frame, or that none did
	pingsBetween                      // take pings between the fragments of a compressed message
	outlives                          // keep an HTTP/2 connection when a stream of it has ended
	window                            // open the window of a stream of HTTP/2 again whenever it is full
	cuts                              // cut the stream in the middle of a message
)

// A check is what must hold with every peer on either side. It opens connections of its own.
type check struct {
	name  string
	needs ability
	run   func(t *testing.T, p partner)
}

var checks = []check{
	{"the subprotocol is agreed on", 0, checkSubprotocol},
	{"text of all lengths and planes comes back", 0, checkText},
	{"binary of all lengths comes back", 0, checkBinary},
	{"a thousand messages come back in order", 0, checkMany},
	{"64 MiB go there and back in one frame", window, checkBigFrame},
	{"64 MiB go there and back in fragments", window, checkBigFragments},
	{"fragments cut inside a code point are put together", 0, checkFragments},
	{"fragments of the peer are put together", fragments, checkFragmentsOfPeer},
	{"pings are answered", 0, checkPings},
	{"pings of the peer are answered", pings, checkPingsOfPeer},
	{"the peer sees the code and reason of a close frame", tells, checkClose},
	{"the peer's close frame is seen and answered", 0, checkCloseOfPeer},
	{"the peer sees that a message was over the limit", tells, checkTooBig},
}

func checkSubprotocol(t *testing.T, p partner) {
	c := p.open(t)
	if got := c.conn.Subprotocol(); got != subprotocol {
		t.Errorf("this end agreed on %q, want %q", got, subprotocol)
	}
	c.order("!subprotocol")
	c.expect(opcode.Text, []byte(subprotocol))
}

// planes is text with characters of one to four bytes, beyond the first plane too, and noncharacters.
const planes = "a\x00é\u07ff\u0800世界\ufeff\uffff𝄞😀👩‍🚀\U0010ffff"

func checkText(t *testing.T, p partner) {
	c := p.open(t)
	c.echo(opcode.Text, []byte(planes))
	for _, n := range lengths {
		text := strings.Repeat(planes, n/len(planes)+1)[:n]
		c.echo(opcode.Text, []byte(strings.ToValidUTF8(text, "~")))
	}
}

// lengths are those at which the header of a frame changes (RFC 6455, section 5.2).
var lengths = []int{0, 1, 125, 126, 127, 65535, 65536, 1 << 20}

func checkBinary(t *testing.T, p partner) {
	c := p.open(t)
	for _, n := range lengths {
		c.echo(opcode.Binary, big()[:n])
	}
}

func checkMany(t *testing.T, p partner) {
	const n = 1000
	c := p.open(t)
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			if err := c.conn.WriteText(c.ctx, fmt.Sprint(i)); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for i := range n {
		c.expect(opcode.Text, fmt.Append(nil, i))
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
}

// big returns the payload of 64 MiB, the most that a message may have by default.
var big = sync.OnceValue(func() []byte {
	p := make([]byte, 64<<20)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
})

var bigDigest = sync.OnceValue(func() string { return digest(big()) })

func digest(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

func checkBigFrame(t *testing.T, p partner) {
	checkBig(p.open(t), func(c *conversation) error { return c.conn.WriteBinary(c.ctx, big()) })
}

func checkBigFragments(t *testing.T, p partner) {
	checkBig(p.open(t), func(c *conversation) error {
		w, err := c.conn.NewWriter(c.ctx, opcode.Binary)
		if err != nil {
			return err
		}
		defer w.Abort()
		if _, err := io.Copy(w, bytes.NewReader(big())); err != nil {
			return err
		}
		return w.Close()
	})
}

// checkBig compares digests: the peer's of what it got, and ours of what comes back.
func checkBig(c *conversation, send func(c *conversation) error) {
	c.t.Helper()
	want := bigDigest()
	c.order("!digest")
	sent := make(chan error, 1)
	go func() { sent <- send(c) }()
	c.expect(opcode.Text, []byte(want))
	sum := sha256.New()
	msg := c.receive()
	n, err := io.Copy(sum, msg)
	if err != nil || hex.EncodeToString(sum.Sum(nil)) != want {
		c.t.Fatalf("%d bytes came back, with the digest %x (%v)", n, sum.Sum(nil), err)
	}
	if err := <-sent; err != nil {
		c.t.Fatal(err)
	}
}

func checkFragments(t *testing.T, p partner) {
	c := p.open(t)
	for _, size := range []int{1, 3, 1000} {
		text := strings.Repeat(planes, size*3)
		w, err := c.conn.NewWriter(c.ctx, opcode.Text, stream.FragmentSize(size))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		for _, half := range []string{text[:len(text)/2], text[len(text)/2:]} {
			if _, err := w.WriteString(half); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if err := c.conn.Ping(c.ctx, []byte("between fragments")); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		c.expect(opcode.Text, []byte(text))
	}
	c.awaitPong("between fragments")
}

func checkFragmentsOfPeer(t *testing.T, p partner) {
	c := p.open(t)
	for _, m := range []struct {
		op   opcode.Opcode
		data []byte
	}{
		{opcode.Text, []byte(strings.Repeat(planes, 10_000))},
		{opcode.Binary, big()[:400_000]},
	} {
		c.order("!fragments 1001")
		before := c.seen.frames()
		c.echo(m.op, m.data)
		if n := c.seen.frames() - before; n < 2 && (compression == nil || m.op == opcode.Binary) { // the text gets short
			t.Errorf("%v came back in %d frames", m.op, n)
		}
	}
}

func checkPings(t *testing.T, p partner) {
	c := p.open(t)
	for _, data := range []string{"", "p", "😀", strings.Repeat("p", 125)} {
		if err := c.conn.Ping(c.ctx, []byte(data)); err != nil {
			t.Fatal(err)
		}
		c.awaitPong(data)
	}
}

func checkPingsOfPeer(t *testing.T, p partner) {
	c := p.open(t)
	for range 3 {
		before := c.seen.pings()
		c.order("!ping hello")
		c.expect(opcode.Text, []byte("pong hello"))
		if n := c.seen.pings() - before; n != 1 {
			t.Errorf("%d pings came", n)
		}
	}
}

// An ending is a close frame.
type ending struct {
	code   closecode.Code
	reason string
	send   ability // what a peer needs to send it
	take   ability // what it needs to receive it
}

// endings have every registered code that may be sent, and the bounds of the ranges for everybody else's.
var endings = []ending{
	{closecode.NormalClosure, "", 0, 0},
	{closecode.NormalClosure, "done 👋", 0, 0},
	{3000, "", 0, 0},
	{3999, "of a library", 0, 0},
	{4000, "of an application", 0, 0},
	{4999, strings.Repeat("r", 123), 0, 0},
	{closecode.NoStatus, "", noCode, 0},
	{closecode.GoingAway, "away", allCodes, 0},
	{closecode.ProtocolError, "", allCodes, 0},
	{closecode.UnsupportedData, "", allCodes, 0},
	{closecode.InvalidPayload, "", allCodes, 0},
	{closecode.PolicyViolation, "against it", allCodes, 0},
	{closecode.MessageTooBig, "large", allCodes, 0},
	{closecode.MandatoryExtension, "", allCodes, 0},
	{closecode.InternalError, "oh", allCodes, 0},
	{closecode.ServiceRestart, "", allCodes, restartCodes},
	{closecode.TryAgainLater, "later", allCodes, restartCodes},
	{closecode.BadGateway, "", allCodes, gatewayCode},
}

func (e ending) String() string {
	return strings.TrimRight(fmt.Sprintf("closed %d %s", e.code, e.reason), " ")
}

func checkClose(t *testing.T, p partner) {
	for _, e := range endings {
		if !p.can(e.take) {
			continue
		}
		c := p.open(t)
		if err := c.conn.Shutdown(c.ctx, e.code, e.reason); err != nil {
			t.Fatalf("closing with %v: %v", e, err)
		}
		c.expectReport(e.String())
		var answer *stream.CloseError
		if err := c.conn.Err(); !errors.As(err, &answer) || p.can(echoesCode) && answer.Code != e.code {
			t.Errorf("%v was answered with %v", e, err)
		}
	}
}

func checkCloseOfPeer(t *testing.T, p partner) {
	for _, e := range endings {
		if !p.can(e.send) {
			continue
		}
		c := p.open(t)
		if e.code == closecode.NoStatus {
			c.order("!close")
		} else {
			c.order(fmt.Sprintf("!close %d %s", e.code, e.reason))
		}
		_, err := c.conn.Receive(c.ctx)
		var got *stream.CloseError
		if !errors.As(err, &got) || got.Code != e.code || got.Reason != e.reason {
			t.Errorf("%v came as %v", e, err)
		}
		e.reason = "" // the answer has none
		if report := c.report(); p.can(tells|awaits|e.take) && report != e.String() {
			t.Errorf("the peer reports %q, want %q", report, e)
		}
	}
}

func checkTooBig(t *testing.T, p partner) {
	c := p.open(t, stream.MaxMessageSize(1000))
	c.echo(opcode.Binary, big()[:1000])
	if err := c.conn.WriteBinary(c.ctx, big()[:1001]); err != nil {
		t.Fatal(err)
	}
	msg, err := c.conn.Receive(c.ctx)
	if err == nil && c.conn.Handshake().Deflate != nil { // its length was not announced
		_, err = msg.Bytes()
	}
	var limit *stream.LimitError
	if !errors.As(err, &limit) {
		t.Errorf("the message over the limit came as %v", err)
	}
	got := c.report()
	if p.can(tells) && !strings.HasPrefix(got, "closed 1009") {
		t.Errorf("the peer reports %q", got)
	}
}

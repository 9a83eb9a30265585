//go:build interop

package interop_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A setting is how the ends of connections compress (RFC 7692). The scripts get it as JSON.
type setting struct {
	Name             string `json:"-"`
	Takeover         bool   `json:"takeover"`
	ServerWindowBits int    `json:"serverWindowBits"`
	ClientWindowBits int    `json:"clientWindowBits"`
}

// compression is the setting of the test that runs, or nil; whatever opens a connection, on either side, asks here.
var compression *setting

var settings = []setting{
	{"context takeover", true, 15, 15},
	{"no context takeover", false, 15, 15},
	{"windows of 10 bits", true, 10, 10},
	{"windows of 9 bits", true, 9, 9},
	{"windows of 8 bits", true, 8, 8},
	{"a window of 8 bits of the server", true, 8, 15},
	{"a window of 8 bits of the client", true, 15, 8},
	{"windows of 9 bits and no context takeover", false, 9, 9},
	{"windows of 8 bits and no context takeover", false, 8, 8},
}

// options returns those of every connection of this module's, before others.
func options(more ...stream.Option) []stream.Option {
	if compression == nil {
		return more
	}
	return append(more, stream.Compression(stream.CompressionConfig{
		Deflate: stream.Deflate{
			ServerNoContextTakeover: !compression.Takeover,
			ClientNoContextTakeover: !compression.Takeover,
			ServerMaxWindowBits:     compression.ServerWindowBits,
			ClientMaxWindowBits:     compression.ClientWindowBits,
		},
		Threshold: 1,
	}))
}

// environment returns the setting as the scripts get it.
func environment() string {
	if compression == nil {
		return "INTEROP_COMPRESSION="
	}
	b, err := json.Marshal(compression)
	if err != nil {
		panic(err)
	}
	return "INTEROP_COMPRESSION=" + string(b)
}

// checksOfCompression are what must hold beside what is agreed on, with every peer that compresses.
var checksOfCompression = []check{
	{"messages are compressed both ways", 0, checkCompressed},
	{"a message helps the next one, or does not", 0, checkTakeover},
	{"what repeats itself at any distance comes back", 0, checkDistances},
	{"a compressed message is streamed", 0, checkStreamed},
	{"small messages help one another", 0, checkAlike},
	{"text of all lengths and planes comes back", 0, checkText},
	{"binary of all lengths comes back", 0, checkBinary},
	{"a thousand messages come back in order", 0, checkMany},
	{"fragments cut inside a code point are put together", keepsPongsOut | pingsBetween, checkFragments},
	{"fragments of the peer are put together", fragments, checkFragmentsOfPeer},
	{"the peer sees that a message was over the limit", tells, checkTooBig},
}

func TestPeersWithCompression(t *testing.T) {
	for i := range settings {
		t.Run(settings[i].Name, func(t *testing.T) {
			compression = &settings[i]
			defer func() { compression = nil }()
			for _, p := range peers {
				t.Run(p.name, func(t *testing.T) {
					if p.server != nil && p.canCompress(compression.ServerWindowBits) {
						t.Run("server", func(t *testing.T) { withServer(t, p, direct, checksOfCompression) })
					}
					// A client that has no small windows does not offer to use any.
					if p.client != nil && (!p.can(windows) || p.canCompress(compression.ClientWindowBits)) {
						t.Run("client", func(t *testing.T) { withClient(t, p, direct, checksOfCompression) })
					}
				})
			}
		})
	}
}

// canCompress reports whether p can compress with a window of bits.
func (p peer) canCompress(bits int) bool {
	return bits == 15 || p.can(windows) && (bits > 8 || p.can(window8))
}

// agreement returns what must be agreed on with p.
func (p partner) agreement() stream.Deflate {
	forgets := !compression.Takeover || !p.can(takeover)
	want := stream.Deflate{
		ServerNoContextTakeover: forgets,
		ClientNoContextTakeover: forgets,
		ServerMaxWindowBits:     compression.ServerWindowBits,
		ClientMaxWindowBits:     compression.ClientWindowBits,
	}
	if p.isClient && !p.can(windows) {
		want.ClientMaxWindowBits = 15
	}
	return want
}

// prose returns n bytes that can be compressed, of text.
func prose(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id": %d, "name": "item %x", "tags": ["a", "b", "\U0001f600"], "price": %d.99},`, i, i*i*i, i%97)
	}
	return bytes.ToValidUTF8(b.Bytes()[:n], []byte("~"))
}

func checkCompressed(t *testing.T, p partner) {
	c := p.open(t)
	d := c.conn.Handshake().Deflate
	if d == nil {
		t.Fatal("compression was not agreed on")
	}
	if want := p.agreement(); *d != want {
		t.Errorf("agreed on %+v, want %+v", *d, want)
	}
	for _, n := range []int{10_000, 1 << 20, 10_000} {
		c.echo(opcode.Text, prose(n))
	}
	wantCompressed(t, p, c, 3)
}

// lines returns n bytes of lines that have one half in common, so that any window is enough to compress them a little.
func lines(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i += 8 {
		fmt.Fprintf(&b, "%x, of eight bytes\n", big()[i:i+8])
	}
	return b.Bytes()[:n]
}

// checkTakeover has a message twice, which is small enough for every window.
func checkTakeover(t *testing.T, p partner) {
	c := p.open(t)
	var in, out [2]int64
	for i := range in {
		c.echo(opcode.Text, lines(200))
		in[i], out[i] = c.seen.payloads()
	}
	wantCompressed(t, p, c, len(in))
	want := compression.Takeover && p.can(takeover)
	if helped := out[1] < out[0]/2; helped != want {
		t.Errorf("a message went out in %d bytes, then in %d", out[0], out[1])
	}
	if helped := in[1] < in[0]/2; p.can(compresses) && helped != want {
		t.Errorf("a message came in %d bytes, then in %d", in[0], in[1])
	}
}

// checkDistances has messages that only repeat what is farther away than one window or another, and are longer than
// what any library inflates in one go: a window that is larger than agreed on would lead to where the other end has
// nothing any more.
func checkDistances(t *testing.T, p partner) {
	c := p.open(t)
	distances := []int{200, 300, 600, 1100, 5000, 20_000, 40_000}
	for _, d := range distances {
		c.echo(opcode.Text, bytes.Repeat(lines(d), 200_000/d))
	}
	wantCompressed(t, p, c, len(distances))
}

func checkStreamed(t *testing.T, p partner) {
	const size = 8 << 20
	c := p.open(t)
	sent := make(chan error, 1)
	go func() {
		w, err := c.conn.NewWriter(c.ctx, opcode.Binary)
		if err == nil {
			defer w.Abort()
			_, err = io.Copy(w, bytes.NewReader(prose(size)))
		}
		if err == nil {
			err = w.Close()
		}
		sent <- err
	}()
	var got bytes.Buffer
	if _, err := io.Copy(&got, c.receive()); err != nil || !bytes.Equal(got.Bytes(), prose(size)) {
		t.Errorf("%d bytes came back: %v", got.Len(), err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	wantCompressed(t, p, c, 1)
}

// wantCompressed checks how many messages went and came compressed.
func wantCompressed(t *testing.T, p partner, c *conversation, n int) {
	t.Helper()
	in, out := c.seen.compressed()
	if out != n || p.can(compresses) && in != n {
		t.Errorf("%d messages came compressed, and %d went so, of %d each", in, out, n)
	}
}

// checkAlike has messages of all lengths that are like those before, and some in between that cannot be compressed.
func checkAlike(t *testing.T, p partner) {
	c := p.open(t)
	for n := 1; n < 40_000; n += n/3 + 1 {
		c.echo(opcode.Text, prose(n))
		c.echo(opcode.Binary, big()[:n%5000])
	}
}

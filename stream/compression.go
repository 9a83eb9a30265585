package stream

import (
	"fmt"
	"sync/atomic"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/deflate"
	"github.com/litert/websocket/internal/handshake"
)

// Deflate holds the parameters of the extension permessage-deflate (RFC 7692, section 7.1): those that this end wants,
// in a [CompressionConfig], or those that both ends have agreed on, in a [Handshake].
//
// An end with context takeover compresses each message with the help of those before it, which pays for small ones that
// are alike. For that, both ends keep the last bytes that went in that direction: 2 to the power of the window bits, at
// most 32 KiB, as soon as there are so many. Without it, an idle connection keeps nothing.
type Deflate struct {
	ServerNoContextTakeover bool // the server does not use the messages before
	ClientNoContextTakeover bool // nor does the client
	ServerMaxWindowBits     int  // 8 to 15; 0 is 15: 32 KiB
	ClientMaxWindowBits     int
}

// A CompressionConfig says how messages are compressed; see [Compression]. The zero value is fine.
type CompressionConfig struct {
	// Deflate is what this end wants of the handshake. A client's ServerMaxWindowBits and both ends' NoContextTakeover
	// are demands, which the other end fulfils or does without compression.
	Deflate

	// Level is from 1, which is fast, to 9, which compresses best; 0 is 1. For JSON, level 6 is measured to take 1.3 to
	// 2.4 times the time of level 1 for 5 to 9 % fewer bytes, level 9 up to 16 times for 6 to 13 % fewer. Where the
	// window bits are below 15, all levels are the same.
	Level int

	// Threshold is how many bytes a message must have to be compressed; 0 is 256. To compress all, set 1. A Writer waits
	// for no more than 256 KiB before it compresses.
	Threshold int
}

const (
	defaultLevel     = 1
	defaultThreshold = 256
)

// Compression has messages compressed, if the other end agrees: a client offers permessage-deflate (RFC 7692), a server
// accepts the first offer that it can. It is off by default. A [Writer] and a [Reader] compress and inflate messages of
// any size as they pass, in constant memory; [MaxMessageSize] bounds what comes out, in every mode. Messages below the
// threshold, those with [SingleFrame] and what does not get smaller go out as they are, and [Compress] decides for a
// single one. A message that is not compressed costs nothing more than before.
//
// Compression can be attacked: a stranger that can put a guess next to a secret in one connection learns from lengths whether
// the guess was right. Do not mix the two where that matters.
//
// A connection with context takeover keeps up to 32 KiB for each direction, and is measured to hold 88 KiB in all when it
// is idle; without takeover it is 8 KiB, as nothing is kept. While a message passes, it borrows 40 KiB to be inflated, or
// 0.8 MiB to be compressed, which grows to 1.4 MiB with the level, from pools that all connections share.
//
// Impossible values are an [*ArgumentError].
func Compression(c CompressionConfig) Option {
	return conf.StreamOption(func(to *conf.Stream) {
		own := conf.Compression{Deflate: handshake.Deflate(c.Deflate), Level: c.Level, Threshold: c.Threshold}
		for _, v := range []struct {
			name           string
			value          *int
			usual, low, up int
		}{
			{"ServerMaxWindowBits", &own.ServerMaxWindowBits, handshake.MaxWindowBits, handshake.MinWindowBits, handshake.MaxWindowBits},
			{"ClientMaxWindowBits", &own.ClientMaxWindowBits, handshake.MaxWindowBits, handshake.MinWindowBits, handshake.MaxWindowBits},
			{"Level", &own.Level, defaultLevel, 1, 9},
			{"Threshold", &own.Threshold, defaultThreshold, 1, 1 << 30},
		} {
			if *v.value == 0 {
				*v.value = v.usual
			}
			if *v.value < v.low || *v.value > v.up {
				to.Reject(&ArgumentError{"Compression", fmt.Sprintf("%s is %d, not from %d to %d", v.name, *v.value, v.low, v.up)})
				return
			}
		}
		to.Compression = &own
	})
}

// Compress decides whether the message of a [Writer] is compressed, where that was agreed on: true does so whatever its
// length, false is for data that is compressed already. By default the threshold of the [CompressionConfig] decides.
func Compress(on bool) WriterOption {
	return writerOption(func(c *writerConfig) {
		c.compress = never
		if on {
			c.compress = always
		}
	})
}

// A choice is whether a message is to be compressed.
type choice uint8

const (
	byThreshold choice = iota
	always
	never
)

// deflation is what a connection keeps for permessage-deflate.
type deflation struct {
	// constant after New
	agreed    *Deflate
	id        uint64 // no other has it
	threshold int
	kind      deflate.Kind // of deflater, for this end

	out deflate.Window // owned by the holder of messages.gate
	in  deflate.Window // owned by the receiver
}

var deflations atomic.Uint64 // how many there were

// newDeflation returns nil if nothing was agreed on.
func newDeflation(hs *Handshake, cfg *conf.Compression) *deflation {
	if hs.Deflate == nil {
		return nil
	}
	if cfg == nil {
		cfg = &conf.Compression{Level: defaultLevel, Threshold: defaultThreshold}
	}
	ours, theirs := hs.Deflate.ClientMaxWindowBits, hs.Deflate.ServerMaxWindowBits
	oursForget, theirsForget := hs.Deflate.ClientNoContextTakeover, hs.Deflate.ServerNoContextTakeover
	if hs.Server {
		ours, theirs = theirs, ours
		oursForget, theirsForget = theirsForget, oursForget
	}
	d := &deflation{agreed: hs.Deflate, id: deflations.Add(1), threshold: cfg.Threshold, kind: deflate.KindOf(cfg.Level, windowBits(ours))}
	if !oursForget {
		d.out = deflate.NewWindow(1 << windowBits(ours))
	}
	if !theirsForget {
		d.in = deflate.NewWindow(1 << windowBits(theirs))
	}
	return d
}

// compresses reports whether a message of n bytes is to be compressed. A nil deflation compresses nothing.
func (d *deflation) compresses(n int64) bool { return d != nil && n >= int64(d.threshold) }

// borrow borrows a deflater for a message of n bytes, or of any length if n is negative. To show it what went before takes
// time, which does not pay for a short message.
func (d *deflation) borrow(n int64) *deflate.Deflater {
	window := d.out.Bytes()
	if most := max(4*n, 4<<10); n >= 0 && int64(len(window)) > most {
		window = window[int64(len(window))-most:]
	}
	return d.kind.Borrow(window)
}

func windowBitsFit(bits int) bool {
	return bits == 0 || bits >= deflate.MinWindowBits && bits <= deflate.MaxWindowBits
}

func windowBits(bits int) int {
	if bits == 0 {
		return deflate.MaxWindowBits
	}
	return bits
}

package conformance

import (
	"slices"
	"strings"
)

// A Case is one connection of the peer's, and what must become of it.
type Case struct {
	ID      string // "framing/text/65535/chop997"; the family stands before the first slash
	Section string // of RFC 6455, if it names no other: where what is tested stands
	Side    Side   // which ends it is for; 0 is both
	Weight  Weight

	test test
}

// Family returns the family that c belongs to.
func (c Case) Family() string {
	family, _, _ := strings.Cut(c.ID, "/")
	return family
}

// A test is what a case consists of: an Exchange, a Bulk, a Request, a Response, Nonces or a Deflated.
type test interface {
	run(*trial) verdict

	// fragmented reports whether the peer sends messages in fragments.
	fragmented() bool
}

// A Side is an end of a connection.
type Side int

// The sides.
const (
	Server Side = 1 + iota
	Client
)

// String returns "server" or "client".
func (s Side) String() string {
	if s == Server {
		return "server"
	}
	return "client"
}

// A Weight tells when a case is run: the less time there is, the lighter it must be.
type Weight int

// The weights.
const (
	Light  Weight = iota // always
	Medium               // not with go test -short
	Heavy                // only in the report
)

// A Frame is what the peer sends as one, right or wrong.
type Frame struct {
	First   byte   // FIN, RSV1 to RSV3, and the opcode: the first byte on the wire
	Payload string // as much of it as is sent
	Claim   uint64 // the length that the header has, if it is not that of Payload
	Bits    int    // of the length in the header: 7, 16 or 64; 0 is the fewest
	Swapped bool   // masked by a server, or not masked by a client
	Key     string // for masking; if it is empty, the peer has another one for each frame
	Cut     int    // how many bytes of the frame are sent; 0 is all
}

// The first byte of a frame (section 5.2).
const (
	fin  = 0x80
	rsv1 = 0x40
	rsv2 = 0x20
	rsv3 = 0x10

	continuation = 0x0
	text         = 0x1
	binary       = 0x2
	closing      = 0x8
	ping         = 0x9
	pong         = 0xA
)

// A Message is what comes back: a message, put together if it was in fragments, or a control frame.
type Message struct {
	Opcode  byte
	Payload string
}

// A Step is what the peer sends in one go, and what must have come back before it takes the next one.
type Step struct {
	Send []Frame
	Chop int  // bytes of each write; 0 is all in one
	Slow bool // rest between writes, so that each is likely to be read by itself
	Want []Message
}

// An Exchange is a connection whose opening handshake has succeeded.
type Exchange struct {
	Steps []Step
	End   End
}

// An End is how an Exchange ends.
type End struct {
	How   How
	Codes []int // that the end under test may send in its close frame; all but the first are non-strict
	Hold  bool  // the peer, a server, keeps the TCP connection open, to see whether the client waits for it
}

// noCode stands for a close frame without a code (section 7.1.5).
const noCode = 1005

// How is who ends an Exchange.
type How int

// The ways to end.
const (
	Closes How = iota // the peer sends a close frame with code 1000 behind the last step, and it is answered
	Closed            // the peer has sent a close frame in the last step, and it is answered
	Fails             // the end under test fails the connection (section 7.1.7)
	Lost              // the peer shuts the TCP connection down for writing
)

func (x Exchange) fragmented() bool {
	for _, s := range x.Steps {
		for _, f := range s.Send {
			if f.First&0xF == continuation || f.First&(fin|8) == 0 {
				return true
			}
		}
	}
	return false
}

// sending returns the Exchange of one step, in which frames are sent and nothing comes back.
func sending(frames ...Frame) Exchange { return Exchange{Steps: []Step{{Send: frames}}} }

// then adds a step.
func (x Exchange) then(frames ...Frame) Exchange {
	x.Steps = append(slices.Clone(x.Steps), Step{Send: frames})
	return x
}

// last returns a copy of x, and its last step.
func (x Exchange) last() (Exchange, *Step) {
	x.Steps = slices.Clone(x.Steps)
	return x, &x.Steps[len(x.Steps)-1]
}

// want adds what must come back in the last step.
func (x Exchange) want(messages ...Message) Exchange {
	x, s := x.last()
	s.Want = append(slices.Clone(s.Want), messages...)
	return x
}

// chop sets how many bytes a write of the last step has.
func (x Exchange) chop(n int) Exchange {
	x, s := x.last()
	s.Chop = n
	return x
}

// slow lets the last step rest after each byte.
func (x Exchange) slow() Exchange {
	x, s := x.last()
	s.Chop, s.Slow = 1, true
	return x
}

// fails lets the connection fail with one of codes.
func (x Exchange) fails(codes ...int) Exchange {
	x.End = End{How: Fails, Codes: codes}
	return x
}

// closed lets the peer's close frame, in the last step, be answered with one of codes.
func (x Exchange) closed(codes ...int) Exchange {
	x.End = End{How: Closed, Codes: codes}
	return x
}

// lost lets the connection be lost.
func (x Exchange) lost() Exchange {
	x.End = End{How: Lost}
	return x
}

// Package protocol is what clients and nodes of rooms say to each other, in JSON.
package protocol

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// MaxSize is how many bytes a Message may have, in JSON.
const MaxSize = 8 << 10

// A Message is what a client says in its room. The ID is its own: the same message that is sent again is accepted once.
type Message struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Kinds of events.
const (
	Joined   = "joined"   // the client is in the room, and gets what is said behind Seq; some is gone if Lost
	Said     = "said"     // a message; Seq grows
	Accepted = "accepted" // the client's message of this ID is stored as Seq, and all members get it
	Present  = "present"  // Count connections are in the room, some of them of these Names
)

// An Event is what a node tells a client.
type Event struct {
	Kind  string   `json:"kind"`
	Seq   uint64   `json:"seq,omitempty"`
	ID    string   `json:"id,omitempty"`
	From  string   `json:"from,omitempty"`
	Text  string   `json:"text,omitempty"`
	Lost  bool     `json:"lost,omitempty"`
	Count int      `json:"count,omitempty"`
	Names []string `json:"names,omitempty"`
}

// Reason is that of a close frame: why, and within which time clients are to come back, each at a moment of its own.
func Reason(why string, within time.Duration) string {
	return fmt.Sprintf("%s; come back within %d ms", why, within.Milliseconds())
}

var within = regexp.MustCompile(`; come back within (\d{1,9}) ms$`)

// Within returns the time in a reason, or 0 if there is none.
func Within(reason string) time.Duration {
	match := within.FindStringSubmatch(reason)
	if match == nil {
		return 0
	}
	ms, _ := strconv.ParseInt(match[1], 10, 64) // nine digits fit
	return time.Duration(ms) * time.Millisecond
}

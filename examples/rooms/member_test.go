package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/stream"
)

func TestAMessageThatIsSentAgainIsAcceptedOnce(t *testing.T) {
	_, addr, _ := startNode(t)
	listener, _ := enter(t, addr, "a", "")
	speaker, _ := enter(t, addr, "a", "")
	elsewhere, _ := enter(t, addr, "b", "")
	first := say(t, speaker, "1", "once")
	if again := say(t, speaker, "1", "twice"); again != first {
		t.Errorf("the sequence is %d, and then %d", first, again)
	}
	if other := say(t, elsewhere, "1", "in another room"); other == first {
		t.Error("a message of another room is taken for the same")
	}
	last := say(t, speaker, "2", "then")
	var heard []protocol.Event
	for range 2 {
		heard = append(heard, next(t, listener, protocol.Said))
	}
	want := []protocol.Event{
		{Kind: protocol.Said, Seq: first, ID: "1", From: "alice", Text: "once"},
		{Kind: protocol.Said, Seq: last, ID: "2", From: "alice", Text: "then"},
	}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("(-want +heard):\n%s", diff)
	}
}

func TestWhoComesBackGetsWhatWasMissed(t *testing.T) {
	_, addr, _ := startNode(t)
	speaker, _ := enter(t, addr, "a", "")
	elsewhere, _ := enter(t, addr, "b", "")
	var said []string
	var seqs []uint64
	for i := range backlog + 50 { // more than the tail has
		said = append(said, fmt.Sprint(i))
		seqs = append(seqs, say(t, speaker, fmt.Sprint(i), fmt.Sprint(i)))
		if i%10 == 0 {
			say(t, elsewhere, fmt.Sprint(i), "not for this room")
		}
	}
	for _, missed := range []int{len(said), len(said) - 1, backlog + 1, backlog, backlog - 1, 1, 0} {
		seen := len(said) - missed
		after := uint64(0)
		if seen > 0 {
			after = seqs[seen-1]
		}
		c, joined := enter(t, addr, "a", fmt.Sprint(after))
		if joined.Lost || joined.Seq != after {
			t.Errorf("behind %d the place is %+v", after, joined)
		}
		live := say(t, speaker, fmt.Sprint("live", missed), "live")
		said, seqs = append(said, "live"), append(seqs, live)
		for i := seen; i < len(said); i++ {
			if e := next(t, c, protocol.Said); e.Text != said[i] || e.Seq != seqs[i] {
				t.Fatalf("behind %d comes %+v; want %s as %d", after, e, said[i], seqs[i])
			}
		}
		c.Abort()
	}
}

func TestOneWhoIsNewHearsWhatIsSaidFromThenOn(t *testing.T) {
	_, addr, _ := startNode(t)
	speaker, joined := enter(t, addr, "a", "")
	if joined.Seq != 0 || joined.Lost {
		t.Errorf("the place in an empty room is %+v", joined)
	}
	before := say(t, speaker, "1", "before")
	var c *conn
	eventually(t, "the node has heard the message", func() bool {
		c, joined = enter(t, addr, "a", "")
		return joined.Seq == before
	})
	say(t, speaker, "2", "after")
	if e := next(t, c, protocol.Said); e.Text != "after" {
		t.Errorf("what comes first is %+v", e)
	}
}

func TestWhatIsGoneIsTold(t *testing.T) {
	_, urls := startNATS(t)
	addr, _ := run(t, newNode(), urls)
	listener, _ := enter(t, addr, "a", "")
	speaker, _ := enter(t, addr, "a", "")
	var last uint64
	for i := range backlog + 10 {
		last = say(t, speaker, fmt.Sprint(i), "x")
	}
	for e := next(t, listener, protocol.Said); e.Seq < last; e = next(t, listener, protocol.Said) { // until the node has heard all
	}
	kept, err := connectTo(t, urls).Stream(testContext(t), "ROOMS")
	if err == nil {
		err = kept.Purge(testContext(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	c, joined := enter(t, addr, "a", "3")
	if !joined.Lost || joined.Seq != 3 {
		t.Errorf("the place is %+v, want 3, and that some is lost", joined)
	}
	for e := next(t, c, protocol.Said); e.Seq < last; e = next(t, c, protocol.Said) { // what the tail has
	}
	_, joined = enter(t, addr, "a", "18446744073709551615")
	if !joined.Lost || joined.Seq != last {
		t.Errorf("the place behind the end is %+v, want %d, and that some is lost", joined, last)
	}
}

func TestASlowMemberIsDroppedAndMissesNothing(t *testing.T) {
	n, addr, _ := startNode(t)
	slow, place := enter(t, addr, "a", "")
	speaker, _ := enter(t, addr, "a", "")
	text := strings.Repeat("x", 4<<10)
	members := func() int {
		n.mu.Lock()
		r := n.rooms["a"]
		n.mu.Unlock()
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.members)
	}
	var said []uint64
	eventually(t, "both are in the room", func() bool { return members() == 2 })
	for members() == 2 { // until what slow does not read fills all buffers
		said = append(said, say(t, speaker, fmt.Sprint(len(said)), text))
	}
	hear := func(c *conn, at uint64) (uint64, error) {
		for {
			e, err := c.Receive(testContext(t))
			if err != nil {
				return at, err
			}
			if e.Kind == protocol.Said {
				if e.Seq != said[0] {
					t.Fatalf("what comes is %d, want %d", e.Seq, said[0])
				}
				at, said = e.Seq, said[1:]
			}
			if len(said) == 0 {
				return at, nil
			}
		}
	}
	at, err := hear(slow, place.Seq)
	if stream.CloseCode(err) != closecode.TryAgainLater || protocol.Within(reasonOf(err)) != n.spread {
		t.Errorf("slow ends with %v; want 1013, and when to come back", err)
	}
	said = append(said, say(t, speaker, "last", "still here"))
	back, _ := enter(t, addr, "a", fmt.Sprint(at))
	if _, err := hear(back, at); err != nil {
		t.Error(err)
	}
}

func TestOneWhoHasJustCaughtUpIsNotTakenForSlow(t *testing.T) {
	n := newNode()
	n.refresh = time.Hour // it has no NATS
	r, at := n.enter("a")
	defer n.exit(r)
	seq := at
	hear := func() {
		seq++
		r.append(toLine(seq, []byte(`{}`)))
	}
	for range 2 * backlog {
		hear()
	}
	m := &member{room: r, sending: true} // by the test
	r.members[m] = true
	for live := false; !live; { // one message after the other, as the stream has them
		_, live = m.reached(m.at+1, backlog/2)
	}
	for range backlog / 4 {
		hear()
	}
	if !r.members[m] || m.next() == nil {
		t.Error("it is dropped")
	}
}

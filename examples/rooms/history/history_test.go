package history

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, folder string) *History {
	t.Helper()
	h, err := Open(testContext(t), "", folder, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A message is what is heard.
type message struct {
	Room, Data string
	Seq        uint64
}

func TestWhatIsSaidIsHeardInOrderAndKept(t *testing.T) {
	folder := t.TempDir()
	h := open(t, folder)
	say := func(room, id, data string) uint64 {
		t.Helper()
		seq, err := h.Say(testContext(t), room, id, []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	first := say("a", "1", "before anyone hears")
	h.Close()
	h = open(t, folder)
	if h.Last() != first {
		t.Fatalf("the last sequence is %d, want %d", h.Last(), first)
	}
	heard, present := make(chan message, 10), make(chan message, 10)
	err := h.Follow(testContext(t), func(room string, seq uint64, data []byte) {
		heard <- message{room, string(data), seq}
	}, func(room string, data []byte) { present <- message{Room: room, Data: string(data)} })
	if err != nil {
		t.Fatal(err)
	}
	second := say("b", "1", "of another room")
	third := say("a", "2", "then")
	if again := say("a", "2", "once more"); again != third {
		t.Errorf("the same ID is stored as %d, and then as %d", third, again)
	}
	h.Tell("a", []byte("alice"))
	got := []message{<-heard, <-heard, <-present}
	want := []message{{"b", "of another room", second}, {"a", "then", third}, {Room: "a", Data: "alice"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +heard):\n%s", diff)
	}
	if seq, data, err := h.Next(testContext(t), "a", first); seq != third || string(data) != "then" || err != nil {
		t.Errorf("behind %d comes %d, %q, %v; want %d", first, seq, data, err, third)
	}
	if _, _, err := h.Next(testContext(t), "a", third); !errors.Is(err, ErrNone) {
		t.Errorf("behind the last comes %v", err)
	}
	if from, to, err := h.Bounds(testContext(t)); from != first || to != third || err != nil {
		t.Errorf("the bounds are %d and %d, %v; want %d and %d", from, to, err, first, third)
	}
	select {
	case m := <-heard:
		t.Errorf("too much is heard: %+v", m)
	default:
	}
}

func TestAFolderThatCannotBeTakenIsAnError(t *testing.T) {
	folder := t.TempDir()
	h := open(t, folder)
	if _, err := Open(testContext(t), "", folder, 1); err == nil || !strings.HasSuffix(err.Error(), "is in use by another node") {
		t.Errorf("a folder that is in use: %v", err)
	}
	h.Close()
	open(t, folder)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testContext(t), "", file, 1); err == nil {
		t.Error("a file is taken for a folder")
	}
}

func TestAHistoryWhoseStreamCannotBeMadeLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	if _, err := Open(testContext(t), "", folder, 3); err == nil { // one server has no three replicas
		t.Error("a stream is made with three replicas")
	}
	open(t, folder)
}

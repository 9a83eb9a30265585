package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/litert/websocket/examples/rooms/client"
	"github.com/litert/websocket/examples/rooms/protocol"
)

func TestATextThatIsTooLongIsRefusedAtOnce(t *testing.T) {
	c, err := client.New("ws://127.0.0.1:0/ws?room=a&name=alice", func(protocol.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, text := range []string{strings.Repeat("x", protocol.MaxSize), strings.Repeat("\n", protocol.MaxSize/2)} {
		if _, err := c.Say(t.Context(), text); !errors.Is(err, client.ErrTooLong) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}

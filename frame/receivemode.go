package frame

import (
	"fmt"
	"strings"
)

// A ReceiveMode is how a connection hands over what it receives. The modes themselves are values of package stream.
type ReceiveMode uint8

// The modes.
const (
	// Standard hands over each message as a stream, as soon as the header of its first frame is there. A message may be
	// larger than memory.
	Standard ReceiveMode = iota

	// Lite hands over each message whole, and as it came in a single frame. A message of several is a protocol error,
	// which ends the connection.
	Lite

	// Simple hands over each message whole, its fragments put together in memory.
	Simple

	// Frames hands over each data frame as it came.
	Frames
)

var modeNames = [...]string{"standard", "lite", "simple", "frames"}

// String returns the name of m, as "standard".
func (m ReceiveMode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("ReceiveMode(%d)", uint8(m))
}

// MarshalText returns the name of m; one without a name is an error.
func (m ReceiveMode) MarshalText() ([]byte, error) {
	if int(m) < len(modeNames) {
		return []byte(modeNames[m]), nil
	}
	return nil, fmt.Errorf("frame: %v has no name", m)
}

// UnmarshalText takes the name of a mode, in upper or lower case.
func (m *ReceiveMode) UnmarshalText(text []byte) error {
	for i, name := range modeNames {
		if strings.EqualFold(name, string(text)) {
			*m = ReceiveMode(i)
			return nil
		}
	}
	return fmt.Errorf("frame: %q is not a receive mode", text)
}

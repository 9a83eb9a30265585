package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/litert/websocket/closecode"
)

// maxReasonLen is what a control frame has room for behind the code.
const maxReasonLen = MaxControlLen - 2

var (
	errLongReason    = fmt.Errorf("frame: close reason has more than %d bytes", maxReasonLen)
	errInvalidReason = errors.New("frame: close reason is not UTF-8")
)

// AppendClose appends the payload of a close frame (RFC 6455, section 5.5.1) to b. If the code must not be sent, or the
// reason has more than 123 bytes or is not UTF-8, it returns b and an error. [closecode.NoStatus] without a reason is
// the empty payload.
func AppendClose(b []byte, code closecode.Code, reason string) ([]byte, error) {
	switch {
	case code == closecode.NoStatus && reason == "":
		return b, nil
	case !code.Sendable():
		return b, fmt.Errorf("frame: close code %d must not be sent", uint16(code))
	case len(reason) > maxReasonLen:
		return b, errLongReason
	case !utf8.ValidString(reason):
		return b, errInvalidReason
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(code)), reason...), nil
}

// ParseClose parses the payload of a close frame. An empty one has the code [closecode.NoStatus]. A payload against the
// rules is an [*Error].
func ParseClose(p []byte) (code closecode.Code, reason string, err error) {
	switch len(p) {
	case 0:
		return closecode.NoStatus, "", nil
	case 1:
		return 0, "", errCloseLen
	}
	code = closecode.Code(binary.BigEndian.Uint16(p))
	if !code.Sendable() {
		return 0, "", errCloseCode
	}
	if !utf8.Valid(p[2:]) {
		return 0, "", errCloseReason
	}
	return code, string(p[2:]), nil
}

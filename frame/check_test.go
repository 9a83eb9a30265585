package frame_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
)

// The rules as RFC 6455 states them, each on its own and in no order.
var rules = []struct {
	section string
	broken  func(h frame.Header, r frame.Rules) bool
}{
	{"RFC 6455, section 5.1", func(h frame.Header, r frame.Rules) bool { return r.Server && !h.Masked && !r.AllowUnmasked }},
	{"RFC 6455, section 5.1", func(h frame.Header, r frame.Rules) bool { return !r.Server && h.Masked }},
	{"RFC 6455, section 5.2", func(h frame.Header, r frame.Rules) bool { return h.RSV1 && !r.RSV1 }},
	{"RFC 6455, section 5.2", func(h frame.Header, r frame.Rules) bool { return h.RSV2 }},
	{"RFC 6455, section 5.2", func(h frame.Header, r frame.Rules) bool { return h.RSV3 }},
	{"RFC 6455, section 5.2", func(h frame.Header, r frame.Rules) bool { return h.Opcode >= 3 && h.Opcode <= 7 || h.Opcode > 10 }},
	{"RFC 6455, section 5.4", func(h frame.Header, r frame.Rules) bool { return h.Opcode == 0 && !r.Fragmented }},
	{"RFC 6455, section 5.4", func(h frame.Header, r frame.Rules) bool {
		return (h.Opcode == 1 || h.Opcode == 2) && r.Fragmented
	}},
	{"RFC 6455, section 5.5", func(h frame.Header, r frame.Rules) bool { return h.Opcode >= 8 && h.Opcode <= 10 && !h.Fin }},
	{"RFC 6455, section 5.5", func(h frame.Header, r frame.Rules) bool { return h.Opcode >= 8 && h.Opcode <= 10 && h.Length > 125 }},
	{"RFC 7692, section 6", func(h frame.Header, r frame.Rules) bool { return h.RSV1 && r.RSV1 && h.Opcode != 1 && h.Opcode != 2 }},
}

func TestCheckKnowsEveryRuleForEveryHeader(t *testing.T) {
	for first := range 256 {
		for state := range 32 {
			for _, length := range []int64{0, 125, 126, 1 << 40} {
				h, _, err := frame.Parse(frame.Header{Opcode: opcode.Opcode(first & 15), Length: length}.Append(nil))
				if err != nil {
					t.Fatal(err)
				}
				h.Fin, h.RSV1, h.RSV2, h.RSV3 = first&128 != 0, first&64 != 0, first&32 != 0, first&16 != 0
				h.Masked = state&1 != 0
				r := frame.Rules{Server: state&2 != 0, AllowUnmasked: state&4 != 0, Fragmented: state&8 != 0, RSV1: state&16 != 0}
				var sections []string
				for _, rule := range rules {
					if rule.broken(h, r) {
						sections = append(sections, rule.section)
					}
				}
				err = h.Check(r)
				var broken *frame.Error
				switch {
				case len(sections) == 0 && err == nil:
				case len(sections) == 0:
					t.Fatalf("%+v, %+v: %v", h, r, err)
				case !errors.As(err, &broken) || broken.Code != 1002:
					t.Fatalf("%+v, %+v: %v, want one of %v", h, r, err, sections)
				case !strings.Contains(strings.Join(sections, ";"), broken.Section):
					t.Fatalf("%+v, %+v: %v, want one of %v", h, r, err, sections)
				}
			}
		}
	}
}

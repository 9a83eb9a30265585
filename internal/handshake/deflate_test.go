package handshake_test

import (
	"testing"

	"github.com/litert/websocket/internal/handshake"
)

var whole = handshake.Deflate{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}

func deflate(serverNo, clientNo bool, server, client int) handshake.Deflate {
	return handshake.Deflate{
		ServerNoContextTakeover: serverNo,
		ClientNoContextTakeover: clientNo,
		ServerMaxWindowBits:     server,
		ClientMaxWindowBits:     client,
	}
}

// RFC 7692, section 7.1.
func TestAcceptDeflate(t *testing.T) {
	const pmd = "permessage-deflate"
	tests := []struct {
		offers []string
		want   handshake.Deflate
		agreed handshake.Deflate
		answer string // empty: declined
	}{
		{[]string{pmd}, whole, whole, pmd},
		{[]string{"x-other, " + pmd}, whole, whole, pmd},
		{[]string{"x-other", pmd}, whole, whole, pmd},
		{[]string{"x-other"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_no_context_takeover"}, whole, deflate(true, false, 15, 15), pmd + "; server_no_context_takeover"},
		{[]string{pmd + "; client_no_context_takeover"}, whole, deflate(false, true, 15, 15), pmd + "; client_no_context_takeover"},
		{[]string{pmd}, deflate(true, true, 15, 15), deflate(true, true, 15, 15), pmd + "; server_no_context_takeover; client_no_context_takeover"},
		{[]string{pmd + "; server_max_window_bits=10"}, whole, deflate(false, false, 10, 15), pmd + "; server_max_window_bits=10"},
		{[]string{pmd + `; server_max_window_bits="10"`}, whole, deflate(false, false, 10, 15), pmd + "; server_max_window_bits=10"},
		{[]string{pmd + "; server_max_window_bits=8"}, whole, deflate(false, false, 8, 15), pmd + "; server_max_window_bits=8"},
		{[]string{pmd + "; server_max_window_bits=15"}, whole, whole, pmd + "; server_max_window_bits=15"},
		{[]string{pmd + "; server_max_window_bits=12"}, deflate(false, false, 9, 15), deflate(false, false, 9, 15), pmd + "; server_max_window_bits=9"},
		{[]string{pmd}, deflate(false, false, 9, 15), deflate(false, false, 9, 15), pmd + "; server_max_window_bits=9"},
		{[]string{pmd + "; client_max_window_bits"}, whole, whole, pmd},
		{[]string{pmd + "; client_max_window_bits"}, deflate(false, false, 15, 9), deflate(false, false, 15, 9), pmd + "; client_max_window_bits=9"},
		{[]string{pmd + "; client_max_window_bits=10"}, whole, deflate(false, false, 15, 10), pmd + "; client_max_window_bits=10"},
		{[]string{pmd + "; client_max_window_bits=10"}, deflate(false, false, 15, 12), deflate(false, false, 15, 10), pmd + "; client_max_window_bits=10"},
		{[]string{pmd}, deflate(false, false, 15, 9), whole, pmd}, // the client would not understand

		// Malformed offers are declined, the next one is taken.
		{[]string{pmd + "; server_max_window_bits"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_max_window_bits=7"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_max_window_bits=16"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_max_window_bits=010"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_max_window_bits=+9"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; client_max_window_bits=7"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; client_max_window_bits=x"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_no_context_takeover=1"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; client_no_context_takeover=true"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; server_no_context_takeover; server_no_context_takeover"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; unknown"}, whole, handshake.Deflate{}, ""},
		{[]string{pmd + "; unknown, " + pmd + "; server_max_window_bits=9"}, whole, deflate(false, false, 9, 15), pmd + "; server_max_window_bits=9"},
		{[]string{pmd + "; server_max_window_bits=10", pmd}, whole, deflate(false, false, 10, 15), pmd + "; server_max_window_bits=10"},
	}
	for _, tt := range tests {
		offers, err := handshake.ParseExtensions(tt.offers)
		if err != nil {
			t.Fatal(err)
		}
		agreed, answer, ok := handshake.AcceptDeflate(offers, tt.want)
		if agreed != tt.agreed || answer != tt.answer || ok != (answer != "") {
			t.Errorf("%q with %v: %+v, %q", tt.offers, tt.want, agreed, answer)
		}
	}
}

// RFC 7692, section 7.1.
func TestAgreeDeflate(t *testing.T) {
	const pmd = "permessage-deflate"
	tests := []struct {
		answer string
		want   handshake.Deflate
		agreed handshake.Deflate // zero: the connection fails
	}{
		{pmd, whole, whole},
		{pmd + "; server_no_context_takeover", whole, deflate(true, false, 15, 15)},
		{pmd + "; client_no_context_takeover", whole, deflate(false, true, 15, 15)},
		{pmd + "; server_max_window_bits=9", whole, deflate(false, false, 9, 15)},
		{pmd + "; client_max_window_bits=8", whole, deflate(false, false, 15, 8)},
		{pmd, deflate(false, true, 15, 9), deflate(false, true, 15, 9)}, // this end may do so by itself
		{pmd + "; server_max_window_bits=9", deflate(false, false, 10, 15), deflate(false, false, 9, 15)},
		{pmd + "; server_no_context_takeover", deflate(true, false, 15, 15), deflate(true, false, 15, 15)},

		{pmd, deflate(true, false, 15, 15), handshake.Deflate{}},
		{pmd, deflate(false, false, 10, 15), handshake.Deflate{}},
		{pmd + "; server_max_window_bits=11", deflate(false, false, 10, 15), handshake.Deflate{}},
		{pmd + "; client_max_window_bits=11", deflate(false, false, 15, 10), handshake.Deflate{}},
		{pmd + "; client_max_window_bits", whole, handshake.Deflate{}},
		{pmd + "; server_max_window_bits=16", whole, handshake.Deflate{}},
		{pmd + "; server_no_context_takeover=1", whole, handshake.Deflate{}},
		{pmd + "; client_no_context_takeover; client_no_context_takeover", whole, handshake.Deflate{}},
		{pmd + "; unknown", whole, handshake.Deflate{}},
	}
	for _, tt := range tests {
		list, err := handshake.ParseExtensions([]string{tt.answer})
		if err != nil {
			t.Fatal(err)
		}
		agreed, err := handshake.AgreeDeflate(list[0], tt.want)
		if agreed != tt.agreed || (err == nil) != (agreed != handshake.Deflate{}) {
			t.Errorf("%q for %v: %+v, %v", tt.answer, tt.want, agreed, err)
		}
	}
}

// What is offered and answered can be parsed by the other end, and both then mean the same.
func FuzzDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", false, false, 7, 7)
	f.Add("x, permessage-deflate; server_max_window_bits=10; server_no_context_takeover", true, true, 0, 3)
	f.Fuzz(func(t *testing.T, offer string, serverNo, clientNo bool, server, client int) {
		want := deflate(serverNo, clientNo, 8+server&7, 8+client&7)
		if offers, err := handshake.ParseExtensions([]string{offer}); err == nil {
			handshake.AcceptDeflate(offers, want)
		}
		mine := deflate(clientNo, serverNo, 8+client&7, 8+server&7)
		offers, err := handshake.ParseExtensions([]string{handshake.OfferDeflate(mine)})
		if err != nil {
			t.Fatal(err)
		}
		agreed, answer, ok := handshake.AcceptDeflate(offers, want)
		if !ok {
			t.Fatalf("%q is declined", handshake.OfferDeflate(mine))
		}
		list, err := handshake.ParseExtensions([]string{answer})
		if err != nil || len(list) != 1 {
			t.Fatalf("%q: %v", answer, err)
		}
		if got, err := handshake.AgreeDeflate(list[0], mine); got != agreed || err != nil {
			t.Errorf("%q answers %q: %+v and %+v, %v", answer, handshake.OfferDeflate(mine), agreed, got, err)
		}
	})
}

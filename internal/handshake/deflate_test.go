package handshake_test

import (
	"strconv"
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

// What is offered and answered can be parsed by the other end, and both then mean the same. Whatever else is offered or
// answered, nothing is agreed on that an end did not want.
func FuzzDeflate(f *testing.F) {
	f.Add("permessage-deflate; client_max_window_bits", false, false, 7, 7)
	f.Add("x, permessage-deflate; server_max_window_bits=10; server_no_context_takeover", true, true, 0, 3)
	f.Add("permessage-deflate; server_max_window_bits=15", false, false, 7, 7)
	f.Add("permessage-deflate; client_max_window_bits=9; client_no_context_takeover", false, true, 2, 1)
	f.Add("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=8", false, false, 7, 0)
	f.Fuzz(func(t *testing.T, theirs string, serverNo, clientNo bool, server, client int) {
		want := deflate(serverNo, clientNo, 8+server&7, 8+client&7)
		if list, err := handshake.ParseExtensions([]string{theirs}); err == nil {
			checkAccepted(t, list, want)
			for _, e := range list {
				checkAgreed(t, e, want)
			}
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
		if got, err := handshake.AgreeDeflate(parseAnswer(t, answer), mine); got != agreed || err != nil {
			t.Errorf("%q answers %q: %+v and %+v, %v", answer, handshake.OfferDeflate(mine), agreed, got, err)
		}
	})
}

func parseAnswer(t *testing.T, answer string) handshake.Extension {
	t.Helper()
	list, err := handshake.ParseExtensions([]string{answer})
	if err != nil || len(list) != 1 || list[0].Name != handshake.DeflateName {
		t.Fatalf("the answer %q is %v, %v", answer, list, err)
	}
	return list[0]
}

// checkAccepted checks what a server that wants this makes of offers: it grants all that one of them demands, and the
// client that has made it agrees to the answer, and means the same.
func checkAccepted(t *testing.T, offers []handshake.Extension, want handshake.Deflate) {
	t.Helper()
	agreed, answer, ok := handshake.AcceptDeflate(offers, want)
	if !ok {
		if agreed != (handshake.Deflate{}) || answer != "" {
			t.Errorf("declined, and answered %q, %+v", answer, agreed)
		}
		return
	}
	checkBits(t, agreed)
	if want.ServerNoContextTakeover && !agreed.ServerNoContextTakeover || want.ClientNoContextTakeover && !agreed.ClientNoContextTakeover ||
		agreed.ServerMaxWindowBits > want.ServerMaxWindowBits {
		t.Errorf("wanted %+v, agreed on %+v", want, agreed)
	}
	e := parseAnswer(t, answer)
	understands, fits := false, false
	for _, offer := range offers {
		if offer.Name != handshake.DeflateName {
			continue
		}
		wish, takesBits := offeredBy(offer)
		understands = understands || takesBits
		if got, err := handshake.AgreeDeflate(e, wish); err == nil && got == agreed {
			fits = true
		}
	}
	if !fits {
		t.Errorf("%v is answered with %q, for %+v, to which no client of theirs agrees", offers, answer, agreed)
	}
	for _, p := range e.Params {
		if p.Name == "client_max_window_bits" && !understands {
			t.Errorf("%v is answered with %q (RFC 7692, section 7.1.2.2)", offers, answer)
		}
	}
}

// offeredBy returns what the client wants that has made the offer, as far as it can be told, and whether it takes
// client_max_window_bits.
func offeredBy(offer handshake.Extension) (wish handshake.Deflate, takesBits bool) {
	wish = whole
	for _, p := range offer.Params {
		n, err := strconv.Atoi(p.Value)
		switch p.Name {
		case "server_no_context_takeover":
			wish.ServerNoContextTakeover = true
		case "client_no_context_takeover":
			wish.ClientNoContextTakeover = true
		case "server_max_window_bits":
			wish.ServerMaxWindowBits = n
		case "client_max_window_bits":
			if takesBits = true; err == nil {
				wish.ClientMaxWindowBits = n
			}
		}
	}
	return wish, takesBits
}

// checkAgreed checks what a client that has offered this makes of any answer: its demands are met, or there is no
// connection, and it compresses with no more than it was allowed.
func checkAgreed(t *testing.T, answer handshake.Extension, want handshake.Deflate) {
	t.Helper()
	agreed, err := handshake.AgreeDeflate(answer, want)
	if err != nil {
		if agreed != (handshake.Deflate{}) {
			t.Errorf("%+v and %v", agreed, err)
		}
		return
	}
	checkBits(t, agreed)
	allowed, _ := offeredBy(answer)
	switch {
	case want.ServerNoContextTakeover && !allowed.ServerNoContextTakeover,
		agreed.ServerNoContextTakeover != allowed.ServerNoContextTakeover,
		agreed.ClientNoContextTakeover != (allowed.ClientNoContextTakeover || want.ClientNoContextTakeover),
		agreed.ServerMaxWindowBits != allowed.ServerMaxWindowBits || agreed.ServerMaxWindowBits > want.ServerMaxWindowBits,
		agreed.ClientMaxWindowBits != min(allowed.ClientMaxWindowBits, want.ClientMaxWindowBits):
		t.Errorf("offered %+v, answered %v: agreed on %+v", want, answer, agreed)
	}
}

func checkBits(t *testing.T, d handshake.Deflate) {
	t.Helper()
	for _, bits := range []int{d.ServerMaxWindowBits, d.ClientMaxWindowBits} {
		if bits < handshake.MinWindowBits || bits > handshake.MaxWindowBits {
			t.Errorf("agreed on %+v", d)
		}
	}
}

package handshake

import (
	"fmt"
	"strconv"
)

// DeflateName is the extension of RFC 7692.
const DeflateName = "permessage-deflate"

// The parameters of permessage-deflate (RFC 7692, section 7.1).
const (
	serverNoTakeover = "server_no_context_takeover"
	clientNoTakeover = "client_no_context_takeover"
	serverBits       = "server_max_window_bits"
	clientBits       = "client_max_window_bits"
)

// The bounds of the window bits.
const (
	MinWindowBits = 8
	MaxWindowBits = 15
)

// Deflate holds the parameters of permessage-deflate: those that an end wants, or those agreed on.
type Deflate struct {
	ServerNoContextTakeover bool
	ClientNoContextTakeover bool
	ServerMaxWindowBits     int // 8 to 15
	ClientMaxWindowBits     int
}

// offered is an offer or a response as it was parsed. Bits that were not given are 0.
type offered struct {
	Deflate
	clientBitsGiven bool // with or without a value
}

// parseDeflate takes the parameters of e apart. Only an offer may have client_max_window_bits without a value.
func parseDeflate(e Extension, offer bool) (o offered, err error) {
	seen := make(map[string]bool)
	for _, p := range e.Params {
		if seen[p.Name] {
			return o, fmt.Errorf("the parameter %s is there twice", p.Name)
		}
		seen[p.Name] = true
		switch p.Name {
		case serverNoTakeover:
			o.ServerNoContextTakeover, err = flag(p)
		case clientNoTakeover:
			o.ClientNoContextTakeover, err = flag(p)
		case serverBits:
			o.ServerMaxWindowBits, err = bits(p)
		case clientBits:
			o.clientBitsGiven = true
			if p.Value != "" || !offer {
				o.ClientMaxWindowBits, err = bits(p)
			}
		default:
			err = fmt.Errorf("the parameter %q is not known", p.Name)
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

func flag(p Param) (bool, error) {
	if p.Value != "" {
		return false, fmt.Errorf("the parameter %s has a value", p.Name)
	}
	return true, nil
}

// bits parses a decimal number without leading zeros (RFC 7692, section 7.1.2).
func bits(p Param) (int, error) {
	n, err := strconv.Atoi(p.Value)
	if err != nil || n < MinWindowBits || n > MaxWindowBits || strconv.Itoa(n) != p.Value {
		return 0, fmt.Errorf("the parameter %s has the value %q, not one from %d to %d", p.Name, p.Value, MinWindowBits, MaxWindowBits)
	}
	return n, nil
}

// OfferDeflate returns the element that offers what is wanted.
func OfferDeflate(want Deflate) string {
	s := format(want)
	if want.ClientMaxWindowBits == MaxWindowBits {
		s += "; " + clientBits // the server may choose
	}
	return s
}

// format returns the element for d, without the bits that need not be said.
func format(d Deflate) string {
	s := DeflateName
	if d.ServerNoContextTakeover {
		s += "; " + serverNoTakeover
	}
	if d.ClientNoContextTakeover {
		s += "; " + clientNoTakeover
	}
	if d.ServerMaxWindowBits < MaxWindowBits {
		s += "; " + serverBits + "=" + strconv.Itoa(d.ServerMaxWindowBits)
	}
	if d.ClientMaxWindowBits < MaxWindowBits {
		s += "; " + clientBits + "=" + strconv.Itoa(d.ClientMaxWindowBits)
	}
	return s
}

// AcceptDeflate chooses the first offer that can be accepted, and returns what is agreed on then, and the element that
// answers it. Offers of permessage-deflate that are malformed, and other extensions, are declined.
func AcceptDeflate(offers []Extension, want Deflate) (agreed Deflate, answer string, ok bool) {
	for _, e := range offers {
		if e.Name != DeflateName {
			continue
		}
		o, err := parseDeflate(e, true)
		if err != nil {
			continue
		}
		agreed = Deflate{
			ServerNoContextTakeover: o.ServerNoContextTakeover || want.ServerNoContextTakeover,
			ClientNoContextTakeover: o.ClientNoContextTakeover || want.ClientNoContextTakeover,
			ServerMaxWindowBits:     min(orMax(o.ServerMaxWindowBits), want.ServerMaxWindowBits),
			ClientMaxWindowBits:     MaxWindowBits,
		}
		if o.clientBitsGiven { // otherwise the client would not understand
			agreed.ClientMaxWindowBits = min(orMax(o.ClientMaxWindowBits), want.ClientMaxWindowBits)
		}
		answer = format(agreed)
		if o.ServerMaxWindowBits == MaxWindowBits && agreed.ServerMaxWindowBits == MaxWindowBits {
			answer += fmt.Sprintf("; %s=%d", serverBits, MaxWindowBits) // what was asked for has to be confirmed
		}
		return agreed, answer, true
	}
	return Deflate{}, "", false
}

// AgreeDeflate checks the server's answer to the offer of want, and returns what is agreed on.
func AgreeDeflate(e Extension, want Deflate) (Deflate, error) {
	o, err := parseDeflate(e, false)
	if err != nil {
		return Deflate{}, err
	}
	agreed := Deflate{
		ServerNoContextTakeover: o.ServerNoContextTakeover,
		ClientNoContextTakeover: o.ClientNoContextTakeover || want.ClientNoContextTakeover,
		ServerMaxWindowBits:     orMax(o.ServerMaxWindowBits),
		ClientMaxWindowBits:     min(orMax(o.ClientMaxWindowBits), want.ClientMaxWindowBits),
	}
	switch {
	case want.ServerNoContextTakeover && !o.ServerNoContextTakeover:
		return Deflate{}, fmt.Errorf("the parameter %s was asked for, and is not confirmed", serverNoTakeover)
	case agreed.ServerMaxWindowBits > want.ServerMaxWindowBits:
		return Deflate{}, fmt.Errorf("the parameter %s is %d, where %d was asked for", serverBits, agreed.ServerMaxWindowBits, want.ServerMaxWindowBits)
	case orMax(o.ClientMaxWindowBits) > want.ClientMaxWindowBits && o.clientBitsGiven:
		return Deflate{}, fmt.Errorf("the parameter %s is %d, where %d was offered", clientBits, o.ClientMaxWindowBits, want.ClientMaxWindowBits)
	}
	return agreed, nil
}

func orMax(bits int) int {
	if bits == 0 {
		return MaxWindowBits
	}
	return bits
}

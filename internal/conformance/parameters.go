package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// parameters has each combination of parameters that RFC 7692, section 7.1, allows: what a client offers, with what the
// server has to answer, and what a server answers to a client that leaves it all to the server.
func parameters() []Case {
	var list []Case
	bits := []string{"", "=8", "=9", "=10", "=11", "=12", "=13", "=14", "=15"}
	for _, no := range []string{"", "; server_no_context_takeover", "; client_no_context_takeover", forgetting} {
		for _, ofServer := range bits {
			if ofServer != "" {
				ofServer = "; server_max_window_bits" + ofServer
			}
			for _, ofClient := range append(slices.Clone(bits), "without a value") {
				agreed := deflate + no + ofServer
				switch ofClient {
				case "":
					list = append(list, offeredOf(agreed, agreed), answeredBy(agreed))
				case "without a value":
					list = append(list, offeredOf(agreed+"; client_max_window_bits", agreed))
				default:
					with := agreed + "; client_max_window_bits" + ofClient
					list = append(list, answeredBy(with))
					if ofClient != "=15" { // which need not be said
						agreed = with
					}
					list = append(list, offeredOf(with, agreed))
				}
			}
		}
	}
	return list
}

// offeredOf returns the case of a client whose offer is accepted with the answer.
func offeredOf(offer, answer string) Case { return parameter(Server, offer, answer, offer) }

// answeredBy returns the case of a server that answers the usual offer.
func answeredBy(answer string) Case { return parameter(Client, offered[0], answer, answer) }

func parameter(side Side, offer, answer, name string) Case {
	return Case{
		ID:      fmt.Sprintf("compression/parameters%s/%v", strings.ReplaceAll(strings.TrimPrefix(name, deflate), "; ", "/"), side),
		Section: "RFC 7692, 7.1", Side: side,
		test: Deflated{Config: always, Offers: []string{offer}, Answer: answer, Messages: mixed},
	}
}

// mixed has messages of several kinds, which repeat what was in those before, further and further back, and then what
// stands as far back as each window goes.
func mixed(h *history) Exchange {
	x := Exchange{}
	add := func(op byte, message string) { x = x.then(h.frame(op, message)).want(Message{op, message}) }
	for _, op := range []byte{text, binary} {
		for _, message := range []string{alike(op, 16), alike(op, 300), alike(op, 16), alike(op, 5000), alike(op, 300), payload(op, 700), ""} {
			add(op, message)
		}
	}
	unlike := noise(8 * 100)
	for i := range 8 {
		once, window := unlike[100*i:][:100], 1<<(8+i)
		add(binary, once+strings.Repeat("-", window-len(once))+once)
	}
	return x
}

package conformance

import (
	"slices"
	"strings"

	"github.com/litert/websocket/stream"
)

// negotiation has the offers of clients and the answers of servers, right and wrong in each parameter (RFC 7692,
// sections 5 and 7.1).
func negotiation() []Case {
	return slices.Concat(acceptedOffers(), declinedOffers(), wantedOfServers(), acceptedAnswers(), refusedAnswers(), wantedOfClients())
}

// deflateOf returns the extension with parameters.
func deflateOf(params ...string) string {
	return strings.Join(append([]string{deflate}, params...), "; ")
}

// talk has messages in both directions, which are compressed if that was agreed on.
func talk(h *history) Exchange {
	x := Exchange{}
	for _, message := range []string{words(1000), words(1000), words(2000)} {
		x = x.then(h.frame(text, message)).want(Message{text, message})
	}
	return x
}

// offer returns the case of a client that makes offers to a server.
func offer(id string, own stream.CompressionConfig, answer string, offers ...string) Case {
	return Case{
		ID: "offer/" + id, Section: "RFC 7692, 7.1", Side: Server,
		test: Deflated{Config: own, Offers: offers, Answer: answer, Messages: talk},
	}
}

func acceptedOffers() []Case {
	var list []Case
	add := func(id, answer string, offers ...string) {
		list = append(list, offer("accepted/"+id, stream.CompressionConfig{}, answer, offers...))
	}
	add("plain", deflate, deflate)
	for _, p := range []string{"server_no_context_takeover", "client_no_context_takeover"} {
		add(p, deflateOf(p), deflateOf(p))
		add(p+"/without-spaces", deflateOf(p), deflate+";"+p)
		add(p+"/in-tabs", deflateOf(p), deflate+"\t;\t"+p+"\t")
	}
	for _, bits := range []string{"8", "9", "10", "11", "12", "13", "14", "15"} {
		add("server_max_window_bits/"+bits, deflateOf("server_max_window_bits="+bits), deflateOf("server_max_window_bits="+bits))
		add("server_max_window_bits/quoted/"+bits, deflateOf("server_max_window_bits="+bits), deflateOf(`server_max_window_bits="`+bits+`"`))
		answer := deflateOf("client_max_window_bits=" + bits)
		if bits == "15" {
			answer = deflate
		}
		add("client_max_window_bits/"+bits, answer, deflateOf("client_max_window_bits="+bits))
		add("client_max_window_bits/quoted/"+bits, answer, deflateOf(`client_max_window_bits="`+bits+`"`))
	}
	add("client_max_window_bits/without-value", deflate, deflateOf("client_max_window_bits"))
	add("all", deflateOf("server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=9", "client_max_window_bits=10"),
		deflateOf("client_max_window_bits=10", "server_max_window_bits=9", "client_no_context_takeover", "server_no_context_takeover"))

	add("of-two/first", deflateOf("server_max_window_bits=10"), deflateOf("server_max_window_bits=10")+", "+deflate)
	add("of-two/first/in-two-fields", deflateOf("server_max_window_bits=10"), deflateOf("server_max_window_bits=10"), deflate)
	add("of-two/second", deflate, deflateOf("server_max_window_bits=7")+", "+deflate)
	add("of-two/second/in-two-fields", deflate, deflateOf("unknown"), deflate)
	add("behind-another-extension", deflate, "x-unknown; a=1, "+deflate)
	add("before-another-extension", deflate, deflate+", x-unknown")
	add("among-other-fields", deflate, "x-unknown", deflate, "x-other")
	return list
}

// wrongParams are not valid, neither in an offer nor in an answer.
func wrongParams() []string {
	list := []string{
		"unknown", "unknown=1", "server_no_context_takeover=1", "server_no_context_takeover=true", "client_no_context_takeover=0",
		"server_no_context_takeover; server_no_context_takeover", "client_no_context_takeover; client_no_context_takeover",
		"server_max_window_bits=9; server_max_window_bits=9", "server_max_window_bits=9; server_max_window_bits=10",
		"client_max_window_bits=9; client_max_window_bits=9", "server_max_window_bits", "Server_No_Context_Takeover", "server-max-window-bits=10",
	}
	for _, v := range []string{"0", "1", "7", "16", "-8", "08", "010", "+9", "9.0", "0x9", "x", "99999999999999999999"} {
		list = append(list, "server_max_window_bits="+v, "client_max_window_bits="+v)
	}
	return list
}

// declinedOffers has offers that the server does without (section 7.1).
func declinedOffers() []Case {
	var list []Case
	for _, p := range wrongParams() {
		list = append(list, offer("declined/"+p, stream.CompressionConfig{}, "", deflateOf(p)))
	}
	for _, other := range []string{"x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate2", "permessage", "Permessage-Deflate"} {
		list = append(list, offer("declined/"+other, stream.CompressionConfig{}, "", other))
	}
	return append(list, offer("declined/none", stream.CompressionConfig{}, ""))
}

// wantedOfServers has offers to servers that want something.
func wantedOfServers() []Case {
	want := func(d stream.Deflate) stream.CompressionConfig { return stream.CompressionConfig{Deflate: d} }
	return []Case{
		offer("wanted/server_no_context_takeover", want(stream.Deflate{ServerNoContextTakeover: true}), deflateOf("server_no_context_takeover"), deflate),
		offer("wanted/client_no_context_takeover", want(stream.Deflate{ClientNoContextTakeover: true}), deflateOf("client_no_context_takeover"), deflate),
		offer("wanted/server_max_window_bits", want(stream.Deflate{ServerMaxWindowBits: 9}), deflateOf("server_max_window_bits=9"), deflate),
		offer("wanted/server_max_window_bits/less-is-offered", want(stream.Deflate{ServerMaxWindowBits: 10}), deflateOf("server_max_window_bits=8"), deflateOf("server_max_window_bits=8")),
		offer("wanted/server_max_window_bits/more-is-offered", want(stream.Deflate{ServerMaxWindowBits: 10}), deflateOf("server_max_window_bits=10"), deflateOf("server_max_window_bits=12")),
		offer("wanted/client_max_window_bits", want(stream.Deflate{ClientMaxWindowBits: 9}), deflateOf("client_max_window_bits=9"), deflateOf("client_max_window_bits")),
		offer("wanted/client_max_window_bits/less-is-offered", want(stream.Deflate{ClientMaxWindowBits: 10}), deflateOf("client_max_window_bits=8"), deflateOf("client_max_window_bits=8")),
		offer("wanted/client_max_window_bits/more-is-offered", want(stream.Deflate{ClientMaxWindowBits: 10}), deflateOf("client_max_window_bits=10"), deflateOf("client_max_window_bits=15")),
		offer("wanted/client_max_window_bits/nothing-is-offered", want(stream.Deflate{ClientMaxWindowBits: 10}), deflate, deflate),
	}
}

// answer returns the case of what a server answers to a client's offers.
func answer(id string, own stream.CompressionConfig, refused bool, offer, answer string) Case {
	return Case{
		ID: "answer/" + id, Section: "RFC 7692, 7.1", Side: Client,
		test: Deflated{Config: own, Offers: []string{offer}, Answer: answer, Refused: refused, Messages: talk},
	}
}

func acceptedAnswers() []Case {
	list := []Case{answer("accepted/none", stream.CompressionConfig{}, false, offered[0], "")}
	add := func(id, a string) {
		list = append(list, answer("accepted/"+id, stream.CompressionConfig{}, false, offered[0], a))
	}
	add("plain", deflate)
	add("server_no_context_takeover", deflateOf("server_no_context_takeover"))
	add("client_no_context_takeover", deflateOf("client_no_context_takeover"))
	for _, bits := range []string{"8", "9", "10", "11", "12", "13", "14", "15"} {
		for _, p := range []string{"server_max_window_bits", "client_max_window_bits"} {
			add(p+"/"+bits, deflateOf(p+"="+bits))
			add(p+"/quoted/"+bits, deflateOf(p+`="`+bits+`"`))
		}
	}
	add("all", deflateOf("client_max_window_bits=10", "server_max_window_bits=9", "client_no_context_takeover", "server_no_context_takeover"))
	add("without-spaces", deflate+";server_no_context_takeover;client_max_window_bits=9")
	return list
}

func refusedAnswers() []Case {
	var list []Case
	add := func(a string) {
		list = append(list, answer("refused/"+a, stream.CompressionConfig{}, true, offered[0], a))
	}
	for _, p := range append(wrongParams(), "client_max_window_bits") {
		add(deflateOf(p))
	}
	for _, a := range []string{
		"permessage-bzip2", "Permessage-Deflate", deflate + ", " + deflate, deflate + ", x", "x, " + deflate, deflate + ";", deflate + "; ;",
		deflate + "; server_max_window_bits=", deflate + "; server_max_window_bits=\"9", deflate + " server_no_context_takeover",
	} {
		add(a)
	}
	return list
}

// wantedOfClients has answers to clients that want something.
func wantedOfClients() []Case {
	any := "client_max_window_bits"
	clients := []struct {
		id             string
		own            stream.Deflate
		offer          string
		right, refused []string
	}{
		{"server_no_context_takeover", stream.Deflate{ServerNoContextTakeover: true}, deflateOf("server_no_context_takeover", any),
			[]string{deflateOf("server_no_context_takeover")}, []string{deflate, deflateOf("client_no_context_takeover")}},
		{"client_no_context_takeover", stream.Deflate{ClientNoContextTakeover: true}, deflateOf("client_no_context_takeover", any),
			[]string{deflate, deflateOf("client_no_context_takeover")}, nil},
		{"server_max_window_bits", stream.Deflate{ServerMaxWindowBits: 10}, deflateOf("server_max_window_bits=10", any),
			[]string{deflateOf("server_max_window_bits=10"), deflateOf("server_max_window_bits=8")},
			[]string{deflate, deflateOf("server_max_window_bits=11"), deflateOf("server_max_window_bits=15")}},
		{"client_max_window_bits", stream.Deflate{ClientMaxWindowBits: 10}, deflateOf("client_max_window_bits=10"),
			[]string{deflate, deflateOf("client_max_window_bits=10"), deflateOf("client_max_window_bits=9")},
			[]string{deflateOf("client_max_window_bits=11"), deflateOf("client_max_window_bits=15")}},
	}
	var list []Case
	for _, c := range clients {
		own := stream.CompressionConfig{Deflate: c.own}
		for _, a := range c.right {
			list = append(list, answer("wanted/"+c.id+"/"+a, own, false, c.offer, a))
		}
		for _, a := range c.refused {
			list = append(list, answer("wanted/"+c.id+"/refused/"+a, own, true, c.offer, a))
		}
	}
	return list
}

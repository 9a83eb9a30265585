package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// responses has the answers of servers, right and wrong in each of the ways that section 4.1 names. The requests that
// they answer are checked too.
func responses() []Case {
	return slices.Concat(rightResponses(), wrongStatuses(), wrongResponses(), chosenSubprotocols(),
		[]Case{{ID: "response/nonces", Section: "4.1", Side: Client, test: Nonces{20}}})
}

// answering returns the case of a response.
func answering(id string, r Response) Case {
	return Case{ID: "response/" + id, Section: "4.1", Side: Client, test: r}
}

func rightResponses() []Case {
	var list []Case
	h := properResponse
	add := func(id string, head string) {
		list = append(list, answering("right/"+id, Response{Head: head, Opens: true}))
	}
	add("plain", h.String())
	add("fields-in-lower-case", h.rename(strings.ToLower).String())
	add("fields-in-upper-case", h.rename(strings.ToUpper).String())
	add("fields-in-another-order", h.set("Upgrade", "websocket").String())
	add("unknown-fields", h.set("Set-Cookie", "a=b").set("X-Unknown", "", "1").String())
	add("another-reason", h.start("HTTP/1.1 101 Web Socket Protocol Handshake").String())
	add("empty-reason", h.start("HTTP/1.1 101 ").String())
	add("upgrade/in-mixed-case", h.set("Upgrade", "WebSocket").String())
	add("connection/in-lower-case", h.set("Connection", "upgrade").String())
	add("connection/in-a-list", h.set("Connection", "keep-alive, Upgrade").String())
	add("accept/in-spaces", h.set("Sec-WebSocket-Accept", " \t<accept>  ").String())
	add("behind-100", "HTTP/1.1 100 Continue\r\n\r\n"+h.String())
	add("behind-103", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+h.String())

	hello, long := whole(text, "early"), whole(binary, noise(100_000))
	return append(list,
		answering("right/frames-behind", Response{Head: h.String(), Opens: true, Behind: []Frame{hello, hello}, Want: []Message{echoOf(hello), echoOf(hello)}}),
		answering("right/frames-behind/long", Response{Head: h.String(), Opens: true, Behind: []Frame{long}, Want: []Message{echoOf(long)}}),
	)
}

func wrongStatuses() []Case {
	var list []Case
	for _, status := range []int{200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 407, 426, 429, 500, 501, 502, 503} {
		for _, h := range []head{properResponse, {}} {
			id := fmt.Sprintf("status/%d/without-fields", status)
			if len(h.fields) > 0 {
				id = fmt.Sprintf("status/%d/with-fields", status)
			}
			h = h.start(fmt.Sprintf("HTTP/1.1 %d Whatever", status)).set("Location", "/elsewhere").set("Content-Length", "0")
			list = append(list, answering(id, Response{Head: h.String()}))
		}
	}
	return list
}

func wrongResponses() []Case {
	var list []Case
	add := func(id string, h head) {
		list = append(list, answering("wrong/"+id, Response{Head: h.String()}))
	}
	h := properResponse
	for _, line := range []string{
		"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 1O1 x", "HTTP/1.1 1010 x", "HTTP/1.1 10 x", "HTTP 101 x", "HTTP/x 101 x", "101", "ICY 101 OK", "",
		"GET / HTTP/1.1", "SSH-2.0-x",
	} {
		add("line/"+label(line), h.start(line))
	}
	for _, v := range []string{"", "h2c", "websockets", "web socket", "web\u017focket", "websoc\u212aet", "websocket, h2c", "websocket/13", "\"websocket\""} {
		add("upgrade/"+label(v), h.set("Upgrade", v))
	}
	add("upgrade/missing", h.set("Upgrade"))
	for _, v := range []string{"", "close", "keep-alive", "Upgraded", "Up grade", "websocket", "\"Upgrade\""} {
		add("connection/"+label(v), h.set("Connection", v))
	}
	add("connection/missing", h.set("Connection"))
	for _, v := range []string{
		"", "x", "<key>", "<key>" + guid, "<accept>x", "x<accept>", "<accept>=", "\"<accept>\"", "<accept>, <accept>", "<accept> <accept>",
		"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", // of the example in section 1.3
	} {
		add("accept/"+label(v), h.set("Sec-WebSocket-Accept", v))
	}
	add("accept/missing", h.set("Sec-WebSocket-Accept"))
	add("accept/twice", h.set("Sec-WebSocket-Accept", "<accept>", "<accept>"))
	add("accept/twice-different", h.set("Sec-WebSocket-Accept", "<accept>", acceptOf("")))
	for _, v := range []string{
		"x", "permessage-deflate", "x; a=1", "x, y", "", ",", ";", "x;", "x y", "x; a=", "x; a=\"b c\"",
	} {
		add("extension/"+label(v), h.set("Sec-WebSocket-Extensions", v))
	}
	add("field-without-colon", h.set("Upgrade", "websocket\r\nno colon"))
	for _, cut := range []int{0, 1, 9, 34, 60} {
		head := h.String()[:cut]
		list = append(list, answering(fmt.Sprintf("wrong/cut-at-%d", cut), Response{Head: head, Ends: true}))
	}
	return append(list,
		answering("wrong/without-an-end", Response{Head: strings.TrimSuffix(h.String(), "\r\n"), Ends: true}),
		answering("wrong/only-100", Response{Head: "HTTP/1.1 100 Continue\r\n\r\n", Ends: true}),
	)
}

func chosenSubprotocols() []Case {
	offers := []string{"chat.v2", "chat.v1"}
	var list []Case
	add := func(id string, offers []string, opens bool, values ...string) {
		h := properResponse.set("Sec-WebSocket-Protocol", values...)
		list = append(list, answering("subprotocol/"+id, Response{Head: h.String(), Offers: offers, Opens: opens}))
	}
	add("none", offers, true)
	add("first", offers, true, "chat.v2")
	add("last", offers, true, "chat.v1")
	add("in-spaces", offers, true, "  chat.v1\t")
	add("not-offered", offers, false, "other")
	add("nothing-offered", nil, false, "chat.v1")
	add("in-another-case", offers, false, "CHAT.V1")
	add("part-of-a-name", offers, false, "chat")
	add("both", offers, false, "chat.v2, chat.v1")
	add("twice", offers, false, "chat.v1", "chat.v1")
	add("two-fields", offers, false, "chat.v1", "chat.v2")
	add("empty", offers, false, "")
	add("quoted", offers, false, "\"chat.v1\"")
	return list
}

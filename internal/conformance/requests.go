package conformance

import (
	"slices"
	"strings"
)

// requests has opening handshakes of clients, right and wrong in each field (sections 4.2.1 and 4.2.2).
func requests() []Case {
	return slices.Concat(rightRequests(), wrongRequests(), wrongVersions(), requestedSubprotocols(), requestedExtensions())
}

// asking returns the case of a request.
func asking(id, section string, r Request) Case {
	return Case{ID: "request/" + id, Section: section, Side: Server, test: r}
}

func rightRequests() []Case {
	var list []Case
	add := func(id string, h head) {
		list = append(list, asking("right/"+id, "4.2.1", Request{Head: h.String(), Opens: true}))
	}
	h := properRequest
	add("plain", h)
	add("fields-in-lower-case", h.rename(strings.ToLower))
	add("fields-in-upper-case", h.rename(strings.ToUpper))
	add("fields-in-another-order", h.set("Host", "<host>").set("Upgrade", "websocket"))
	add("unknown-fields", h.set("Cookie", "a=b").set("X-Unknown", "", "1").set("Sec-WebSocket-Unknown", "1"))
	add("root", h.start("GET / HTTP/1.1"))
	add("query", h.start("GET /?a=b%20c&d HTTP/1.1"))
	add("absolute", h.start("GET http://<host>/a HTTP/1.1"))
	add("upgrade/in-mixed-case", h.set("Upgrade", "WebSocket"))
	add("upgrade/in-upper-case", h.set("Upgrade", "WEBSOCKET"))
	add("upgrade/in-a-list", h.set("Upgrade", "h2c, websocket"))
	add("upgrade/twice", h.set("Upgrade", "h2c", "websocket"))
	add("connection/in-lower-case", h.set("Connection", "upgrade"))
	add("connection/in-upper-case", h.set("Connection", "UPGRADE"))
	add("connection/in-a-list", h.set("Connection", "keep-alive, Upgrade"))
	add("connection/without-spaces", h.set("Connection", "keep-alive,Upgrade,x"))
	add("connection/twice", h.set("Connection", "keep-alive", "Upgrade"))
	add("key/in-spaces", h.set("Sec-WebSocket-Key", "  <key> \t"))
	add("origin/none", h.set("Origin"))
	add("origin/the-same-host", h.set("Origin", "http://<host>"))

	hello := whole(text, "early")
	for _, chop := range []int{0, 1, 50} {
		list = append(list,
			asking("right/written/"+chopName(chop), "4.2.1", Request{Head: h.String(), Chop: chop, Opens: true}),
			asking("right/frames-behind/"+chopName(chop), "4.1", Request{
				Head: h.String(), Chop: chop, Opens: true, Behind: []Frame{hello, hello}, Want: []Message{echoOf(hello), echoOf(hello)},
			}),
		)
	}
	long := whole(binary, noise(100_000))
	return append(list, asking("right/frames-behind/long", "4.1", Request{
		Head: h.String(), Opens: true, Behind: []Frame{long}, Want: []Message{echoOf(long)},
	}))
}

func wrongRequests() []Case {
	var list []Case
	add := func(id, section string, h head) {
		list = append(list, asking("wrong/"+id, section, Request{Head: h.String()}))
	}
	h := properRequest
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "CONNECT"} {
		add("method/"+method, "4.2.1, item 1", h.start(method+" "+resource+" HTTP/1.1"))
	}
	for _, line := range []string{"GET / HTTP/1.0", "GET / HTTP/0.9", "GET / HTTP/11", "GET / http/1.1", "GET /", "GET  HTTP/1.1", "GET"} {
		add("line/"+label(line), "4.2.1, item 1", h.start(line))
	}
	add("host/missing", "4.2.1, item 2", h.set("Host"))
	add("host/twice", "4.2.1, item 2", h.set("Host", "<host>", "example.com"))
	for _, v := range []string{"", "h2c", "web socket", "websockets", "websocket2", "web\u017focket", "websoc\u212aet"} {
		add("upgrade/"+label(v), "4.2.1, item 3", h.set("Upgrade", v))
	}
	add("upgrade/missing", "4.2.1, item 3", h.set("Upgrade"))
	for _, v := range []string{"", "close", "keep-alive", "Upgraded", "Up grade", "websocket"} {
		add("connection/"+label(v), "4.2.1, item 4", h.set("Connection", v))
	}
	add("connection/missing", "4.2.1, item 4", h.set("Connection"))
	for _, v := range []string{
		"", "x", "AAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA===",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "!!!!!!!!!!!!!!!!!!!!!!==", "AAAAAAAAAAA AAAAAAAAAA==", "<key>, <key>", "\"<key>\"",
	} {
		add("key/"+label(v), "4.2.1, item 5", h.set("Sec-WebSocket-Key", v))
	}
	add("key/missing", "4.2.1, item 5", h.set("Sec-WebSocket-Key"))
	add("key/twice", "11.3.1", h.set("Sec-WebSocket-Key", "<key>", "<key>"))
	for _, v := range []string{"http://example.com", "null", "https://example.com:8443", "x"} {
		add("origin/"+label(v), "4.2.2, item 4", h.set("Origin", v))
	}
	add("field-without-colon", "4.2.1", h.set("Host", "<host>\r\nno colon"))
	add("field-with-space", "4.2.1", h.set("X Y", "z"))
	return list
}

// wrongVersions has versions other than 13, to which the answer tells the right one (section 4.4).
func wrongVersions() []Case {
	var list []Case
	add := func(id string, fields []string, values ...string) {
		h := properRequest.set("Sec-WebSocket-Version", values...)
		list = append(list, asking("version/"+id, "4.4", Request{Head: h.String(), Fields: fields}))
	}
	right := []string{"Sec-WebSocket-Version", "13"}
	for _, v := range []string{"0", "4", "7", "8", "12", "14", "25", "130", "255"} {
		add(v, right, v)
	}
	for _, v := range []string{"", "013", "+13", "-13", "13.0", "x", "13, 8", "13;"} {
		add("malformed/"+label(v), nil, v)
	}
	add("missing", nil)
	add("twice", nil, "13", "8")
	return list
}

func requestedSubprotocols() []Case {
	ours := []string{"chat.v2", "chat.v1"}
	var list []Case
	add := func(id, chosen string, values ...string) {
		h := properRequest.set("Sec-WebSocket-Protocol", values...)
		list = append(list, asking("subprotocol/"+id, "4.2.2, item 5", Request{Head: h.String(), Speaks: ours, Opens: true, Chosen: chosen}))
	}
	add("none", "")
	add("one", "chat.v1", "chat.v1")
	add("known-one-last", "chat.v1", "other, chat.v1")
	add("in-two-fields", "chat.v1", "other", "chat.v1")
	add("without-spaces", "chat.v2", "x,chat.v2,y")
	add("both", "chat.v2", "chat.v2, chat.v1")
	add("both-in-another-order", "chat.v2", "chat.v1, chat.v2")
	add("unknown", "", "other")
	add("in-another-case", "", "CHAT.V1")
	add("part-of-a-name", "", "chat")
	for _, v := range []string{"", "chat.v1 x", "chat/v1", "\"chat.v1\"", "chat.v1; x", "chät", "chat.v1, chat.v1"} {
		h := properRequest.set("Sec-WebSocket-Protocol", v)
		list = append(list, asking("subprotocol/malformed/"+label(v), "4.1, item 10", Request{Head: h.String(), Speaks: ours}))
	}
	return list
}

// requestedExtensions has offers of extensions, of which the server knows none (section 9.1).
func requestedExtensions() []Case {
	var list []Case
	for _, v := range []string{"x", "permessage-deflate", "x; a=1; b", "x; a=\"1\"", "permessage-deflate; client_max_window_bits, x"} {
		h := properRequest.set("Sec-WebSocket-Extensions", v)
		list = append(list, asking("extension/unknown/"+label(v), "9.1", Request{Head: h.String(), Opens: true}))
	}
	for _, v := range []string{"", ",", ";", "x;", "x y", "x; a=", "x; =1", "x; a=\"1", "x; a=\"b c\"", "x/y", "\"x\""} {
		h := properRequest.set("Sec-WebSocket-Extensions", v)
		list = append(list, asking("extension/malformed/"+label(v), "9.1", Request{Head: h.String()}))
	}
	return list
}

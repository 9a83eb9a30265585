package dial_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

const (
	statusLine = "HTTP/1.1 101 Switching Protocols\r\n"
	upgrade    = "Upgrade: websocket\r\n"
	connection = "Connection: Upgrade\r\n"
	accept     = "Sec-WebSocket-Accept: ACCEPT\r\n"
)

// responses are answers to a request that has offered the subprotocols v1 and v2.
var responses = []struct {
	section, name string
	response      string
	complaint     string // empty: the response is fine
}{
	{"4.1", "plain", statusLine + upgrade + connection + accept, ""},
	{"4.1", "order and case", statusLine + "sec-websocket-accept:ACCEPT \r\nconnection: keep-alive, uPGRADE\r\nupgrade: WebSocket\r\n", ""},
	{"4.1", "no reason phrase", "HTTP/1.1 101\r\n" + upgrade + connection + accept, ""},
	{"4.1", "unknown fields", statusLine + upgrade + connection + accept + "Server: x\r\nContent-Length: 3\r\n", ""},
	{"4.1", "interim responses", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + statusLine + upgrade + connection + accept, ""},

	{"4.1 item 1", "200", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "200 OK"},
	{"4.1 item 1", "401", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n", "401 Unauthorized"},
	{"4.1 item 1", "redirect", "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n", "302 Found"},
	{"4.1 item 1", "not HTTP", "SSH-2.0-OpenSSH_9.9\r\n", "malformed"},
	{"4.1 item 1", "not HTTP/1", "HTTP/2.0 101 Switching Protocols\r\n" + upgrade + connection + accept, "HTTP/2.0"},
	{"4.1 item 1", "no status", "HTTP/1.1 x\r\n", "malformed"},
	{"4.1 item 1", "malformed header", statusLine + "Upgrade websocket\r\n", "malformed"},
	{"4.1 item 1", "interim responses without end", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 6), "no final response"},

	{"4.1 item 2", "no Upgrade", statusLine + connection + accept, "field Upgrade"},
	{"4.1 item 2", "wrong Upgrade", statusLine + "Upgrade: h2c\r\n" + connection + accept, "field Upgrade"},
	{"4.1 item 2", "list in Upgrade", statusLine + "Upgrade: h2c, websocket\r\n" + connection + accept, "field Upgrade"},
	{"4.1 item 2", "sign for kelvin in Upgrade", statusLine + "Upgrade: websoc\u212aet\r\n" + connection + accept, "field Upgrade"},

	{"4.1 item 3", "no Connection", statusLine + upgrade + accept, "field Connection"},
	{"4.1 item 3", "wrong Connection", statusLine + upgrade + "Connection: keep-alive\r\n" + accept, "field Connection"},

	{"4.1 item 4", "no Accept", statusLine + upgrade + connection, "Sec-WebSocket-Accept is missing"},
	{"4.1 item 4", "empty Accept", statusLine + upgrade + connection + "Sec-WebSocket-Accept:\r\n", "does not answer"},
	{"4.1 item 4", "wrong Accept", statusLine + upgrade + connection + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "does not answer"},
	{"4.1 item 4", "case of Accept", statusLine + upgrade + connection + "Sec-WebSocket-Accept: xACCEPT\r\n", "does not answer"},
	{"4.1 item 4", "two Accepts", statusLine + upgrade + connection + accept + accept, "more than one field Sec-WebSocket-Accept"},

	{"4.1 item 5", "extension", statusLine + upgrade + connection + accept + "Sec-WebSocket-Extensions: permessage-deflate; a=1\r\n", `"permessage-deflate" was not offered`},
	{"4.1 item 5", "malformed extension", statusLine + upgrade + connection + accept + "Sec-WebSocket-Extensions: a;;\r\n", "malformed"},
	{"4.1 item 5", "empty list of extensions", statusLine + upgrade + connection + accept + "Sec-WebSocket-Extensions: \r\n", "the list is empty"},

	{"4.1 item 6", "subprotocol", statusLine + upgrade + connection + accept + "Sec-WebSocket-Protocol: v2\r\n", ""},
	{"4.1 item 6", "other subprotocol", statusLine + upgrade + connection + accept + "Sec-WebSocket-Protocol: v3\r\n", `"v3" was not offered`},
	{"4.1 item 6", "case of the subprotocol", statusLine + upgrade + connection + accept + "Sec-WebSocket-Protocol: V2\r\n", `"V2" was not offered`},
	{"4.1 item 6", "empty subprotocol", statusLine + upgrade + connection + accept + "Sec-WebSocket-Protocol:\r\n", `"" was not offered`},
	{"4.1 item 6", "list of subprotocols", statusLine + upgrade + connection + accept + "Sec-WebSocket-Protocol: v1, v2\r\n", "more than one subprotocol"},
	{"4.1 item 6", "two subprotocols", statusLine + upgrade + connection + accept + "Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v2\r\n", "more than one subprotocol"},
}

func TestResponseIsChecked(t *testing.T) {
	for _, tt := range responses {
		t.Run(tt.section+" "+tt.name, func(t *testing.T) {
			conn, err := handshakeOver(t, answering(t, tt.response+"\r\n"), dial.Subprotocols("v1", "v2"))
			if tt.complaint == "" {
				if err != nil {
					t.Fatal(err)
				}
				conn.Abort()
				return
			}
			if err == nil {
				conn.Abort()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), "dial: ") || !strings.Contains(err.Error(), tt.complaint) {
				t.Errorf("error is %q, want one with %q", err, tt.complaint)
			}
		})
	}
}

func TestHandshakeIsHandedOver(t *testing.T) {
	conn, err := handshakeOver(t, answering(t, switching+"Sec-WebSocket-Protocol: v2\r\nX-A: b\r\n\r\n"), dial.Subprotocols("v1", "v2"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort()
	if got := conn.Subprotocol(); got != "v2" {
		t.Errorf("subprotocol is %q, want v2", got)
	}
	if got := conn.Handshake().Header.Get("X-A"); got != "b" {
		t.Errorf("X-A is %q, want b", got)
	}
	if conn.IsServer() {
		t.Error("the client's end takes itself for the server")
	}
}

func TestErrorKeepsTheAnswer(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<10)
	tests := []struct {
		name, head, rest string
		want             string
	}{
		{"length", "Content-Length: 3\r\n", "no!more", "no!"},
		{"chunks", "Transfer-Encoding: chunked\r\n", "2\r\nno\r\n1\r\n!\r\n0\r\n\r\n", "no!"},
		{"long", "Content-Length: 16384\r\n", long, long[:4<<10]},
		{"no body", "Content-Length: 0\r\n", "", ""},
	}
	for _, tt := range tests {
		_, err := handshakeOver(t, answering(t, "HTTP/1.1 403 No\r\nX-A: b\r\n"+tt.head+"\r\n"+tt.rest))
		var answer *dial.Error
		if !errors.As(err, &answer) {
			t.Errorf("%s: error is %v", tt.name, err)
			continue
		}
		if answer.StatusCode != http.StatusForbidden || answer.Header.Get("X-A") != "b" || string(answer.Body) != tt.want {
			t.Errorf("%s: the answer is %d %v, body of %d bytes", tt.name, answer.StatusCode, answer.Header, len(answer.Body))
		}
	}
}

func TestBodyGoesOnToTheEndOfTheConnection(t *testing.T) {
	_, err := handshakeOver(t, peer(t, func(conn net.Conn, _ *http.Request) {
		io.WriteString(conn, "HTTP/1.1 503 No\r\n\r\nlater")
	}))
	var answer *dial.Error
	if !errors.As(err, &answer) || string(answer.Body) != "later" {
		t.Errorf("error is %v, want an Error with the body", err)
	}
}

func TestErrorOfAResponseThatBreaksTheProtocol(t *testing.T) {
	_, err := handshakeOver(t, answering(t, statusLine+upgrade+connection+"X-A: b\r\n\r\n"))
	var answer *dial.Error
	if !errors.As(err, &answer) || answer.StatusCode != 101 || answer.Header.Get("X-A") != "b" || answer.Body != nil {
		t.Errorf("error is %#v, want an Error with status 101", err)
	}
}

func TestResponseCutAnywhereIsAnError(t *testing.T) {
	whole := switching + "Sec-WebSocket-Protocol: v1\r\n\r\n"
	for _, response := range []string{whole, "HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nsorry\n"} {
		for n := range len(response) {
			_, err := handshakeOver(t, peer(t, func(conn net.Conn, r *http.Request) {
				if text := filledIn(response, r); n < len(text) {
					io.WriteString(conn, text[:n])
				}
			}), dial.Subprotocols("v1"))
			var answer *dial.Error
			if err == nil || !errors.As(err, &answer) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("cut at %d: error is %v, want io.ErrUnexpectedEOF or an Error", n, err)
			}
		}
	}
}

func TestHeadIsBounded(t *testing.T) {
	const most = 64 << 10
	head := switching + "\r\n"
	head = strings.Replace(head, "ACCEPT", strings.Repeat("x", 28), 1)
	filled := func(n int) string { return switching + "X: " + strings.Repeat("x", n-len(head)-5) + "\r\n\r\n" }

	conn, err := handshakeOver(t, answering(t, filled(most)))
	if err != nil {
		t.Errorf("a head of %d bytes: %v", most, err)
	} else {
		conn.Abort()
	}
	for name, response := range map[string]string{
		"a byte too many":      filled(most + 1),
		"a line without end":   strings.Repeat("x", 2*most),
		"a header without end": switching + strings.Repeat("X: y\r\n", most/4),
	} {
		_, err := handshakeOver(t, answering(t, response))
		if err == nil || !strings.Contains(err.Error(), "longer than 65536 bytes") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestFieldsOfAHeadAreBounded(t *testing.T) {
	const most = 128 // 3 of which open a connection
	const fields = "X: y\r\n"
	head := func(status string, n int) string {
		return strings.Replace(switching, "101", status, 1) + strings.Repeat(fields, n-3) + "\r\n"
	}

	conn, err := handshakeOver(t, answering(t, head("103", most)+head("101", most)))
	if err != nil {
		t.Errorf("heads of %d fields: %v", most, err)
	} else {
		conn.Abort()
	}
	for name, response := range map[string]string{
		"the same field":   head("101", most+1),
		"different fields": strings.TrimSuffix(head("101", most), "\r\n") + "Y: z\r\n\r\n",
		"a refusal":        head("403", most+1),
		"a redirect":       "HTTP/1.1 302 Found\r\nLocation: /x\r\n" + strings.Repeat(fields, most) + "\r\n",
		"interim":          head("103", most+1) + head("101", most),
		"short fields":     strings.TrimSuffix(switching, "\r\n") + strings.Repeat("\r\nX:", 10_000) + "\r\n\r\n",
	} {
		_, err := handshakeOver(t, answering(t, response), dial.CookieJar(newJar(t)))
		if err == nil || err.Error() != "dial: reading the response: its head has more than 128 fields" {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

// RFC 7692, section 7.1: what the server chooses of the offer of compression.
func TestTheAnswerToAnOfferOfCompression(t *testing.T) {
	whole := stream.Deflate{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}
	for _, tt := range []struct {
		answer    string
		want      *stream.Deflate
		complaint string
	}{
		{"permessage-deflate", &whole, ""},
		{"permessage-deflate; server_no_context_takeover; client_max_window_bits=9", &stream.Deflate{
			ServerNoContextTakeover: true, ServerMaxWindowBits: 15, ClientMaxWindowBits: 9}, ""},
		{"permessage-deflate; unknown", nil, `"unknown" is not known`},
		{"permessage-deflate; client_max_window_bits", nil, "client_max_window_bits"},
		{"permessage-deflate, permessage-deflate", nil, "beside another"},
		{"x-webkit-deflate-frame", nil, "was not offered"},
	} {
		conn, err := handshakeOver(t, answering(t, switching+"Sec-WebSocket-Extensions: "+tt.answer+"\r\n\r\n"),
			stream.Compression(stream.CompressionConfig{}))
		if tt.complaint != "" {
			if err == nil || !strings.Contains(err.Error(), tt.complaint) {
				t.Errorf("%s: %v", tt.answer, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.answer, err)
			continue
		}
		if got := conn.Handshake().Deflate; (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: %+v", tt.answer, got)
		}
		conn.Abort()
	}
}

//go:build interop

package interop_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"

	"github.com/lxzan/gws"
)

type gwsSocket struct{ conn *gws.Conn }

func (s gwsSocket) subprotocol() string { return s.conn.SubProtocol() }

func (s gwsSocket) send(binary bool, data []byte) error {
	return s.conn.WriteMessage(gwsOpcode(binary), data)
}

// sendFragments sends fragments of the library's own choice, 128 KiB.
func (s gwsSocket) sendFragments(binary bool, data []byte, _ int) error {
	return s.conn.WriteFile(gwsOpcode(binary), bytes.NewReader(data))
}

func (s gwsSocket) ping(data string) error { return s.conn.WritePing([]byte(data)) }

// close does not wait for an answer.
func (s gwsSocket) close(code int, reason string) error {
	return s.conn.WriteClose(uint16(code), []byte(reason))
}

func gwsOpcode(binary bool) gws.Opcode {
	if binary {
		return gws.OpcodeBinary
	}
	return gws.OpcodeText
}

// A gwsHandler is called by the library's loop, which reads.
type gwsHandler struct {
	gws.BuiltinEventHandler
	servant *servant
	report  string
}

func (h *gwsHandler) OnPing(conn *gws.Conn, data []byte) { h.must(conn, conn.WritePong(data)) }
func (h *gwsHandler) OnPong(conn *gws.Conn, data []byte) {
	h.must(conn, h.servant.ponged(string(data)))
}

func (h *gwsHandler) OnMessage(conn *gws.Conn, m *gws.Message) {
	defer m.Close()
	h.must(conn, h.servant.message(m.Opcode == gws.OpcodeBinary, m.Bytes()))
}

func (h *gwsHandler) OnClose(_ *gws.Conn, err error) {
	var end *gws.CloseError
	switch {
	case !errors.As(err, &end):
		h.report = lost(err)
	case end.Code == 0:
		h.report = closed(1005, "")
	default:
		h.report = closed(int(end.Code), string(end.Reason))
	}
}

func (h *gwsHandler) must(conn *gws.Conn, err error) {
	if err != nil {
		conn.NetConn().Close()
	}
}

func (h *gwsHandler) talk(conn *gws.Conn) string {
	h.servant = &servant{socket: gwsSocket{conn}}
	conn.ReadLoop()
	return h.report
}

func gwsCompression() gws.PermessageDeflate {
	if compression == nil {
		return gws.PermessageDeflate{}
	}
	return gws.PermessageDeflate{
		Enabled:               true,
		Threshold:             1,
		ServerContextTakeover: compression.Takeover,
		ClientContextTakeover: compression.Takeover,
		ServerMaxWindowBits:   compression.ServerWindowBits,
		ClientMaxWindowBits:   compression.ClientWindowBits,
	}
}

func gwsServe(w http.ResponseWriter, r *http.Request) string {
	h := new(gwsHandler)
	conn, err := gws.NewUpgrader(h, &gws.ServerOption{
		SubProtocols:        []string{subprotocol},
		PermessageDeflate:   gwsCompression(),
		CheckUtf8Enabled:    true,
		ReadMaxPayloadSize:  len(big()),
		WriteMaxPayloadSize: len(big()),
	}).Upgrade(w, r)
	if err != nil {
		return lost(err)
	}
	return h.talk(conn)
}

func gwsConnect(url string) string {
	h := new(gwsHandler)
	conn, _, err := gws.NewClient(h, &gws.ClientOption{
		Addr:                url,
		RequestHeader:       http.Header{"Sec-Websocket-Protocol": {strings.Join(offered, ", ")}},
		PermessageDeflate:   gwsCompression(),
		CheckUtf8Enabled:    true,
		ReadMaxPayloadSize:  len(big()),
		WriteMaxPayloadSize: len(big()),
	})
	if err != nil {
		return lost(err)
	}
	return h.talk(conn)
}

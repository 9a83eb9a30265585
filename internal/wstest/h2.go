package wstest

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"
)

// Types of frames, flags and settings of HTTP/2 (RFC 9113, sections 6 and 11; RFC 8441, section 9.1).
const (
	h2Data         = 0
	h2Headers      = 1
	h2Reset        = 3
	h2Settings     = 4
	h2Ping         = 6
	h2GoAway       = 7
	h2WindowUpdate = 8

	h2EndStream  = 1
	h2Ack        = 1
	h2EndHeaders = 4

	H2InitialWindowSize uint16 = 4
	H2EnableConnect     uint16 = 8

	h2Window   = 65535 // that both ends begin with
	h2MaxFrame = 16384
)

const h2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// An H2Code is why a stream or a connection of HTTP/2 was ended (RFC 9113, section 7).
type H2Code uint32

const (
	H2NoError       H2Code = 0
	H2ProtocolError H2Code = 1
	H2InternalError H2Code = 2
	H2Refused       H2Code = 7
	H2Cancel        H2Code = 8
)

func (c H2Code) Error() string { return fmt.Sprintf("reset with code %d", uint32(c)) }

// An H2 is the client's end of an HTTP/2 connection, which knows no rules but flow control. It takes 30 seconds at most. Its
// methods, and those of its streams, may be called by any goroutine.
type H2 struct {
	t    testing.TB
	conn net.Conn
	read chan struct{} // closed when nothing more comes

	sending sync.Mutex // guards following, and is before mu
	encoder *hpack.Encoder
	fields  bytes.Buffer // what the encoder has written
	last    uint32       // stream that was opened

	mu       sync.Mutex // guards following
	changed  *sync.Cond
	decoder  *hpack.Decoder
	settings map[uint16]uint32 // nil: none have come
	room     int64             // that the server has for all streams
	streams  map[uint32]*H2Stream
	err      error // why nothing more comes
}

// An H2Stream is a stream of an H2. Read takes what the server sends, and gives the room for it back. What is not read stays
// in the window, which is of 65,535 bytes, as that of all streams together.
type H2Stream struct {
	h  *H2
	id uint32

	// guarded by h.mu
	response []hpack.HeaderField // nil: it has not come
	came     []byte
	room     int64 // that the server has
	end      error // io.EOF, or an H2Code; nil: there may come more
}

// DialH2 connects to a server, over TLS if there is a config, and without otherwise. It ends with the test.
func DialH2(t testing.TB, address string, config *tls.Config) *H2 {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		config = config.Clone()
		config.NextProtos = []string{"h2"}
		config.ServerName = "example.com" // which the certificate of package httptest is for
		conn = tls.Client(conn, config)
	}
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	h := &H2{t: t, conn: conn, read: make(chan struct{}), room: h2Window, streams: make(map[uint32]*H2Stream)}
	h.changed = sync.NewCond(&h.mu)
	h.encoder = hpack.NewEncoder(&h.fields)
	h.decoder = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(conn, h2Preface); err != nil {
		t.Fatal(err)
	}
	h.send(h2Settings, 0, 0, nil)
	go h.receive()
	t.Cleanup(func() {
		h.Close()
		<-h.read
	})
	return h
}

// Close closes the connection.
func (h *H2) Close() { h.conn.Close() }

// send sends a frame.
func (h *H2) send(kind, flags byte, stream uint32, payload []byte) error {
	h.sending.Lock()
	defer h.sending.Unlock()
	return h.sendLocked(kind, flags, stream, payload)
}

func (h *H2) sendLocked(kind, flags byte, stream uint32, payload []byte) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = append(b, flags)
	b = binary.BigEndian.AppendUint32(b, stream)
	_, err := h.conn.Write(append(b, payload...))
	return err
}

// sendNumber sends a frame whose payload is n.
func (h *H2) sendNumber(kind byte, stream, n uint32) error {
	return h.send(kind, 0, stream, binary.BigEndian.AppendUint32(nil, n))
}

// GoAway tells the server that the client has no more to ask for.
func (h *H2) GoAway(code H2Code) {
	h.send(h2GoAway, 0, 0, binary.BigEndian.AppendUint32(make([]byte, 4), uint32(code)))
}

// Setting returns a setting of the server, 0 if it has not said.
func (h *H2) Setting(id uint16) uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.settings == nil && h.err == nil {
		h.changed.Wait()
	}
	return h.settings[id]
}

// Request opens a stream, and sends fields, names and values in turns.
func (h *H2) Request(endStream bool, fields ...string) *H2Stream {
	h.t.Helper()
	h.Setting(H2InitialWindowSize) // has them come
	h.sending.Lock()
	defer h.sending.Unlock()
	h.last = max(h.last+2, 1) | 1
	s := &H2Stream{h: h, id: h.last}
	h.mu.Lock()
	s.room = h2Window
	if size, ok := h.settings[H2InitialWindowSize]; ok {
		s.room = int64(size)
	}
	h.streams[s.id] = s
	h.mu.Unlock()
	h.fields.Reset()
	for i := 0; i < len(fields); i += 2 {
		h.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	flags := byte(h2EndHeaders)
	if endStream {
		flags |= h2EndStream
	}
	if err := h.sendLocked(h2Headers, flags, s.id, h.fields.Bytes()); err != nil {
		h.t.Errorf("h2: %v", err)
	}
	return s
}

// Connect asks for a WebSocket at path (RFC 8441, section 5), with more fields.
func (h *H2) Connect(path string, more ...string) *H2Stream {
	h.t.Helper()
	scheme := "http"
	if _, ok := h.conn.(*tls.Conn); ok {
		scheme = "https"
	}
	return h.Request(false, append([]string{":method", "CONNECT", ":protocol", "websocket", ":scheme", scheme, ":path", path,
		":authority", "example.com", "sec-websocket-version", "13"}, more...)...)
}

// receive takes all frames of the server.
func (h *H2) receive() {
	defer close(h.read)
	for {
		var head [9]byte
		_, err := io.ReadFull(h.conn, head[:])
		payload := make([]byte, binary.BigEndian.Uint32(head[:])>>8)
		if err == nil {
			_, err = io.ReadFull(h.conn, payload)
		}
		if err == nil {
			err = h.take(head[3], head[4], binary.BigEndian.Uint32(head[5:]), payload)
		}
		if err != nil {
			h.mu.Lock()
			h.err = errors.Join(err, io.ErrUnexpectedEOF)
			h.changed.Broadcast()
			h.mu.Unlock()
			return
		}
	}
}

// take takes a frame of the server.
func (h *H2) take(kind, flags byte, stream uint32, payload []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.changed.Broadcast()
	s := h.streams[stream]
	if s == nil {
		s = new(H2Stream) // which is not looked at
	}
	switch kind {
	case h2Headers:
		fields, err := h.decoder.DecodeFull(payload)
		if err != nil {
			return err
		}
		s.response = fields
	case h2Data:
		s.came = append(s.came, payload...)
	case h2Reset:
		s.end = H2Code(binary.BigEndian.Uint32(payload))
	case h2WindowUpdate:
		if n := int64(binary.BigEndian.Uint32(payload)); stream == 0 {
			h.room += n
		} else {
			s.room += n
		}
	case h2Settings:
		if flags&h2Ack == 0 {
			h.settings = make(map[uint16]uint32)
			for ; len(payload) >= 6; payload = payload[6:] {
				h.settings[binary.BigEndian.Uint16(payload)] = binary.BigEndian.Uint32(payload[2:])
			}
			go h.send(h2Settings, h2Ack, 0, nil)
		}
	case h2Ping:
		if flags&h2Ack == 0 {
			go h.send(h2Ping, h2Ack, 0, payload)
		}
	}
	if (kind == h2Headers || kind == h2Data) && flags&h2EndStream != 0 {
		s.end = io.EOF
	}
	return nil
}

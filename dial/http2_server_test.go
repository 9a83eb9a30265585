package dial_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/litert/websocket/internal/wstest"
)

// Types of frames, flags and settings (RFC 9113, sections 6 and 11; RFC 8441, section 9.1).
const (
	http2Data         = 0
	http2Headers      = 1
	http2Reset        = 3
	http2Settings     = 4
	http2Ping         = 6
	http2GoAway       = 7
	http2WindowUpdate = 8

	http2EndStream  = 1
	http2Ack        = 1
	http2EndHeaders = 4

	http2EnableConnect = 8
)

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// An http2Setting is a parameter of SETTINGS.
type http2Setting struct {
	id    uint16
	value uint32
}

// announced is what a server says that takes WebSockets (RFC 8441, section 3).
var announced = http2Setting{http2EnableConnect, 1}

// An http2Code is why a stream or a connection was ended (RFC 9113, section 7).
type http2Code uint32

func (c http2Code) Error() string { return fmt.Sprintf("reset with code %d", uint32(c)) }

const (
	http2NoError       http2Code = 0
	http2ProtocolError http2Code = 1
	http2InternalError http2Code = 2
	http2Refused       http2Code = 7
	http2Cancel        http2Code = 8
)

// An http2Server is a server that sends what HTTP/2 frames a test wants it to.
type http2Server struct {
	t           testing.TB
	url         string
	transport   *http.Transport // for it
	settings    []http2Setting
	serve       func(s *http2Stream) // called for each stream
	keepsWindow bool                 // it does not give room back

	accepts atomic.Int32
	settled atomic.Int32 // SETTINGS that were acknowledged
	streams atomic.Int32
	work    sync.WaitGroup

	mu      sync.Mutex // guards following
	conns   []net.Conn
	serving int       // streams
	idle    sync.Cond // it serves none
}

// startHTTP2 starts a server over TLS, or without, that announces what settings say, and calls serve for each stream. The
// test ends when all these calls have.
func startHTTP2(t testing.TB, secure bool, serve func(s *http2Stream), settings ...http2Setting) *http2Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http2Server{t: t, serve: serve, settings: settings, transport: &http.Transport{Protocols: new(http.Protocols)}}
	server.idle.L = &server.mu
	server.url = "ws://" + l.Addr().String() + "/"
	if secure {
		cert, roots := wstest.Certificate(t, "127.0.0.1")
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
		server.url = "wss://" + l.Addr().String() + "/"
		server.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
		server.transport.Protocols.SetHTTP2(true)
	} else {
		server.transport.Protocols.SetUnencryptedHTTP2(true)
	}
	server.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			server.accepts.Add(1)
			server.mu.Lock()
			server.conns = append(server.conns, conn)
			server.mu.Unlock()
			server.work.Go(func() { server.talk(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		late := time.AfterFunc(hangs, func() {
			t.Error("the client has left a stream behind")
			server.disconnect()
		})
		server.mu.Lock()
		for server.serving > 0 {
			server.idle.Wait()
		}
		server.mu.Unlock()
		late.Stop()
		server.disconnect()
		server.work.Wait()
		server.transport.CloseIdleConnections()
	})
	return server
}

// wantOneConnection checks that there is one connection. Without TLS net/http does not always know of a connection that it has
// made the moment before, and makes another.
func (s *http2Server) wantOneConnection(t *testing.T) {
	t.Helper()
	want := int32(1)
	if s.transport.Protocols.UnencryptedHTTP2() {
		want = 2
	}
	if got := s.accepts.Load(); got > want {
		t.Errorf("there are %d connections", got)
	}
}

// disconnect closes all connections.
func (s *http2Server) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		conn.Close()
	}
}

// An http2Link is one connection of an http2Server.
type http2Link struct {
	net.Conn
	server *http2Server
	fields *hpack.Decoder
	known  []hpack.HeaderField // of the block that is being decoded

	mu     sync.Mutex // guards following
	block  bytes.Buffer
	encode *hpack.Encoder // to block
}

// write writes a frame.
func (l *http2Link) write(kind, flags byte, stream uint32, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writeLocked(kind, flags, stream, payload)
}

func (l *http2Link) writeLocked(kind, flags byte, stream uint32, payload []byte) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = binary.BigEndian.AppendUint32(append(b, flags), stream)
	_, err := l.Write(append(b, payload...))
	return err
}

// read reads a frame.
func (l *http2Link) read() (kind, flags byte, stream uint32, payload []byte, err error) {
	var head [9]byte
	if _, err = io.ReadFull(l, head[:]); err != nil {
		return 0, 0, 0, nil, err
	}
	payload = make([]byte, binary.BigEndian.Uint32(head[:])>>8)
	_, err = io.ReadFull(l, payload)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]), payload, err
}

func (s *http2Server) talk(conn net.Conn) {
	defer conn.Close()
	preface := make([]byte, len(http2Preface))
	if _, err := io.ReadFull(conn, preface); err != nil || string(preface) != http2Preface {
		return
	}
	link := &http2Link{Conn: conn, server: s}
	link.fields = hpack.NewDecoder(4096, func(f hpack.HeaderField) { link.known = append(link.known, f) })
	link.encode = hpack.NewEncoder(&link.block)
	var settings []byte
	for _, setting := range s.settings {
		settings = binary.BigEndian.AppendUint16(settings, setting.id)
		settings = binary.BigEndian.AppendUint32(settings, setting.value)
	}
	link.write(http2Settings, 0, 0, settings)
	streams := make(map[uint32]*http2Stream)
	for {
		kind, flags, id, payload, err := link.read()
		if err != nil {
			break
		}
		link.take(streams, kind, flags, id, payload)
	}
	for _, stream := range streams {
		stream.end(io.ErrClosedPipe)
	}
}

// begin lets the stream be served.
func (s *http2Server) begin(stream *http2Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving++
	s.work.Go(func() {
		s.serve(stream)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.serving--; s.serving == 0 {
			s.idle.Broadcast()
		}
	})
}

// take does what a frame asks for. Those that net/http sends have neither padding nor a priority.
func (l *http2Link) take(streams map[uint32]*http2Stream, kind, flags byte, id uint32, payload []byte) {
	switch kind {
	case http2Settings, http2Ping:
		if kind == http2Settings {
			payload = nil
		}
		if flags&http2Ack != 0 {
			l.server.settled.Add(1)
		} else {
			l.write(kind, http2Ack, 0, payload)
		}
	case http2Headers:
		l.known = nil
		if _, err := l.fields.Write(payload); err != nil || flags&http2EndHeaders == 0 {
			l.server.t.Errorf("peer: a header with flags %#x: %v", flags, err)
		}
		stream := &http2Stream{link: l, id: id, fields: l.known, ended: make(chan struct{})}
		stream.changed.L = &stream.mu
		streams[id] = stream
		l.server.streams.Add(1)
		l.server.begin(stream)
	case http2Data:
		if streams[id].arrived(payload); len(payload) > 0 && !l.server.keepsWindow {
			room := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
			l.write(http2WindowUpdate, 0, 0, room)
			l.write(http2WindowUpdate, 0, id, room)
		}
		if flags&http2EndStream != 0 {
			streams[id].end(io.EOF)
		}
	case http2Reset:
		streams[id].end(http2Code(binary.BigEndian.Uint32(payload)))
	}
}

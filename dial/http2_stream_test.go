package dial_test

import (
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2/hpack"

	"github.com/litert/websocket/internal/wstest"
)

// An http2Stream is a stream of an http2Server: what is read and written is in DATA frames.
type http2Stream struct {
	link   *http2Link
	id     uint32
	fields []hpack.HeaderField
	ended  chan struct{} // closed when the client has ended it

	mu      sync.Mutex // guards following
	changed sync.Cond
	data    []byte
	err     error   // behind data
	ends    []error // all of them
}

func (s *http2Stream) arrived(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, p...)
	s.changed.Broadcast()
}

func (s *http2Stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ends = append(s.ends, err); len(s.ends) == 1 {
		s.err = err
		close(s.ended)
	}
	s.changed.Broadcast()
}

// waitForEnds waits until the client has ended the stream n times, or the connection, and returns how.
func (s *http2Stream) waitForEnds(n int) []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.ends) < n && (len(s.ends) == 0 || s.ends[len(s.ends)-1] != io.ErrClosedPipe) {
		s.changed.Wait()
	}
	return s.ends
}

func (s *http2Stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) == 0 && s.err == nil {
		s.changed.Wait()
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	if n == 0 {
		return 0, s.err
	}
	return n, nil
}

func (s *http2Stream) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		part := p[:min(len(p), 16<<10)]
		err = s.link.write(http2Data, 0, s.id, part)
		p = p[len(part):]
		n += len(part)
	}
	return n, err
}

// Close sends END_STREAM.
func (s *http2Stream) Close() error { return s.link.write(http2Data, http2EndStream, s.id, nil) }

func (s *http2Stream) reset(code http2Code) {
	s.link.write(http2Reset, 0, s.id, binary.BigEndian.AppendUint32(nil, uint32(code)))
}

// goAway says that nothing behind the stream last will be looked at.
func (s *http2Stream) goAway(last uint32, code http2Code) {
	payload := binary.BigEndian.AppendUint32(nil, last)
	s.link.write(http2GoAway, 0, 0, binary.BigEndian.AppendUint32(payload, uint32(code)))
}

// field returns the value of a field of the request.
func (s *http2Stream) field(name string) string {
	var values []string
	for _, f := range s.fields {
		if f.Name == name {
			values = append(values, f.Value)
		}
	}
	return strings.Join(values, "|")
}

// respond sends HEADERS with a status and fields, each name before its value.
func (s *http2Stream) respond(status string, fields ...string) { s.respondWith(0, status, fields...) }

// respondWith sends HEADERS with flags beside END_HEADERS.
func (s *http2Stream) respondWith(flags byte, status string, fields ...string) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.link.block.Reset()
	s.link.encode.WriteField(hpack.HeaderField{Name: ":status", Value: status})
	for i := 0; i < len(fields); i += 2 {
		s.link.encode.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	s.link.writeLocked(http2Headers, http2EndHeaders|flags, s.id, s.link.block.Bytes())
}

// peer answers with status 200 and returns the WebSocket's other end.
func (s *http2Stream) peer(fields ...string) *wstest.Peer {
	s.respond("200", fields...)
	return wstest.NewPeer(s.link.server.t, s, true)
}

// overHTTP2 runs test over TLS and without.
func overHTTP2(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("TLS", func(t *testing.T) { test(t, true) })
	t.Run("plain", func(t *testing.T) { test(t, false) })
}

// trailers sends HEADERS that end the stream.
func (s *http2Stream) trailers() {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.link.block.Reset()
	s.link.encode.WriteField(hpack.HeaderField{Name: "x-trailer", Value: "z"})
	s.link.writeLocked(http2Headers, http2EndHeaders|http2EndStream, s.id, s.link.block.Bytes())
}

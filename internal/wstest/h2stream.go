package wstest

import (
	"io"
	"net/http"
	"strconv"
)

// Response waits for the response, and returns its status, 0 if there is none, and its fields.
func (s *H2Stream) Response() (status int, header http.Header) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for s.response == nil && s.ended() == nil {
		s.h.changed.Wait()
	}
	header = make(http.Header)
	for _, f := range s.response {
		if f.Name == ":status" {
			status, _ = strconv.Atoi(f.Value)
		} else {
			header.Add(f.Name, f.Value)
		}
	}
	return status, header
}

// Opened waits for the response that opens the WebSocket, and returns the peer that goes on.
func (s *H2Stream) Opened() *Peer {
	s.h.t.Helper()
	if status, _ := s.Response(); status != http.StatusOK {
		body, _ := io.ReadAll(s)
		s.h.t.Fatalf("h2: the status is %d, and the body %q", status, body)
	}
	return NewPeer(s.h.t, s, false)
}

// ended returns why nothing more comes, behind what came. The caller holds the mutex.
func (s *H2Stream) ended() error {
	if s.end != nil {
		return s.end
	}
	return s.h.err
}

// End waits until the server has ended the stream, and returns how: [io.EOF] for END_STREAM, or an [H2Code].
func (s *H2Stream) End() error {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for s.ended() == nil {
		s.h.changed.Wait()
	}
	return s.ended()
}

// Read reads what the server sends. The error is that of End.
func (s *H2Stream) Read(p []byte) (int, error) {
	s.h.mu.Lock()
	for len(s.came) == 0 && s.ended() == nil {
		s.h.changed.Wait()
	}
	n := copy(p, s.came)
	s.came = s.came[n:]
	err := s.ended()
	s.h.mu.Unlock()
	if n == 0 {
		return 0, err
	}
	s.h.sendNumber(h2WindowUpdate, s.id, uint32(n))
	s.h.sendNumber(h2WindowUpdate, 0, uint32(n))
	return n, nil
}

// Write sends p, as the server has room for it.
func (s *H2Stream) Write(p []byte) (n int, err error) {
	for n < len(p) {
		part, err := s.takeRoom(len(p) - n)
		if err == nil {
			err = s.h.send(h2Data, 0, s.id, p[n:n+part])
		}
		if err != nil {
			return n, err
		}
		n += part
	}
	return n, nil
}

// takeRoom waits until there is room, and takes it for up to n bytes.
func (s *H2Stream) takeRoom(n int) (int, error) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for {
		if err := s.ended(); err != nil && err != io.EOF {
			return 0, err
		}
		if room := min(s.room, s.h.room, h2MaxFrame); room > 0 {
			n = min(n, int(room))
			s.room -= int64(n)
			s.h.room -= int64(n)
			return n, nil
		}
		s.h.changed.Wait()
	}
}

// AwaitFull waits until as much has come, and was not read, as the window lets come.
func (s *H2Stream) AwaitFull() {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	for len(s.came) < h2Window && s.ended() == nil {
		s.h.changed.Wait()
	}
}

// Close ends the client's side.
func (s *H2Stream) Close() error { return s.h.send(h2Data, h2EndStream, s.id, nil) }

// Reset resets the stream.
func (s *H2Stream) Reset(code H2Code) { s.h.sendNumber(h2Reset, s.id, uint32(code)) }

// Disconnect closes the whole connection.
func (s *H2Stream) Disconnect() { s.h.Close() }

// GoAway is that of the connection.
func (s *H2Stream) GoAway(code H2Code) { s.h.GoAway(code) }

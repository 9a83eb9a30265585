package dial_test

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A reset could take the close frame away before the server has read it.
func TestAStreamThatHasFailedEndsItsOwnSideFirst(t *testing.T) {
	overHTTP2(t, func(t *testing.T, secure bool) {
		ended, goOn := make(chan struct{}), make(chan struct{})
		server := startHTTP2(t, secure, func(s *http2Stream) {
			p := s.peer()
			if s.id > 1 {
				<-s.ended
				return
			}
			p.SendFrame(true, opcode.Continuation, "of nothing")
			p.WantClose(1002)
			if ends := s.waitForEnds(1); ends[0] != io.EOF {
				t.Errorf("the stream has ended with %v", ends)
			}
			close(ended)
			<-goOn
			p.Send(make([]byte, 100)) // which is thrown away
			s.Close()
		}, announced)
		var over atomic.Bool
		closed := make(chan struct{})
		conn := dialHTTP2(t, server, stream.WithTrace(&stream.Trace{Ended: func(stream.Summary) {
			over.Store(true)
			close(closed)
		}}))
		var broken *stream.ProtocolError
		if _, err := conn.Receive(testContext(t)); !errors.As(err, &broken) {
			t.Errorf("the end is %v", err)
		}
		<-ended
		dialHTTP2(t, server).Abort() // what the client had to say of the first stream has come
		if over.Load() {
			t.Error("the client has closed the stream before the server has")
		}
		close(goOn)
		<-closed
		server.wantOneConnection(t)
	})
}

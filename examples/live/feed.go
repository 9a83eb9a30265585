package main

import (
	"context"
	"encoding/binary"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A picture is one message for all viewers: its number and its time in microseconds, 8 bytes each, and the picture itself.
type picture struct {
	number uint64
	msg    *stream.Prepared
	newer  chan struct{} // closed once there is a newer one
}

// A feed has the newest picture. It knows nothing of the viewers that are behind, and waits for none.
type feed struct {
	newest                 atomic.Pointer[picture]
	viewers, sent, skipped atomic.Uint64
}

// newFeed returns a feed that shows data until there is a newer picture.
func newFeed(data []byte) (*feed, error) {
	f := new(feed)
	f.newest.Store(&picture{newer: make(chan struct{})})
	return f, f.show(data)
}

// show has all viewers get data as the newest picture. It is for one goroutine.
func (f *feed) show(data []byte) error {
	older := f.newest.Load()
	p := &picture{number: older.number + 1, newer: make(chan struct{})}
	head := binary.BigEndian.AppendUint64(nil, p.number)
	head = binary.BigEndian.AppendUint64(head, uint64(time.Now().UnixMicro()))
	var err error
	if p.msg, err = stream.Prepare(opcode.Binary, append(head, data...)); err != nil {
		return err
	}
	f.newest.Store(p)
	close(older.newer)
	return nil
}

// send sends the viewer the newest picture whenever it has taken the one before. Those that were the newest meanwhile
// are skipped.
func (f *feed) send(ctx context.Context, viewer *stream.Socket) {
	for last := uint64(0); ; {
		p := f.newest.Load()
		if viewer.WritePrepared(ctx, p.msg) != nil {
			return // view hears of the end, too
		}
		f.sent.Add(1)
		if last > 0 {
			f.skipped.Add(p.number - last - 1)
		}
		last = p.number
		select {
		case <-p.newer:
		case <-ctx.Done():
			return
		}
	}
}

// view shows the feed until the viewer leaves. What viewers say is ignored, but received: that is how their leaving is
// noticed.
func (f *feed) view(r *http.Request, conn *stream.Conn[stream.Message]) error {
	ctx, cancel := context.WithCancel(r.Context())
	sent := make(chan struct{})
	f.viewers.Add(1)
	go func() {
		defer close(sent)
		f.send(ctx, conn.Socket)
	}()
	defer func() {
		cancel()
		<-sent
		f.viewers.Add(^uint64(0))
	}()
	for _, err := range conn.All(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

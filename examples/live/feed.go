package main

import (
	"context"
	"encoding/binary"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A picture is one message for all viewers: its number and its time in microseconds, 8 bytes each, and what is seen, a JPEG or lines
// of a log.
type picture struct {
	number uint64
	msg    *stream.Prepared
	newer  chan struct{} // closed once there is a newer one
}

// A feed has the newest picture. It knows nothing of the viewers that are behind, and waits for none.
type feed struct {
	newest  atomic.Pointer[picture]
	viewers atomic.Int64
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
	head := binary.BigEndian.AppendUint64(nil, older.number+1)
	head = binary.BigEndian.AppendUint64(head, uint64(time.Now().UnixMicro()))
	msg, err := stream.Prepare(opcode.Binary, append(head, data...))
	if err != nil {
		return err
	}
	f.newest.Store(&picture{older.number + 1, msg, make(chan struct{})})
	close(older.newer)
	return nil
}

// film shows at each interval what next returns, unless that is nil, until ctx ends.
func (f *feed) film(ctx context.Context, interval time.Duration, next func() ([]byte, error)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			data, err := next()
			if err == nil && data != nil {
				err = f.show(data)
			}
			if err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// send sends the viewer the newest picture whenever it has taken the one before.
func (f *feed) send(ctx context.Context, viewer *stream.Socket) {
	for {
		p := f.newest.Load()
		if viewer.WritePrepared(ctx, p.msg) != nil {
			return // view hears of the end, too
		}
		select {
		case <-p.newer:
		case <-ctx.Done():
			return
		}
	}
}

// view shows the feed until the viewer leaves. What viewers say is ignored, but received: that is how their leaving is noticed.
func (f *feed) view(r *http.Request, conn *stream.Conn[stream.Message]) error {
	f.viewers.Add(1)
	defer f.viewers.Add(-1)
	var sending sync.WaitGroup
	defer sending.Wait()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	sending.Go(func() { f.send(ctx, conn.Socket) })
	for _, err := range conn.All(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

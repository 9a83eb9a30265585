// Package history keeps what is said in all rooms in one order, as a stream of NATS JetStream, in which the subject rooms.NAME is a room.
// It also carries what nodes tell each other beside, which is not kept.
package history

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	said    = "rooms."   // and the name of the room: the subject of what is said there
	present = "present." // of who is present there
)

// ErrNone is the error of Next where there is nothing more.
var ErrNone = jetstream.ErrMsgNotFound

// A History is what was said, seen from one node. Its methods may be called at the same time, but for Close.
type History struct {
	local     *local // NATS in this process, or nil
	conn      *nats.Conn
	js        jetstream.JetStream
	stream    jetstream.Stream
	created   time.Time // the stream
	last      uint64    // sequence when it was opened
	consuming jetstream.ConsumeContext
}

// Open connects to NATS with JetStream, or starts it in this process, with its messages in the folder store, if there are no urls.
// It takes the stream as it is, and makes it if there is none, kept by so many replicas.
func Open(ctx context.Context, urls, store string, replicas int) (_ *History, err error) {
	h := new(History)
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	opts := []nats.Option{nats.MaxReconnects(-1)}
	if urls == "" {
		if h.local, err = startLocal(store); err != nil {
			return nil, err
		}
		opts = append(opts, nats.InProcessServer(h.local.server))
	}
	if h.conn, err = nats.Connect(urls, opts...); err != nil {
		return nil, err
	}
	if h.js, err = jetstream.New(h.conn); err != nil {
		return nil, err
	}
	const name = "ROOMS"
	h.stream, err = h.js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{said + "*"},
		MaxAge: time.Hour, Duplicates: 2 * time.Minute, Replicas: replicas})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // others have it, in another way
		h.stream, err = h.js.Stream(ctx, name)
	}
	if err != nil {
		return nil, fmt.Errorf("JetStream: %w", err)
	}
	h.created, h.last = h.stream.CachedInfo().Created, h.stream.CachedInfo().State.LastSeq
	return h, nil
}

// Last returns the sequence of the last message that was there when h was opened.
func (h *History) Last() uint64 { return h.last }

// Follow has hear called for all that is said in any room behind Last, in order, and meet for what nodes tell of who is present.
// It is called once.
func (h *History) Follow(ctx context.Context, hear func(room string, seq uint64, data []byte), meet func(room string, data []byte)) error {
	consumer, err := h.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: h.last + 1})
	if err != nil {
		return err
	}
	last := h.last
	h.consuming, err = consumer.Consume(func(msg jetstream.Msg) {
		if meta, err := msg.Metadata(); err == nil && meta.Sequence.Stream > last {
			last = meta.Sequence.Stream
			hear(strings.TrimPrefix(msg.Subject(), said), last, msg.Data())
		}
	})
	if err != nil {
		return err
	}
	_, err = h.conn.Subscribe(present+"*", func(msg *nats.Msg) { meet(strings.TrimPrefix(msg.Subject, present), msg.Data) })
	return err
}

// Say has a message stored, and returns its sequence, which stays the same when the same ID is said again in the room. After an error
// it may be stored, or not.
func (h *History) Say(ctx context.Context, room, id string, data []byte) (seq uint64, err error) {
	ack, err := h.js.Publish(ctx, said+room, data, jetstream.WithMsgID(room+"."+id))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// Tell tells all nodes who is present in a room; or not, where NATS is away.
func (h *History) Tell(room string, data []byte) { h.conn.Publish(present+room, data) }

// Next returns the first message that is stored for a room behind a sequence.
func (h *History) Next(ctx context.Context, room string, after uint64) (seq uint64, data []byte, err error) {
	msg, err := h.stream.GetMsg(ctx, after+1, jetstream.WithGetMsgSubject(said+room)) // waits for some seconds
	if err != nil {
		return 0, nil, err
	}
	return msg.Sequence, msg.Data, nil
}

// Bounds returns the sequences of the first and of the last message that is kept.
func (h *History) Bounds(ctx context.Context) (first, last uint64, err error) {
	info, err := h.stream.Info(ctx)
	if err != nil {
		return 0, 0, err
	}
	return info.State.FirstSeq, info.State.LastSeq, nil
}

// Connected reports whether NATS can be reached.
func (h *History) Connected() bool { return h.conn.IsConnected() }

// Watch returns an error once NATS does not have the stream any more, at which it looks again and again. One that was made in its place
// has small sequences again.
func (h *History) Watch(ctx context.Context, every time.Duration) error {
	for {
		info, err := h.stream.Info(ctx)
		if errors.Is(err, jetstream.ErrStreamNotFound) || err == nil && !info.Created.Equal(h.created) {
			return errors.New("NATS has lost the stream; a node that starts makes it anew")
		}
		select {
		case <-time.After(every): // also if NATS is away
		case <-ctx.Done():
			return nil
		}
	}
}

// Close ends the connection, and what is in this process of NATS.
func (h *History) Close() {
	if h.consuming != nil {
		h.consuming.Stop()
	}
	if h.conn != nil {
		h.conn.Close()
	}
	if h.local != nil {
		h.local.close()
	}
}

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/litert/websocket/examples/rooms/protocol"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A node hears, in one order, all that is said at any node. A room is the subject rooms.NAME of the stream.
type node struct {
	id              string
	spread, refresh time.Duration
	patience        time.Duration // with clients and requests, when it ends

	server    *server.Server // in this process, or nil
	lock      *flock.Flock   // of the folder that it has
	nats      *nats.Conn
	js        jetstream.JetStream
	stream    jetstream.Stream
	created   time.Time // the stream
	consuming jetstream.ConsumeContext

	mu    sync.Mutex       // guards following
	rooms map[string]*room // that have members here
	last  uint64           // sequence that was heard
}

func newNode() *node {
	return &node{id: rand.Text(), spread: 10 * time.Second, refresh: 2 * time.Second, patience: 20 * time.Second, rooms: make(map[string]*room)}
}

// connect connects to NATS, or starts it in this process if there are no URLs.
func (n *node) connect(ctx context.Context, urls, store string, replicas int) (err error) {
	opts := []nats.Option{nats.MaxReconnects(-1)}
	if urls == "" {
		if err := n.take(store); err != nil {
			return err
		}
		if n.server, err = server.NewServer(&server.Options{JetStream: true, StoreDir: store, DontListen: true, NoSigs: true}); err != nil {
			return err
		}
		n.server.Start()
		opts = append(opts, nats.InProcessServer(n.server))
	}
	if n.nats, err = nats.Connect(urls, opts...); err != nil {
		return err
	}
	if n.js, err = jetstream.New(n.nats); err != nil {
		return err
	}
	const name = "ROOMS"
	n.stream, err = n.js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{"rooms.*"},
		MaxAge: time.Hour, Duplicates: 2 * time.Minute, Replicas: replicas})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // others have it, in another way
		n.stream, err = n.js.Stream(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("JetStream: %w", err)
	}
	n.created, n.last = n.stream.CachedInfo().Created, n.stream.CachedInfo().State.LastSeq
	consumer, err := n.stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: n.last + 1})
	if err != nil {
		return err
	}
	if n.consuming, err = consumer.Consume(n.hear); err != nil {
		return err
	}
	_, err = n.nats.Subscribe("present.*", n.meet)
	return err
}

// take takes a folder for NATS, which does not notice that another one has it.
func (n *node) take(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	n.lock = flock.New(filepath.Join(folder, "lock"))
	if taken, err := n.lock.TryLock(); err != nil {
		return err
	} else if !taken {
		return fmt.Errorf("%s is in use by another node", folder)
	}
	return nil
}

// watch returns an error once NATS does not have the stream that n hears. One that was made in its place has small sequences again.
func (n *node) watch(ctx context.Context) error {
	for {
		info, err := n.stream.Info(ctx)
		if errors.Is(err, jetstream.ErrStreamNotFound) || err == nil && !info.Created.Equal(n.created) {
			return errors.New("NATS has lost the stream; a node that starts makes it anew")
		}
		select {
		case <-time.After(n.refresh): // also if NATS is away
		case <-ctx.Done():
			return nil
		}
	}
}

func (n *node) close() {
	if n.consuming != nil {
		n.consuming.Stop()
	}
	if n.nats != nil {
		n.nats.Close()
	}
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	if n.lock != nil {
		n.lock.Close()
	}
}

func (n *node) hear(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil || meta.Sequence.Stream <= n.last { // only hear changes last
		return
	}
	n.mu.Lock()
	n.last = meta.Sequence.Stream
	r := n.rooms[strings.TrimPrefix(msg.Subject(), "rooms.")]
	n.mu.Unlock()
	if r != nil {
		r.append(toLine(meta.Sequence.Stream, msg.Data()))
	}
}

// say has NATS store a message, and returns its sequence, which stays the same when it is said again. After an error it may be stored,
// or not.
func (n *node) say(ctx context.Context, room, from string, msg protocol.Message) (uint64, error) {
	data, err := json.Marshal(protocol.Event{Kind: protocol.Said, ID: msg.ID, From: from, Text: msg.Text})
	if err != nil {
		return 0, err
	}
	ack, err := n.js.Publish(ctx, "rooms."+room, data, jetstream.WithMsgID(room+"."+from+"."+msg.ID))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// read returns the first message that is stored for a room behind seq.
func (n *node) read(room string, seq uint64) (line, error) {
	msg, err := n.stream.GetMsg(context.Background(), seq+1, jetstream.WithGetMsgSubject("rooms."+room)) // waits for some seconds
	if err != nil {
		return line{}, err
	}
	return toLine(msg.Sequence, msg.Data), nil
}

// A line is a message as members get it, encoded once for all of them.
type line struct {
	seq  uint64
	text *stream.Prepared
}

func toLine(seq uint64, data []byte) line {
	var e protocol.Event
	json.Unmarshal(data, &e) // is what say has marshalled
	e.Seq = seq
	return line{seq, prepare(e)}
}

// prepare encodes an event, which has nothing that JSON has not.
func prepare(e protocol.Event) *stream.Prepared {
	data, _ := json.Marshal(e)
	text, _ := stream.Prepare(opcode.Text, data)
	return text
}

package stream_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// What a call has left that has panicked is not known: a deferred Close must not make a whole message of it.
func TestAMessageHasNoEndBehindAPanicOfACall(t *testing.T) {
	for name, call := range map[string]func(*stream.Writer){
		"of the source of ReadFrom": func(w *stream.Writer) {
			io.WriteString(w, "half")
			w.ReadFrom(readerFunc(func([]byte) (int, error) { panic(errHook) }))
		},
		"of a hook in Write": func(w *stream.Writer) { w.Write(data[:3<<20]) },
		"of a hook in Flush": func(w *stream.Writer) {
			io.WriteString(w, "first")
			w.Flush()
			io.WriteString(w, "second")
			w.Flush()
		},
	} {
		for _, compressing := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				a, b := wstest.TCP(t)
				fragments := 0
				trace := stream.WithTrace(&stream.Trace{FrameSent: func(h frame.Header) {
					if !h.Opcode.IsControl() {
						fragments++
					}
					if fragments == 2 {
						fragments++
						panic(errHook)
					}
				}})
				c := openEnd(t, a, true, compressing, trace)
				came := listen(t, wstest.NewPeer(t, b, false))
				w := newWriter(t, c, opcode.Binary)
				func() {
					defer func() {
						if p := recover(); p != errHook {
							t.Errorf("recovered %v", p)
						}
						if err := w.Close(); err == nil {
							t.Error("Close says nothing")
						}
					}()
					call(w)
				}()
				c.Close()
				if got := <-came; len(got.messages) > 0 {
					t.Errorf("the peer got %d messages", len(got.messages))
				}
			})
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A maskingFile has the connection mask from when its length is asked for.
type maskingFile struct {
	*os.File
	mask func()
}

func (f maskingFile) Stat() (fs.FileInfo, error) {
	f.mask()
	return f.File.Stat()
}

// One byte more than makes a part of the single frame.
func TestASingleFrameKeepsItsKeyWhenMaskingChangesBeforeAFile(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	client.SetMasking(frame.FixedMask(frame.Key{}))
	const gathered, size = 1001, 300 << 10
	sent := make(chan error, 1)
	go func() {
		file := maskingFile{tempFile(t, size), func() { client.SetMasking(frame.FixedMask(wstest.Key)) }}
		w, err := client.NewWriter(bg(t), opcode.Binary, stream.SingleFrame(gathered+size), stream.FragmentSize(gathered-1))
		if err != nil {
			sent <- err
			return
		}
		_, err1 := w.ReadFrom(readerFunc(func(p []byte) (int, error) { return copy(p, strings.Repeat("h", gathered)), io.EOF }))
		_, err2 := w.ReadFrom(file)
		sent <- errors.Join(err1, err2, w.Close())
	}()
	want := append(bytes.Repeat([]byte("h"), gathered), data[:size]...)
	if got := receiveAll(t, server); got != string(want) {
		t.Errorf("%d bytes became %d, or others", len(want), len(got))
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

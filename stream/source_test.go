package stream_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// What is wrong with the source of a ReadFrom takes nothing but its message, of which nothing has left.
func TestASourceThatIsNoReaderSpoilsItsMessageAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		read readerFunc
		want error // nil: any
	}{
		"a count below 0":            {func([]byte) (int, error) { return -1, nil }, nil},
		"more than was asked for":    {func(p []byte) (int, error) { return len(p) + 1, nil }, nil},
		"neither bytes nor an error": {func([]byte) (int, error) { return 0, nil }, io.ErrNoProgress},
	} {
		for _, compressing := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/compressed %v", name, compressing), func(t *testing.T) {
				a, b := wstest.TCP(t)
				c := openEnd(t, a, true, compressing)
				came := listen(t, wstest.NewPeer(t, b, false))
				w := newWriter(t, c, opcode.Binary)
				n, err := w.ReadFrom(tt.read)
				if n != 0 || err == nil || tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("ReadFrom: %d, %v", n, err)
				}
				if got := w.Close(); got != err {
					t.Errorf("Close: %v, want %v", got, err)
				}
				if err := c.WriteText(bg(t), "next"); err != nil {
					t.Error(err)
				}
				c.Close()
				if got := <-came; fmt.Sprint(got.messages) != "[next]" {
					t.Errorf("the peer got %q, %v", got.messages, got.err)
				}
			})
		}
	}
}

// An empty read is none of many, if bytes come in between.
func TestASourceMayReadNothingNowAndThen(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	const size = 200
	calls := 0
	source := readerFunc(func(p []byte) (int, error) {
		if calls++; calls%2 == 1 {
			return 0, nil
		}
		if calls > 2*size {
			return 0, io.EOF
		}
		return copy(p, "x"), nil
	})
	w := newWriter(t, client, opcode.Binary)
	n, err := w.ReadFrom(source)
	if err := errors.Join(err, w.Close()); n != size || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := receiveAll(t, server); len(got) != size {
		t.Errorf("%d bytes came", len(got))
	}
}

// It was asked before whether the kernel can send the file as it is.
func TestAFileIsMaskedWhereMaskingChangesBeforeItsFrame(t *testing.T) {
	const size = 300 << 10
	for name, opts := range map[string][]stream.WriterOption{
		"fragments":      nil,
		"a single frame": {stream.SingleFrame(size)},
	} {
		for _, key := range []frame.Masking{frame.RandomMask, frame.FixedMask(wstest.Key)} {
			t.Run(fmt.Sprintf("%s/%v", name, key), func(t *testing.T) {
				client, server := pair(t, wstest.Transports[0])
				client.SetMasking(frame.NoMask)
				file := maskingFile{tempFile(t, size), func() { client.SetMasking(key) }}
				sent := make(chan error, 1)
				go func() {
					w, err := client.NewWriter(bg(t), opcode.Binary, opts...)
					if err == nil {
						_, err = w.ReadFrom(file)
						err = errors.Join(err, w.Close())
					}
					sent <- err
				}()
				if got := receiveAll(t, server); got != string(data[:size]) {
					t.Errorf("%d bytes became %d, or others", size, len(got))
				}
				if err := <-sent; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

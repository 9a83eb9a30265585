package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// fileOf returns a file with p in it, which stands at its begin.
func fileOf(t testing.TB, p []byte) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteAt(p, 0); err != nil {
		t.Fatal(err)
	}
	return f
}

// openFile returns src as a File of a connection, and the peer.
func openFile(t testing.TB, tr wstest.Transport, src io.Reader, cfg transport.Config) (*transport.Conn, *transport.File, io.ReadWriteCloser) {
	t.Helper()
	c, peer := pair(t, tr, cfg)
	f, ok := c.OpenFile(src)
	if !ok {
		t.Skip("the system has no way to send a file")
	}
	return c, f, peer
}

// onSockets runs test over the transports that the kernel may send files to.
func onSockets(t *testing.T, test func(t *testing.T, tr wstest.Transport)) {
	t.Helper()
	for _, tr := range wstest.Transports[:2] {
		t.Run(tr.Name, func(t *testing.T) { test(t, tr) })
	}
}

// come reads n bytes, and returns them.
func come(peer io.Reader, n int64) <-chan []byte {
	came := make(chan []byte, 1)
	go func() {
		p := make([]byte, n)
		k, _ := io.ReadFull(peer, p)
		came <- p[:k]
	}()
	return came
}

func position(f io.Seeker) int64 {
	pos, _ := f.Seek(0, io.SeekCurrent)
	return pos
}

func TestPartsOfAFileAreSent(t *testing.T) {
	onSockets(t, func(t *testing.T, tr wstest.Transport) {
		file := fileOf(t, data)
		file.Seek(1000, io.SeekStart)
		limited := &io.LimitedReader{R: file, N: 3 << 20}
		c, f, peer := openFile(t, tr, limited, transport.Config{Idle: time.Minute})
		came := come(peer, 3<<20)
		for sent, part := int64(0), int64(1); sent < 3<<20; part *= 3 {
			rest, err := f.Rest()
			if rest != 3<<20-sent || err != nil {
				t.Errorf("%d bytes are left behind %d, %v", rest, sent, err)
			}
			n, err := c.SendFile(within(t), f, min(part, rest))
			if n != min(part, rest) || err != nil {
				t.Fatalf("%d of %d bytes: %v", n, min(part, rest), err)
			}
			if sent += n; f.Total() != sent || limited.N != 3<<20-sent || position(file) != 1000+sent {
				t.Errorf("%d bytes were sent: %d, %d are left, the file stands at %d", sent, f.Total(), limited.N, position(file))
			}
		}
		if !bytes.Equal(<-came, data[1000:][:3<<20]) {
			t.Error("the bytes have changed")
		}
	})
}

func TestRestIsThatOfTheFileOrItsLimit(t *testing.T) {
	c, _ := pair(t, wstest.Transports[0], transport.Config{})
	for _, tt := range []struct{ size, pos, limit, want int64 }{
		{0, 0, -1, 0}, {100, 0, -1, 100}, {100, 30, -1, 70}, {100, 30, 50, 50}, {100, 30, 100, 70}, {100, 200, -1, -100}, {1 << 20, 1, 1 << 30, 1<<20 - 1},
	} {
		file := fileOf(t, data[:tt.size])
		file.Seek(tt.pos, io.SeekStart)
		var src io.Reader = file
		if tt.limit >= 0 {
			src = io.LimitReader(file, tt.limit)
		}
		f, ok := c.OpenFile(src)
		if !ok {
			t.Skip("the system has no way to send a file")
		}
		if rest, err := f.Rest(); rest != tt.want || err != nil {
			t.Errorf("%v: %d, %v", tt, rest, err)
		}
	}
	write, err := os.OpenFile(fileOf(t, data).Name(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close()
	f, _ := c.OpenFile(write)
	if _, err := f.Rest(); err == nil {
		t.Error("a file that cannot be read has bytes to send")
	}
}

func TestOnlyRegularFilesAreSentOverSockets(t *testing.T) {
	onAll(t, func(t *testing.T, tr wstest.Transport) {
		c, _ := pair(t, tr, transport.Config{})
		file := fileOf(t, data[:100])
		_, ok := c.OpenFile(file)
		if sockets := tr.Name == "tcp" || tr.Name == "unix"; ok && !sockets || !ok && tr.Name == "tcp" {
			t.Errorf("a file: %v", ok)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		for _, src := range []io.Reader{r, bytes.NewReader(data), io.LimitReader(r, 10), struct{ io.Reader }{file}} {
			if _, ok := c.OpenFile(src); ok {
				t.Errorf("a %T is taken for a file", src)
			}
		}
	})
}

func TestAFileThatShrinksIsTheSourcesFault(t *testing.T) {
	onSockets(t, func(t *testing.T, tr wstest.Transport) {
		file := fileOf(t, data[:100_000])
		c, f, peer := openFile(t, tr, file, transport.Config{})
		came := come(peer, 100_000)
		n, err := c.SendFile(within(t), f, 100_001)
		if failed := wantKind(t, err, transport.Source, nil); n != 100_000 || failed.Broken {
			t.Errorf("%d bytes, broken %v", n, failed.Broken)
		}
		<-came
		file.Close()
		_, err = c.SendFile(within(t), f, 1)
		wantKind(t, err, transport.Source, nil)
	})
}

func TestBoundsEndAFileAndItStandsWhereItWasCut(t *testing.T) {
	onSockets(t, func(t *testing.T, tr wstest.Transport) {
		for _, tt := range []struct {
			kind transport.Kind
			want error
			idle time.Duration
		}{{transport.Bounded, os.ErrDeadlineExceeded, 0}, {transport.Bounded, context.DeadlineExceeded, 0}, {transport.Idle, nil, 50 * time.Millisecond}} {
			file := fileOf(t, nil)
			if err := file.Truncate(64 << 20); err != nil {
				t.Fatal(err)
			}
			file.WriteAt(data, 0)
			limited := &io.LimitedReader{R: file, N: 64 << 20}
			c, f, peer := openFile(t, tr, limited, transport.Config{Idle: tt.idle})
			b := background
			switch tt.want {
			case os.ErrDeadlineExceeded:
				b.Deadline = new(transport.Deadline)
				b.Deadline.Store(time.Now().Add(50 * time.Millisecond))
			case context.DeadlineExceeded:
				ctx, cancel := context.WithTimeout(b.Ctx, 50*time.Millisecond)
				defer cancel()
				b.Ctx = ctx
			}
			n, err := c.SendFile(b, f, 64<<20)
			failed := wantKind(t, err, tt.kind, tt.want)
			if n == 0 || n != 64<<20-limited.N || n != position(file) || n != f.Total() || failed.Broken {
				t.Errorf("SendFile says %d, the limit %d, the file %d, broken %v", n, 64<<20-limited.N, position(file), failed.Broken)
			}
			c.SetIdleTimeout(0)
			came := come(peer, 64<<20)
			if _, err := c.SendFile(within(t), f, limited.N); err != nil {
				t.Error(err)
			}
			if p := <-came; len(p) != 64<<20 || !bytes.Equal(p[:len(data)], data) {
				t.Errorf("%d bytes came, or others", len(p))
			}
		}
	})
}

func TestAPeerThatLeavesIsTheTransportsFault(t *testing.T) {
	onSockets(t, func(t *testing.T, tr wstest.Transport) {
		file := fileOf(t, nil)
		if err := file.Truncate(64 << 20); err != nil {
			t.Fatal(err)
		}
		c, f, peer := openFile(t, tr, file, transport.Config{})
		go func() {
			io.CopyN(io.Discard, peer, 100_000)
			peer.Close()
		}()
		n, err := c.SendFile(within(t), f, 64<<20)
		if wantKind(t, err, transport.Lost, nil); n != position(file) {
			t.Errorf("%d bytes, the file stands at %d", n, position(file))
		}
		c.Cut()
		_, err = c.SendFile(within(t), f, 1000)
		wantKind(t, err, transport.Lost, net.ErrClosed)
	})
}

// A copied file is one that the kernel has refused. It is read, and may fail at that.
func TestAFileThatTheKernelRefusesIsCopied(t *testing.T) {
	onSockets(t, func(t *testing.T, tr wstest.Transport) {
		file := fileOf(t, data)
		c, f, peer := openFile(t, tr, file, transport.Config{})
		f.Refuse()
		d := new(transport.Deadline)
		ended := make(chan struct{})
		go func() { // the file is larger than what is between the two ends, or is sent in whole
			defer close(ended)
			d.Store(time.Now().Add(50 * time.Millisecond))
			for f.Total() < int64(len(data)) {
				n, err := c.SendFile(transport.Bounds{Ctx: context.Background(), Deadline: d}, f, int64(len(data))-f.Total())
				if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) || f.Total() != position(file) {
					t.Errorf("%d bytes, %v; %d in all, and the file stands at %d", n, err, f.Total(), position(file))
					return
				}
				d.Store(time.Time{})
			}
		}()
		time.Sleep(100 * time.Millisecond)
		if !bytes.Equal(<-come(peer, int64(len(data))), data) {
			t.Error("the bytes have changed")
		}
		<-ended
		_, err := c.SendFile(within(t), f, 1)
		wantKind(t, err, transport.Source, nil)
		file.Seek(0, io.SeekStart)
		below(peer).Close()
		for range 100 {
			if _, err = c.SendFile(within(t), f, 1000); err != nil {
				break
			}
		}
		wantKind(t, err, transport.Lost, nil)
		file.Close()
		_, err = c.SendFile(within(t), f, 1000)
		wantKind(t, err, transport.Source, fs.ErrClosed)
	})
}

// An unseekable file does not tell where it stands.
type unseekable struct{ *os.File }

func (unseekable) Seek(int64, int) (int64, error) { return 0, errors.ErrUnsupported }

func TestAFileThatTellsNothingHasNothingToSend(t *testing.T) {
	c, _ := pair(t, wstest.Transports[0], transport.Config{})
	file := fileOf(t, data)
	f, ok := c.OpenFile(unseekable{file})
	if !ok {
		t.Skip("the system has no way to send a file")
	}
	if rest, err := f.Rest(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without a place: %d, %v", rest, err)
	}
	f, _ = c.OpenFile(file)
	file.Close()
	if rest, err := f.Rest(); err == nil {
		t.Errorf("closed: %d", rest)
	}
}

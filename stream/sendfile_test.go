//go:build linux

package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// A countedFile counts what passes through its Read. The kernel takes the rest from its descriptor.
type countedFile struct {
	*os.File
	read int
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read += n
	return n, err
}

func TestFilesAreSentByTheKernelWhereTheyCanBe(t *testing.T) {
	const size = 3 << 20
	tests := []struct {
		name    string
		server  bool
		masking frame.Masking
		op      opcode.Opcode
		opts    []stream.WriterOption
		kernel  bool
		deflate *stream.Deflate
	}{
		{"from a server", true, frame.RandomMask, opcode.Binary, nil, true, nil},
		{"from a server, in one frame", true, frame.RandomMask, opcode.Binary, []stream.WriterOption{stream.SingleFrame(size)}, true, nil},
		{"from a client without masking", false, frame.NoMask, opcode.Binary, nil, true, nil},
		{"from a client with a key of zeros", false, frame.FixedMask(frame.Key{}), opcode.Binary, nil, true, nil},
		{"uncompressed, from a server", true, frame.RandomMask, opcode.Binary, []stream.WriterOption{stream.Compress(false)}, true, &stream.Deflate{}},
		{"uncompressed, in one frame", true, frame.RandomMask, opcode.Binary, []stream.WriterOption{stream.SingleFrame(size)}, true, &stream.Deflate{}},
		{"uncompressed, from a client", false, frame.NoMask, opcode.Binary, []stream.WriterOption{stream.Compress(false)}, true, &stream.Deflate{}},
		{"from a client that masks", false, frame.RandomMask, opcode.Binary, nil, false, nil},
		{"from a client with another key", false, frame.FixedMask(wstest.Key), opcode.Binary, nil, false, nil},
	}
	for _, tr := range wstest.Transports {
		for _, tt := range tests {
			t.Run(tt.name+" "+tr.Name, func(t *testing.T) {
				kernel := tt.kernel && (tr.Name == "tcp" || tr.Name == "unix")
				a, b := tr.Pair(t)
				c := openUncompressed(t, a, stream.Handshake{Server: tt.server, Deflate: tt.deflate}, stream.Standard)
				if !tt.server {
					c.SetMasking(tt.masking)
				}
				f := &countedFile{File: tempFile(t, size)}
				done := make(chan error, 1)
				go func() {
					w, err := c.NewWriter(bg(t), tt.op, tt.opts...)
					if err != nil {
						done <- err
						return
					}
					n, err := w.ReadFrom(f)
					if n != size {
						err = errors.Join(err, fmt.Errorf("%d bytes", n))
					}
					done <- errors.Join(err, w.Close())
				}()
				sizes, payload := frames(t, wstest.NewPeer(t, b, !tt.server))
				if payload != string(data[:size]) {
					t.Error("the payload has changed")
				}
				if strings.HasSuffix(sizes, " 0.") {
					t.Errorf("the last frame is empty: %s", sizes)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				if kernel && f.read > 64<<10 || !kernel && f.read < size {
					t.Errorf("%d bytes were read", f.read)
				}
			})
		}
	}
}

// What io.Copy hands over is a wrapper, and may be limited.
func TestPartsOfFilesAreSentByTheKernel(t *testing.T) {
	const size = 3 << 20
	for _, tr := range wstest.Transports[:2] {
		t.Run(tr.Name, func(t *testing.T) {
			client, server := pair(t, tr)
			copied := make(chan error, 1)
			f := &countedFile{File: tempFile(t, size)}
			limited := &io.LimitedReader{R: f, N: 2 << 20}
			go func() {
				w, err := server.NewWriter(bg(t), opcode.Binary)
				if err != nil {
					copied <- err
					return
				}
				io.WriteString(w, "head")
				f.Seek(1000, io.SeekStart)
				n, err := w.ReadFrom(limited)
				if n != 2<<20 || limited.N != 0 {
					err = errors.Join(err, fmt.Errorf("%d bytes, %d are left", n, limited.N))
				}
				if pos, _ := f.Seek(0, io.SeekCurrent); pos != 1000+2<<20 {
					err = errors.Join(err, fmt.Errorf("the file stands at %d", pos))
				}
				io.WriteString(w, "middle")
				n, err2 := w.ReadFrom(f)
				if n != size-1000-2<<20 {
					err = errors.Join(err, fmt.Errorf("%d bytes", n))
				}
				io.WriteString(w, "tail")
				copied <- errors.Join(err, err2, w.Close())
			}()
			got := receiveAll(t, client)
			want := "head" + string(data[1000:1000+2<<20]) + "middle" + string(data[1000+2<<20:size]) + "tail"
			if got != want {
				t.Errorf("%d bytes became %d, or others", len(want), len(got))
			}
			if err := <-copied; err != nil {
				t.Error(err)
			}
			if f.read > 128<<10 {
				t.Errorf("%d bytes were read", f.read)
			}
		})
	}
}

func TestFilesThatAreNotOrdinary(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	copyOf := func(name string, f *os.File, want string) {
		t.Helper()
		copied := make(chan error, 1)
		go func() {
			w, err := server.NewWriter(bg(t), opcode.Binary)
			if err == nil {
				_, err = io.Copy(w, f)
				err = errors.Join(err, w.Close())
			}
			copied <- err
		}()
		if got := receiveAll(t, client); got != want {
			t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
		}
		if err := <-copied; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	copyOf("empty", tempFile(t, 0), "")

	proc, err := os.Open("/proc/version") // says it is empty
	if err != nil {
		t.Fatal(err)
	}
	defer proc.Close()
	version, _ := os.ReadFile("/proc/version")
	copyOf("proc", proc, string(version))

	f := tempFile(t, 1<<20)
	f.Seek(0, io.SeekEnd)
	copyOf("at its end", f, "")
	f.Seek(100, io.SeekEnd)
	copyOf("behind its end", f, "")

	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		w.WriteString(strings.Repeat("x", 100_000))
		w.Close()
	}()
	copyOf("a pipe", r, strings.Repeat("x", 100_000))
}

func TestAFileThatGrowsIsSentToItsEnd(t *testing.T) {
	client, server := pair(t, wstest.Transports[0])
	f := tempFile(t, 2<<20)
	more, err := os.OpenFile(f.Name(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	go func() {
		w, err := server.NewWriter(bg(t), opcode.Binary)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := io.Copy(w, f); err != nil {
			t.Error(err)
		}
		w.Close()
	}()
	r, err := client.Receive(bg(t))
	if err != nil {
		t.Fatal(err)
	}
	// The sender stands still in its first frames meanwhile, as nobody reads them.
	grown := bytes.Repeat([]byte("+"), 8<<20)
	if _, err := more.Write(grown); err != nil {
		t.Fatal(err)
	}
	p, err := io.ReadAll(r)
	if err != nil || !bytes.HasPrefix(p, data[:2<<20]) || len(bytes.Trim(p[2<<20:], "+")) > 0 {
		t.Errorf("%d bytes, %v", len(p), err)
	}
}

func TestTheKernelMasksNothing(t *testing.T) {
	c, peer := clientAndPeer(t)
	got := make(chan wstest.Frame, 1)
	go func() {
		f, _, err := peer.Receive()
		if err != nil {
			t.Error(err)
		}
		got <- f
	}()
	w := newWriter(t, c, opcode.Binary, stream.SingleFrame(2<<20))
	w.Write(make([]byte, 1<<20))
	c.SetMasking(frame.NoMask) // the frame has begun with a key
	file := tempFile(t, 1<<20)
	if n, err := w.ReadFrom(file); n != 1<<20 || err != nil {
		t.Errorf("ReadFrom: %d, %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	want := make([]byte, 2<<20)
	file.ReadAt(want[1<<20:], 0)
	if f := <-got; f.Payload != string(want) {
		t.Error("the payload is another")
	}
}

func TestAFileThatCannotBeReadCostsNoConnection(t *testing.T) {
	for _, tr := range wstest.Transports {
		t.Run(tr.Name, func(t *testing.T) {
			a, b := tr.Pair(t)
			c := open(t, b, true)
			file, err := os.OpenFile(tempFile(t, 1<<20).Name(), os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			w := newWriter(t, c, opcode.Binary)
			if n, err := w.ReadFrom(file); n != 0 || err == nil {
				t.Errorf("ReadFrom: %d, %v", n, err)
			}
			w.Abort()
			go func() {
				if err := c.WriteText(bg(t), "x"); err != nil {
					t.Error(err)
				}
			}()
			wstest.NewPeer(t, a, false).Want(true, opcode.Text, "x")
		})
	}
}

func TestACutIsCountedLikeTheFile(t *testing.T) {
	for _, tr := range wstest.Transports[:2] {
		t.Run(tr.Name, func(t *testing.T) {
			c, b := unread(t, tr)
			c.SetMasking(frame.NoMask)
			file := tempFile(t, 0)
			if err := file.Truncate(64 << 20); err != nil {
				t.Fatal(err)
			}
			limited := &io.LimitedReader{R: file, N: 64 << 20}
			w := newWriter(t, c, opcode.Binary)
			w.SetDeadline(time.Now().Add(100 * time.Millisecond))
			n, err := w.ReadFrom(limited)
			pos, _ := file.Seek(0, io.SeekCurrent)
			if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n != 64<<20-limited.N || n != pos {
				t.Errorf("ReadFrom says %d, the LimitedReader %d, the file %d: %v", n, 64<<20-limited.N, pos, err)
			}
			w.Abort()
			b.Close()
		})
	}
}

// Wherever the peer leaves a file that the kernel sends, in a header or a payload, its sender learns of it, and nobody
// takes the part for the whole.
func TestACutOfAFileNeverLooksWhole(t *testing.T) {
	const size = 16 << 20 // more than any buffers between hold
	forms := map[string][]stream.WriterOption{"in frames": nil, "in one frame": {stream.SingleFrame(size)}}
	for _, tr := range wstest.Transports[:2] {
		for form, opts := range forms {
			t.Run(tr.Name+" "+form, func(t *testing.T) {
				var cuts []int
				for _, around := range []int{0, 10, 64 << 10, 1 << 20, 2 << 20} { // 10 bytes are a header
					for cut := max(0, around-2); cut < around+24; cut++ {
						cuts = append(cuts, cut)
					}
				}
				for _, cut := range cuts {
					a, b := tr.Pair(t)
					c := open(t, a, true)
					f := &countedFile{File: tempFile(t, 0)}
					if err := f.Truncate(size); err != nil {
						t.Fatal(err)
					}
					came := make(chan []byte, 1)
					go func() {
						p := make([]byte, cut)
						n, _ := io.ReadFull(b, p)
						b.Close()
						came <- p[:n]
					}()
					w := newWriter(t, c, opcode.Binary, opts...)
					n, err := w.ReadFrom(f)
					if err == nil || errors.Is(err, io.EOF) || n == size {
						t.Errorf("cut at %d: ReadFrom: %d, %v", cut, n, err)
					}
					if err := w.Close(); err == nil {
						t.Errorf("cut at %d: Close succeeded", cut)
					}
					c.Abort()
					f.Close()
					if f.read > 64<<10 {
						t.Errorf("cut at %d: %d bytes were read", cut, f.read)
					}
					got := (&plainReader{rest: <-came, limit: stream.Unlimited}).run()
					if len(got.messages) > 0 || got.end != (ending{why: lost}) || got.open != (cut >= 10) {
						t.Fatalf("cut at %d: the peer got %d messages, open %v, and then %v", cut, len(got.messages), got.open, got.end)
					}
				}
			})
		}
	}
}

func TestALongFileAllocatesNoMoreThanAShortOne(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, tr := range wstest.Transports[:2] {
		t.Run(tr.Name, func(t *testing.T) {
			a, b := tr.Pair(t)
			go io.Copy(io.Discard, b)
			w := newWriter(t, open(t, a, true), opcode.Binary)
			defer w.Abort()
			file := tempFile(t, 0)
			if err := file.Truncate(64 << 20); err != nil {
				t.Fatal(err)
			}
			allocations := func(size int64) float64 {
				return testing.AllocsPerRun(5, func() {
					file.Seek(0, io.SeekStart)
					if n, err := w.ReadFrom(io.LimitReader(file, size)); n != size || err != nil {
						t.Errorf("%d bytes, %v", n, err)
					}
				})
			}
			if short, long := allocations(2<<20), allocations(64<<20); long > short+1 {
				t.Errorf("%v allocations, and %v for 2 MiB", long, short)
			}
		})
	}
}

package deflate_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/litert/websocket/internal/deflate"
)

// An error of the source is that of one Read, and loses nothing.
func TestAnErrorOfTheSourceLosesNothing(t *testing.T) {
	payload := cut(compressed(prose[:20_000]), 100)
	for _, failure := range []error{errors.New("a deadline"), io.ErrUnexpectedEOF, io.ErrClosedPipe} {
		for _, blind := range []bool{false, true} {
			src := &pieces{rest: payload, errs: map[int]error{}, blind: blind}
			for i := range payload {
				src.errs[i] = failure
			}
			want := len(payload)
			if blind {
				src.errs[want] = failure
				want++
			}
			w := deflate.NewWindow(1 << 15)
			z := deflate.Inflate(connections.Add(1), &w, src)
			var got []byte
			failed := 0
			p := make([]byte, 300)
			for !z.Done() {
				n, err := z.Read(p)
				got = append(got, p[:n]...)
				switch {
				case err == failure && n == 0:
					failed++
				case err != nil && err != io.EOF:
					t.Fatalf("got %v", err)
				}
			}
			if string(got) != prose[:20_000] || failed != want || string(w.Bytes()) != prose[:20_000] {
				t.Errorf("got %d bytes, %d errors of %d", len(got), failed, want)
			}
			z.Release()
		}
	}
}

// hooked is a Source whose Next calls a hook before.
type hooked struct {
	pieces
	hook func()
}

func (s *hooked) Next() ([]byte, error) {
	s.hook()
	return s.pieces.Next()
}

// A panic of the source is the caller's of Read, and loses nothing either.
func TestAPanicOfTheSourceLosesNothing(t *testing.T) {
	panics := 0
	src := &hooked{pieces: pieces{rest: cut(compressed(prose[:20_000]), 100)}}
	src.hook = func() {
		if panics++; panics%2 == 1 {
			panic("hook")
		}
	}
	z := deflate.Inflate(connections.Add(1), new(deflate.Window), src)
	defer z.Release()
	var got []byte
	p := make([]byte, 300)
	for !z.Done() {
		func() {
			defer func() {
				if v := recover(); v != nil && v != "hook" {
					t.Errorf("panic: %v", v)
				}
			}()
			n, err := z.Read(p)
			if got = append(got, p[:n]...); err != nil {
				t.Errorf("got %v", err)
			}
		}()
	}
	if string(got) != prose[:20_000] || panics != 2*len(src.rest) {
		t.Errorf("got %d bytes, asked %d times", len(got), panics)
	}
}

// The source is asked in the goroutine that reads, which may be another one each time, and bound to a thread.
func TestTheSourceIsAskedByTheCallerOfRead(t *testing.T) {
	payload := cut(compressed(prose[:5000]), 50)
	asked := 0
	src := &hooked{pieces: pieces{rest: payload}}
	src.hook = func() {
		var stack [16 << 10]byte
		s := string(stack[:runtime.Stack(stack[:], false)])
		if !strings.Contains(s, "deflate_test.readOnce(") {
			t.Errorf("asked by\n%s", s)
		}
		asked++
	}
	z := deflate.Inflate(connections.Add(1), new(deflate.Window), src)
	for !z.Done() {
		if err := readInOne(z); err != nil {
			t.Fatal(err)
		}
	}
	z.Release()
	if asked != len(payload) {
		t.Errorf("asked %d times for %d pieces", asked, len(payload))
	}
}

// While the source waits, so does Read alone; a Read that has something does not ask it.
func TestReadWaitsForTheFirstByteAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := flushed(prose[:100], prose[100:200])
		src := &channel{c: make(chan []byte)}
		z := deflate.Inflate(connections.Add(1), new(deflate.Window), src)
		read := make(chan string)
		go func() {
			p := make([]byte, 1000)
			for !z.Done() {
				n, _ := z.Read(p)
				read <- string(p[:n])
			}
			close(read)
		}()
		for _, step := range []struct{ piece, want string }{{first[:3], ""}, {first[3:], prose[:100]}, {second, prose[100:200]}, {"\x00", ""}} {
			synctest.Wait()
			src.c <- []byte(step.piece)
			if step.want != "" {
				if got := <-read; got != step.want {
					t.Errorf("got %q", got)
				}
			}
		}
		synctest.Wait()
		close(src.c)
		if got := <-read; got != "" {
			t.Errorf("at the end %q", got)
		}
		<-read
		z.Release()
	})
}

// A piece that is still in use when the message is released, or no piece at all, is no matter.
func TestReleaseAtAnyPoint(t *testing.T) {
	text := prose[:30_000]
	for way, begin := range ways {
		for reads := range 40 {
			z := begin(connections.Add(1), new(deflate.Window), compressed(text))
			p := make([]byte, 1000)
			for range reads {
				z.Read(p)
			}
			z.Release()
		}
		if got, err := inflate(begin(connections.Add(1), new(deflate.Window), compressed(text)), 999); got != text || err != nil {
			t.Errorf("%s: then got %d bytes, %v", way, len(got), err)
		}
	}
	first, second := flushed(prose[:100], prose[100:200])
	z := deflate.Inflate(connections.Add(1), new(deflate.Window), &pieces{rest: []string{first[:3], first[3:], second}})
	if n, err := z.Read(make([]byte, 1000)); n != 100 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	z.Release() // where the library wants more
	src := &pieces{rest: []string{"x"}, errs: map[int]error{0: io.ErrClosedPipe}}
	z = deflate.Inflate(connections.Add(1), new(deflate.Window), src)
	if _, err := z.Read(make([]byte, 1)); err != io.ErrClosedPipe {
		t.Error(err)
	}
	z.Release()
}

// faulty is a library that panics when it has read something.
type faulty struct{ source io.Reader }

func (f *faulty) Reset(r io.Reader, _ []byte) error { f.source = r; return nil }
func (f *faulty) Close() error                      { return nil }

func (f *faulty) Read(p []byte) (int, error) {
	f.source.Read(p)
	panic("library")
}

func (f *faulty) WriteTo(w io.Writer) (int64, error) {
	f.source.Read(make([]byte, 3))
	w.Write([]byte("ab"))
	panic("library")
}

func TestAPanicOfTheLibraryIsTheCallers(t *testing.T) {
	for _, before := range []int{0, 1} {
		z := deflate.Inflate(connections.Add(1), new(deflate.Window), &pieces{rest: []string{hello}})
		z.SetLibrary(&faulty{})
		p := make([]byte, 2)
		if before == 1 {
			if n, err := z.Read(p[:1]); n != 1 || err != nil {
				t.Errorf("before: %d, %v", n, err)
			}
		}
		wantEnded(t, z, p)
	}
	z := deflate.InflateBytes(connections.Add(1), new(deflate.Window), []byte(hello))
	z.SetLibrary(&faulty{})
	wantEnded(t, z, make([]byte, 2))
	for _, begin := range ways { // those of the pool work
		if got, err := inflate(begin(connections.Add(1), new(deflate.Window), hello), 10); got != "Hello" || err != nil {
			t.Errorf("then got %q, %v", got, err)
		}
	}
}

// wantEnded wants a panic of the library in a Read of z, and errors behind it.
func wantEnded(t *testing.T, z *deflate.Inflater, p []byte) {
	t.Helper()
	func() {
		defer func() {
			if v := recover(); v != "library" {
				t.Errorf("panic: %v", v)
			}
		}()
		n, err := z.Read(p)
		t.Errorf("got %d, %v", n, err)
	}()
	for range 2 {
		if n, err := z.Read(p); n != 0 || err == nil || err == io.EOF || z.Done() {
			t.Errorf("behind it: %d, %v, done %v", n, err, z.Done())
		}
	}
	z.Release()
}

// readInOne reads what comes in a goroutine that is bound to its thread.
func readInOne(z *deflate.Inflater) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		err = readOnce(z)
	}()
	<-done
	return err
}

//go:noinline
func readOnce(z *deflate.Inflater) error {
	_, err := z.Read(make([]byte, 100))
	return err
}

// A channel is a Source whose pieces come from a channel.
type channel struct{ c chan []byte }

func (s *channel) Next() ([]byte, error) {
	p, ok := <-s.c
	if !ok {
		return nil, io.EOF
	}
	return p, nil
}

func (s *channel) Ended() bool { return false }

// flushed returns the payloads of two parts of a message, each with the end of its flush.
func flushed(a, b string) (first, second string) {
	d := deflate.KindOf(1, deflate.MaxWindowBits).Borrow(nil)
	defer d.GiveBack()
	d.Add([]byte(a))
	d.Flush()
	first = take(d, d.Out())
	d.Add([]byte(b))
	d.Flush()
	return first, string(d.Out())
}

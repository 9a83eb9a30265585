package stream

import (
	"sync"

	"github.com/litert/websocket/internal/deflate"
)

// encodeAtOnce is how much is compressed before what comes of it is sent.
const encodeAtOnce = 32 << 10

// recentPool has the memory for what was compressed last of the messages of open Writers: windows of all sizes.
var recentPool = sync.Pool{New: func() any { return new(deflate.Window) }}

// compress begins to compress the message, with what was gathered of it.
func (o *outgoing) compress() {
	zip := o.m.zip
	o.undecided, o.fragments.rsv1 = false, true
	o.z = zip.borrow(-1)
	if zip.out.Size() > 0 {
		o.recent = recentPool.Get().(*deflate.Window)
		o.recent.Reset(zip.out.Size())
	}
	if o.fragments.n > 0 {
		o.deflate(o.fragments.gathered())
		o.fragments.n = 0
	}
}

func (o *outgoing) deflate(p []byte) {
	o.z.Add(p)
	if o.recent != nil {
		o.recent.Add(p)
	}
}

// encode takes p, and sends what comes of it as whole fragments. It takes no more than it could send what came before.
func (o *outgoing) encode(p []byte) (n int, f failure) {
	for n < len(p) {
		if f := o.drain(deflate.TailLen); f.err != nil {
			return n, f
		}
		some := min(len(p)-n, encodeAtOnce)
		o.deflate(p[n : n+some])
		n += some
	}
	if f := o.drain(deflate.TailLen); !f.again {
		return n, f
	}
	return n, failure{} // what was taken goes with the next call
}

// encodeAll takes all of p, and sends what comes of it as far as that is possible.
func (o *outgoing) encodeAll(p []byte) (f failure) {
	for len(p) > 0 {
		n := min(len(p), encodeAtOnce)
		o.deflate(p[:n])
		p = p[n:]
		if f.err == nil {
			f = o.drain(deflate.TailLen)
		}
	}
	return f
}

// drain sends what makes whole fragments of what was compressed, but for the last keep bytes.
func (o *outgoing) drain(keep int) failure {
	out := o.z.Out()
	if len(out) <= keep {
		return failure{}
	}
	n, f := o.fragments.push(out[:len(out)-keep], false)
	o.z.Take(n)
	return f
}

// endEncoding gives back what compressed the message. What was sent helps those behind it.
func (o *outgoing) endEncoding(sent bool) {
	o.undecided = false
	if o.z == nil {
		return
	}
	if o.recent != nil {
		if sent {
			o.m.zip.out.Add(o.recent.Bytes())
		}
		recentPool.Put(o.recent)
		o.recent = nil
	}
	o.z.GiveBack()
	o.z = nil
}

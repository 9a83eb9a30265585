package browser

import (
	"syscall/js"

	"github.com/litert/websocket/opcode"
)

// A payload is the payload of a received message: a Uint8Array.
type payload struct {
	array js.Value
	size  int
}

func (p payload) Len() int { return p.size }

func (p payload) CopyAt(b []byte, at int) {
	array := p.array
	if at > 0 {
		array = array.Call("subarray", at)
	}
	js.CopyBytesToGo(b, array)
}

// A codec makes bytes of what browsers have, and the other way round.
type codec struct{ bytes, buffer, encoder, decoder js.Value }

func newCodec() codec {
	g := js.Global()
	return codec{
		bytes:   g.Get("Uint8Array"),
		buffer:  g.Get("ArrayBuffer"),
		encoder: g.Get("TextEncoder").New(),
		decoder: g.Get("TextDecoder").New("utf-8", map[string]any{"ignoreBOM": true}), // which keeps it
	}
}

// decode returns a message that has come: a string, an ArrayBuffer, or a view of one.
func (c codec) decode(data js.Value) (opcode.Opcode, Payload) {
	op := opcode.Binary
	switch {
	case data.Type() == js.TypeString:
		op, data = opcode.Text, c.encoder.Call("encode", data)
	case data.InstanceOf(c.buffer):
		data = c.bytes.New(data)
	}
	return op, payload{data, data.Get("byteLength").Int()}
}

// A draft is the message that is put together, in a Uint8Array that is at least as long.
type draft struct {
	codec
	array js.Value
	size  int // of the message
	room  int // of array
}

// Begin begins a message; see [Port].
func (d *draft) Begin(size int, whole bool) error {
	if !whole {
		size = max(2*size, 64<<10) // there is more to come
	}
	d.size = 0
	return d.grow(size)
}

// grow makes an array of the size, and leaves the old one behind.
func (d *draft) grow(size int) error {
	return try(func() { d.array, d.room = d.bytes.New(size), size })
}

// Add adds p; see [Port].
func (d *draft) Add(p []byte) error {
	if size := d.size + len(p); size > d.room {
		before, used := d.array, d.size
		if err := d.grow(2 * size); err != nil {
			return err
		}
		d.array.Call("set", before.Call("subarray", 0, used))
	}
	array := d.array
	if d.size > 0 {
		array = array.Call("subarray", d.size)
	}
	js.CopyBytesToJS(array, p)
	d.size += len(p)
	return nil
}

// finish returns the message as browsers take it, and forgets it.
func (d *draft) finish(op opcode.Opcode) (data js.Value, err error) {
	data = d.array
	if d.size < d.room {
		data = data.Call("subarray", 0, d.size)
	}
	if op == opcode.Text {
		err = try(func() { data = d.decoder.Call("decode", data) })
	}
	d.array, d.size, d.room = js.Undefined(), 0, 0
	return data, err
}

// try returns the exception that f throws.
func try(f func()) (err error) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case js.Error:
			err = thrown
		default:
			panic(thrown)
		}
	}()
	f()
	return nil
}

// funcs are what JavaScript may call, until they are released.
type funcs []js.Func

// add makes a function of f, which gets the first argument.
func (fs *funcs) add(f func(js.Value)) js.Func {
	fn := js.FuncOf(func(_ js.Value, args []js.Value) any {
		var arg js.Value
		if len(args) > 0 {
			arg = args[0]
		}
		f(arg)
		return nil
	})
	*fs = append(*fs, fn)
	return fn
}

// release lets go of all. One of them may be the caller.
func (fs *funcs) release() {
	for _, fn := range *fs {
		fn.Release()
	}
	*fs = nil
}

package main

import (
	"fmt"
	"io"
)

// incoming is what comes on a connection of the load. It looks at headers, counts, and compares samples.
type incoming struct {
	want     func(i int) content // of the i-th message
	op       byte                // of all messages
	stream   bool                // messages may come in others than they were sent in
	messages int                 // that have come

	buf  []byte
	have int // buf[:have] is the start of a header

	inside bool // a frame has begun
	frame  header
	pos    int64 // in its payload
	open   bool  // its message goes on behind it
	read   int64 // of the message
	wire   int64 // bytes of all payloads
	unzip  *unzip
}

// fill takes all that has come.
func (in *incoming) fill(r io.Reader) error {
	n, err := r.Read(in.buf[in.have:])
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	data := in.buf[:in.have+n]
	for len(data) > 0 {
		n, err := in.take(data)
		if err != nil {
			return fmt.Errorf("message %d: %w", in.messages, err)
		}
		if n == 0 {
			break // within a header
		}
		data = data[n:]
	}
	in.have = copy(in.buf, data)
	return nil
}

// take takes a header, or a piece of a payload, and returns its length.
func (in *incoming) take(data []byte) (n int, err error) {
	if !in.inside {
		if in.frame, n = parse(data); n == 0 {
			return 0, nil
		}
		if in.unzip != nil && !in.open {
			in.unzip.begin(&in.frame)
		}
		if op := in.frame.first &^ fin; in.open && op != 0 || !in.open && op != in.op {
			return 0, fmt.Errorf("a frame with opcode %d has come", op)
		}
		in.inside, in.pos, in.open = true, 0, in.frame.first&fin == 0
	} else {
		n = int(min(int64(len(data)), in.frame.length-in.pos))
		if err := in.payload(data[:n]); err != nil {
			return 0, err
		}
	}
	if in.pos < in.frame.length {
		return n, nil
	}
	if in.inside = false; in.open || in.stream {
		return n, nil
	}
	if in.unzip != nil {
		if err := in.unzip.end(in); err != nil {
			return 0, err
		}
	}
	if size := in.want(in.messages).size; in.read != size {
		return 0, fmt.Errorf("it has %d bytes instead of %d", in.read, size)
	}
	in.messages++
	in.read = 0
	return n, nil
}

func (in *incoming) payload(p []byte) error {
	if in.frame.masked {
		xor(p, p, in.frame.key, in.pos)
	}
	in.pos += int64(len(p))
	in.wire += int64(len(p))
	if in.stream {
		return in.streamed(p)
	}
	if in.unzip != nil && in.unzip.zipped {
		in.unzip.take(p, in.messages)
		return nil
	}
	if err := in.want(in.messages).check(p, in.read); err != nil {
		return err
	}
	in.read += int64(len(p))
	return nil
}

// streamed takes a piece of what was sent as messages.
func (in *incoming) streamed(p []byte) error {
	for len(p) > 0 {
		want := in.want(in.messages)
		n := min(int64(len(p)), want.size-in.read)
		if err := want.check(p[:n], in.read); err != nil {
			return err
		}
		p, in.read = p[n:], in.read+n
		if in.read == want.size {
			in.messages, in.read = in.messages+1, 0
		}
	}
	return nil
}

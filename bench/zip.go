package main

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"
)

// offer returns the header field with which the load asks for compression.
func offer(j job) string {
	switch {
	case !j.Deflate:
		return ""
	case j.Takeover:
		return "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	return "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
}

// accepted checks that the server compresses as it was asked to.
func accepted(j job, response string) error {
	switch response = strings.ToLower(response); {
	case j.Deflate && !strings.Contains(response, "permessage-deflate"):
		return errors.New("the server does not compress")
	case j.Takeover && strings.Contains(response, "no_context_takeover"), strings.Contains(response, "max_window_bits"):
		return errors.New("the server compresses in another way")
	}
	return nil
}

// tail is what is left out at the end of a compressed message.
const tail = "\x00\x00\xff\xff"

// squeeze compresses messages, the first of which needs none before it.
func squeeze(messages [][]byte, takeover bool) [][]byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is right
	}
	payloads := make([][]byte, len(messages))
	for i, m := range messages {
		w.Write(m) // a Buffer takes everything
		w.Flush()
		payloads[i] = bytes.TrimSuffix(bytes.Clone(b.Bytes()), []byte(tail))
		b.Reset()
		if !takeover {
			w.Reset(&b)
		}
	}
	return payloads
}

// unzipped is how many messages of a connection are inflated and compared, from the first on. It is not all of them, as
// the load shares the machine with what is measured.
const unzipped = 16

// An unzip inflates messages that come.
type unzip struct {
	takeover bool
	zipped   bool   // the current message is compressed
	payload  []byte // of that, as far as it has come
	before   []byte // what there was before it
}

// begin takes the first header of a message.
func (z *unzip) begin(h *header) {
	z.zipped = h.first&rsv1 != 0
	h.first &^= rsv1
}

// take takes a piece of the payload of the i-th message.
func (z *unzip) take(p []byte, i int) {
	if i < unzipped {
		z.payload = append(z.payload, p...)
	}
}

// end ends a message of in. What is not inflated is taken to be right.
func (z *unzip) end(in *incoming) error {
	want := in.want(in.messages)
	switch {
	case !z.zipped:
		return nil
	case in.messages >= unzipped:
		z.payload, z.before = nil, nil
		in.read = want.size
		return nil
	}
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(z.payload), strings.NewReader(tail+"\x01\x00\x00\xff\xff")), z.before)
	message, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("inflating it: %w", err)
	}
	if !bytes.Equal(message, want.period) {
		return errors.New("it is not what was sent")
	}
	z.payload = z.payload[:0]
	if z.takeover {
		z.before = append(z.before, message...)
		z.before = z.before[max(0, len(z.before)-1<<15):]
	}
	in.read = int64(len(message))
	return nil
}

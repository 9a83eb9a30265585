package deflate

import (
	"io"

	"github.com/klauspost/compress/flate"
)

// A Library inflates what its source has.
type Library interface {
	io.ReadCloser
	io.WriterTo
	flate.Resetter
}

// SetLibrary has l inflate the message of z, of which nothing was read.
func (z *Inflater) SetLibrary(l Library) {
	z.flate = l
	z.begin(z.source)
}

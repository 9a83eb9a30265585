package deflate

// A Source has the payload of one message, as it came, unmasked. It is asked by the goroutine that calls [Inflater.Read],
// during that call.
type Source interface {
	// Next waits for the next piece of the payload and returns it. An empty piece is fine. The piece is valid until the
	// following call of Next, or until [Inflater.Release]; it is only read. Behind the last piece the error is io.EOF, and
	// Next is not called again. Any other error, or a panic, ends the Read and loses nothing: the next Read that has
	// nothing else to return calls Next again.
	Next() ([]byte, error)

	// Ended reports whether it is known that there is no further piece. It neither waits nor fails.
	Ended() bool
}

package streamtest

import "github.com/litert/websocket/stream"

// Pipe returns the two ends of a connection in memory, as they are after an opening handshake in which nothing was
// agreed on. The options are for both. They are connections like any other: close both.
//
// It panics with a [*stream.ArgumentError] where [stream.New] would return one: that is a mistake in the test.
func Pipe[M any](mode stream.Mode[M], opts ...stream.Option) (client, server *stream.Conn[M]) {
	a, b := NetPipe()
	return open(stream.New(a, stream.Handshake{}, mode, opts...)),
		open(stream.New(b, stream.Handshake{Server: true}, mode, opts...))
}

func open[M any](c *stream.Conn[M], err error) *stream.Conn[M] {
	if err != nil {
		panic(err)
	}
	return c
}

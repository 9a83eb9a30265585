// Package streamtest has connections for tests of programs that use package stream: the two ends are in the same
// process, and no network is between them.
//
//	client, server := streamtest.Pipe(stream.Standard)
//	defer client.Close()
//	go func() {
//		defer server.Close()
//		handle(ctx, server) // what is under test
//	}()
//	err := client.WriteText(ctx, "hello")
//
// # Time
//
// No goroutine and no system call moves the bytes of a [Pipe], and whoever waits for the other end is durably blocked
// in the sense of [testing/synctest]. So in a bubble an idle timeout of a minute is over at once, and behind
// [synctest.Wait] everything has been received that could be. A Pipe belongs to the bubble that it was made in.
//
// # Modes and handshakes
//
// Pipe is for the usual case: both ends have the same mode and options, and an empty [stream.Handshake]. For all
// others there is [NetPipe], which is only the transport:
//
//	a, b := streamtest.NetPipe()
//	client, err := stream.New(a, stream.Handshake{}, stream.Simple)
//	server, err := stream.New(b, stream.Handshake{Server: true, Subprotocol: "files.v1"}, stream.Standard)
//
// # Limits
//
// A Pipe holds 64 KiB in each direction. More can be written only while the other end reads, as over a network: two
// ends that both write more than that before they read wait for each other, which synctest reports as a deadlock.
package streamtest

// Faults has networks and machines fail below real connections, and tells of each fault what has come of it, as a table in
// Markdown. It needs Linux, and root.
//
//	go run ./internal/faults -list
//	go run ./internal/faults [-short] [-run regexp] [-v]
//
// A fault is tried in a process of its own, once for each of the connections that it is of interest to: with the client or
// the server as the end that is looked at, in each receive mode, plain, over TLS and as a stream of HTTP/2 (over TLS), with and without compression;
// with -short, for some of them. A trial has held if its fault did what the table says under "must hold", and if neither a goroutine nor a
// descriptor nor a megabyte of memory is left in the process, once both ends have been closed.
//
// # The network
//
// Each trial has two hosts for itself: network namespaces with a pair of veth devices between them, as "ip netns" makes
// them. Rules of nftables lose packets where they come in, at random, or all of them (a black hole), or answer them with a
// reset; the link goes down, and gets another MTU or address, by "ip". Packets on the wire are as large as the MTU allows and not
// larger. Nothing outside of the namespaces is changed, and those that a killed run has left behind go with the next one.
//
// A time that must be kept has two seconds on top, which a busy machine may take. The table has the time that was measured.
//
// Over HTTP/2 both ends are those of package net/http, and their connection has one stream. A write of the server that is stuck in
// TCP ends by the WriteByteTimeout of the http.Server alone, as the documentation of package listen says: no context, deadline or
// idle timeout ends it before. Proxies, and the opening handshake, are those of HTTP/1.1.
//
// # The machine
//
// Both ends are at the loopback address. The descriptors are those that the process has left (RLIMIT_NOFILE); the full disk is a file
// system in memory of its own; a slow one is a pipe that is read slowly. The memory of slow readers is that of the process
// (VmRSS), with little in the buffers of the system, which are not the library's: see listenTight. The clock of the wall is left as it
// is, as other programs go by it; deadlines are given without a monotonic reading, as one that was parsed has none.
//
// The status is 1 unless all trials have held. What the machine cannot do, as it lacks a program, is told as "skipped", and so is
// the whole where the user is not root, or the system not Linux: the status is 0 then.
package main

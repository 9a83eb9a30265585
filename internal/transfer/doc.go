// Package transfer is the protocol of wscp at both ends: files, directories and what pipes have go over a connection of WebSocket, and
// are checked at the other end. A [Client] asks, and a [Server] is asked; either may be the one that sends. Neither knows how the
// connection was made, nor what shows how the transfer goes on.
//
//	conn, err := dial.Dial(ctx, url, stream.Standard, dial.Subprotocols(transfer.PutProtocol), stream.MaxMessageSize(stream.Unlimited))
//	src, err := transfer.Open(ctx, "disk.img")
//	client := transfer.Client{Conn: conn, Observer: observer}
//	result, err := client.Put(ctx, src, false)
//
// A server reads and writes nothing but below its root, and nothing that package draft hides. Whatever a peer sends, what is not whole
// gets no name.
//
// # Protocol
//
// The subprotocol tells the direction, wscp.put.v4 or wscp.get.v4, and the path of the URL the name. All texts but one are JSON
// objects of at most 1024 bytes; sums are SHA-256 in hexadecimal digits. The client begins, and the rest is the same in both
// directions:
//
//	client    {"continue": BOOLEAN, "names": [NAME...], "folder": BOOLEAN}
//	receiver  {"offset": K, "sha256": SUM}        if it continues: of the K bytes that there are
//	sender    {"length": N, "mode": PERMISSIONS, "mtime": TIME, "offset": J}
//	sender    the bytes from J on, in binary messages; J is K if they are the same before, and 0 if not
//	sender    {"length": TOTAL, "sha256": SUM}    of all of it
//	receiver  {"sha256": SUM}                     of what is in its place, and on the disk
//	receiver  closes with 1000
//
// A length that is missing is not known; other members that are missing are zero. TIME is as in RFC 3339. With "folder", the
// directory of a file that is put is made if there is none. Where the path ends with a slash, the receiver that continues tells what
// it has, of "names" if there are any, in one text of at most 4 MiB of objects {"name": NAME, "offset": LENGTH, "sha256": SUM},
// one behind the other. For each directory, link and file, directories before what is in them, the sender sends
//
//	{"name": NAME, "mode": PERMISSIONS, "mtime": TIME, "directory": true}
//	{"name": NAME, "mode": PERMISSIONS, "mtime": TIME, "target": NAME}
//	{"name": NAME, "mode": PERMISSIONS, "mtime": TIME, "length": N}, the bytes, and {"length": TOTAL, "sha256": SUM}
//
// and then {"end": true}. The receipt is {"files": COUNT} then. Nothing is waited for between files. This is measured to
// take the same time as a tar stream with a sum for each of 10,000 files of 4 KiB, and needs nothing but what a single file does:
// the sum stands behind the bytes that it is of, so that a large file need not be read before, and it has its name at once.
//
// Any other end is a failure, and the close frame tells the reason: with code 1008 if it was refused, 1001 if it was
// interrupted, and 1011 otherwise. A receiver whose sender goes on behind the length breaks the connection off.
package transfer

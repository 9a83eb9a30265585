// Command wscp copies files over WebSocket, as large as they come, in constant memory: it shows what the packages
// of this module are for.
//
//	wscp demo [-size SIZE]
//	wscp serve [-addr HOST:PORT] [-cert FILE -key FILE] DIR
//	wscp put FILE URL
//	wscp get URL FILE
//
// Demo starts a server on the loopback interface, makes a file of random bytes, puts it up, gets it back, and compares
// the SHA-256 sums. It tells how fast that was, and how much memory the process has used. SIZE is a number of bytes, or
// one such as 64MiB or 4GiB; the default is 256MiB, and three times that is used of the disk. Nothing of it stays
// there.
//
// Serve lets everybody who reaches the address read and write the files in DIR, and below, and nothing else. The
// address is 127.0.0.1:8080 by default. With a certificate and its key, in PEM, it speaks TLS. Web pages of other hosts
// are refused. It ends on a signal.
//
// Put sends a file, and get fetches one. The path of URL, ws://HOST:PORT/NAME or wss://HOST:PORT/NAME, is the name of
// the file below DIR, whose directory must exist. Names with control characters are refused.
//
// A file appears under its name once it is whole, its SHA-256 sum is that of what was sent, and it is on the disk. Until
// then what was there under that name stays as it was; if the transfer fails or is interrupted, nothing else is left. A
// file that replaces another has that one's mode; a new one may be read and written as the umask has it, and executed if
// the source may be by its owner. A file that changes while it is sent is not received. Progress is shown on a terminal.
//
// A file that is not whole yet has a name that begins with .wscp-, which clients can neither read nor write. What a server
// or client that was killed has left in DIR and below is removed by the next server that starts there. A file that is
// still written is locked, and stays. So it is on Linux, macOS and the BSDs; on systems without such locks, Windows among
// them, what was left stays.
//
// The sum guards against faults of programs, memories and disks. It does not guard against an attacker on the way, who
// can change it, too; TLS does.
//
// The exit status is 0 if all went well, 1 if it did not or was interrupted, and 2 if the command was not understood.
//
// # Protocol
//
// A connection carries one file, in the direction of its subprotocol, wscp.put.v2 or wscp.get.v2. The sender sends
//
//   - a text, the JSON object {"length": BYTES, "executable": BOOLEAN}, of which the second may be missing,
//   - the file, as one binary message of that length,
//   - a text, the JSON object {"sha256": "HEX"}, the sum of the bytes it has sent.
//
// Neither text has more than 1024 bytes. The server closes the connection with code 1000 once it has the file in its place
// (put), or has sent all of it (get); a client that gets a file answers that once it has compared the sums. Any other end
// is a failure, and the close frame tells the reason: with code 1008 if it was refused, 1001 if it was interrupted, and
// 1011 otherwise. A receiver whose sender goes on behind the length breaks the connection off.
package main

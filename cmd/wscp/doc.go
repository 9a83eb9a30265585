// Command wscp copies files over WebSocket, as large as they come, in constant memory: it shows what the packages
// of this module are for.
//
//	wscp demo [-size SIZE]
//	wscp serve [-addr HOST:PORT] [-host NAME]... [-cert FILE -key FILE] [-token-file FILE]
//	           [-readonly] [-no-overwrite] [-max-size SIZE] [-max-connections N] DIR
//	wscp put [-token-file FILE] FILE URL
//	wscp get [-token-file FILE] URL FILE
//
// Demo starts a server on the loopback interface, makes a file of random bytes, puts it up, gets it back, and compares
// the SHA-256 sums. It tells how fast that was, and how much memory the process has used. SIZE is a number of bytes, or
// one such as 64MiB or 4GiB; the default is 256MiB, and three times that is used of the disk. Nothing of it stays
// there.
//
// Serve lets clients read and write the files in DIR, and below, and nothing else. It prints the URLs at which it is
// reached, and ends on a signal.
//
// Put sends a file, and get fetches one. The path of URL, ws://HOST:PORT/NAME or wss://HOST:PORT/NAME, is the name of
// the file below DIR, whose directory must exist. Names with control characters are refused.
//
// A file appears under its name once it is whole, its SHA-256 sum is that of what was sent, and it is on the disk. Until
// then what was there under that name stays as it was; if the transfer fails or is interrupted, nothing else is left. A
// file that replaces another has that one's mode; a new one may be read and written as the umask has it, and executed if
// the source may be by its owner. A file that changes while it is sent is not received, nor is one that has more bytes
// than it tells, as those of /proc. Progress is shown on a terminal.
//
// The sum guards against faults of programs, memories and disks. It does not guard against an attacker on the way, who
// can change it, too; TLS does.
//
// The exit status is 0 if all went well, 1 if it did not or was interrupted, and 2 if the command was not understood.
//
// # Serving
//
// The address is 127.0.0.1:8080 by default, which only this machine reaches, but for all its users. On any other address,
// everybody who reaches it reads and writes the files, unless there is a token; serve says so when it starts.
//
//   - -token-file FILE has clients show the token in FILE, one line of visible ASCII, or get the status 401. Clients show
//     the one in theirs. Without the flag, it is the value of the environment variable WSCP_TOKEN, if there is one, which is
//     not to be empty; it is never an argument, which all users of a machine can see. It is sent as it is (Authorization:
//     Bearer, RFC 6750): without TLS, it can be read on the way.
//   - -cert FILE -key FILE, a certificate and its key in PEM, has it speak TLS.
//   - -host NAME, which may be given several times, is a name or address that the server is reached by, at whatever port.
//     A request for another host gets the status 421: a web page could have its own name lead to a private address, and
//     would pass for a page of this server. On a loopback address, localhost, 127.0.0.1 and [::1] are names as well. On
//     others, without -host, it is localhost and the addresses of the machine, or any name at all if there is a token. Web
//     pages of other hosts than the one asked for are refused in any case.
//   - -readonly refuses what is put, and -no-overwrite what is put under a name that exists.
//   - -max-size SIZE is how large a file that is put may be; by default, as large as the disk allows.
//   - -max-connections N is how many clients are served at a time, 256 by default; others get the status 503.
//
// A file that is not whole yet has a name that begins with .wscp-, which clients can neither read nor write. What a server
// or client that was killed has left in DIR and below is removed by the next server that starts there, unless with
// -readonly. A file that is still written is locked, and stays. So it is on Linux, macOS and the BSDs; on systems without
// such locks, Windows among them, what was left stays.
//
// # Protocol
//
// A connection carries one file, in the direction of its subprotocol, wscp.put.v2 or wscp.get.v2. The sender sends
//
//   - a text, the JSON object {"length": BYTES, "executable": BOOLEAN}, of which the second may be missing,
//   - the file, as one binary message of that length,
//   - a text, the JSON object {"sha256": "HEX"}, the sum of the bytes it has sent.
//
// Neither text has more than 1024 bytes. The receiver closes the connection with code 1000: the server once it has the
// file in its place (put), a client once it has compared the sums (get). Any other end is a failure, and the close frame
// tells the reason: with code 1008 if it was refused, 1001 if it was interrupted, and 1011 otherwise. A receiver whose
// sender goes on behind the length breaks the connection off.
package main

// Command wscp copies files over WebSocket, as large as they come, in constant memory, where only HTTP gets through.
//
//	wscp serve [FLAG]... DIR
//	wscp put [FLAG]... FILE... URL
//	wscp get [FLAG]... URL FILE
//	wscp connect [FLAG]... URL
//	wscp demo [FLAG]...
//	wscp help [COMMAND]
//
// Serve lets clients read and write the files in DIR and below, and nothing else. Put sends files, and get fetches them: URL is
// ws://HOST:PORT/NAME or wss://HOST:PORT/NAME. Connect sends lines as messages, and prints those that come. Demo shows it all on
// this machine. Help COMMAND tells the flags, which may stand anywhere.
//
//   - FILE may be - for what is piped in or out, and for put any pipe. Nothing has its name at the other end before the pipe
//     has ended; that the program which writes to it has failed, wscp cannot see: what had come has the name then, in the
//     place of what was there. The status of the pipeline tells of it with set -o pipefail.
//   - A URL that ends with a slash is a directory. Put sends files and directories to it by their names, and what is in a
//     directory that is given with a slash; get fetches what is in it. Modes, times and symbolic links are kept. Links that
//     may lead out of the directory, as those with .. behind a name, are not sent, and refused, and so are names that do.
//     A name that is no UTF-8, or with its path too long for the protocol, ends the transfer.
//   - -continue goes on where an earlier transfer with it has stopped, once both ends have compared the SHA-256 sums of what
//     there is; of a directory, files that are there are not sent again. -retry TIME connects again by itself, with growing
//     waits, until nothing has moved for that long. What there is of a file waits under a hidden name for a day.
//   - -digest prints SHA-256 sums as sha256sum does, -v a line every three seconds where no terminal shows a bar, -json all as
//     lines of JSON, and -q errors alone.
//   - -token-file FILE or the variable WSCP_TOKEN, user:password@ in the URL, -H FIELD, -cert FILE -key FILE show who one is.
//   - -cacert FILE, -fingerprint HEX and -insecure tell which servers are trusted beside those of the system's authorities. A
//     URL without TLS is refused with -fingerprint.
//   - -z compresses, -http2 shares a connection of HTTP/2, -proxy URL, -bind ADDRESS and -unix PATH tell the way.
//   - connect has -binary for bytes instead of lines, and -subprotocol NAME; demo has -size SIZE.
//
// A file appears under its name once it is whole, its SHA-256 sum is that of what was sent, and it is on the disk. Until
// then what was there under that name stays as it was; if the transfer fails or is interrupted, nothing else is left, but for
// -continue. A file that replaces another has that one's mode; a new one may be read and written as the umask has it, and
// executed if the source may be by its owner. The time is the source's. A file that changes while it is sent is not
// received, nor is one that has more bytes than it tells, as those of /proc. Files of a directory have their names one by one, each when
// it is whole, and are left to the system to bring to the disk.
//
// The sum guards against faults of programs, memories and disks. It does not guard against an attacker on the way, who
// can change it, too; TLS does.
//
// The exit status is 0 if all went well, 1 if it did not or was interrupted, and 2 if the command was not understood. That of
// connect is 100 and the last two digits of the close code for codes other than 1000.
//
// # Serving
//
// The address is 127.0.0.1:8080 by default, which only this machine reaches, but for all its users; -addr HOST:PORT is another.
// There, everybody who reaches it reads and writes the files, unless there is a token; serve says so when it starts.
//
//   - -token-file FILE has clients show the token in FILE, one line of visible ASCII, or get the status 401. Clients show
//     the one in theirs. Without the flag, it is the value of the environment variable WSCP_TOKEN, if there is one, which is
//     not to be empty; it is never an argument, which all users of a machine can see. It is sent as it is (Authorization:
//     Bearer, RFC 6750): without TLS, it can be read on the way.
//   - -tls makes a certificate for this run, and prints the fingerprint that clients give to -fingerprint. -cert FILE -key FILE
//     are a certificate and its key in PEM. With -cacert FILE, clients show a certificate of one of those authorities.
//   - -host NAME, which may be given several times, is a name or address that the server is reached by, at whatever port.
//     A request for another host gets the status 421: a web page could have its own name lead to a private address, and
//     would pass for a page of this server. On a loopback address, localhost, 127.0.0.1 and [::1] are names as well. On
//     others, without -host, it is localhost and the addresses of the machine, or any name at all if there is a token. Web
//     pages of other hosts than the one asked for are refused in any case.
//   - -readonly refuses what is put, and -no-overwrite what is put under a name that exists; directories that exist stay as they
//     are, but for what is new in them.
//   - -max-size SIZE, a number of bytes, or one such as 64MiB, is how large a file that is put may be; by default, as large as
//     the disk allows.
//   - -max-connections N is how many clients are served at a time, 256 by default; others get the status 503.
//   - -unix PATH listens at a UNIX socket.
//
// A browser gets a page of a directory, and a file as a download, of which it can ask for parts. Files are uploaded from the page
// as wscp.put.v4 has it, with "continue": what was interrupted goes on by itself, or once the same file is chosen again after
// a reload. The page asks for the token, and gets a cookie for it, which is another secret, and good for this run of the server
// at this port. Scripts and styles are those of the server alone (Content Security Policy), and a file that was put never runs
// as one of its pages. At most 10000 names of a directory are listed.
//
// A file that is not whole yet has a name that begins with .wscp-, which clients can neither read nor write. What a server
// or client that was killed has left in DIR and below is removed by the next server that starts there, unless with
// -readonly, and what waits to be continued after a day. A file that is still written is locked, and stays. So it is on Linux,
// macOS and the BSDs; on systems without such locks, Windows among them, what was left stays, and every transfer begins anew.
//
// # Protocol
//
// The subprotocols are wscp.put.v4 and wscp.get.v4. The documentation of package internal/transfer of this module tells other
// programs how to speak them.
package main

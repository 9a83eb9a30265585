// Package bench holds benchmarks of this module beside others, over real sockets. It is a module of its own, so that
// the others are dependencies of nothing else.
package bench

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	coder "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorilla "github.com/gorilla/websocket"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

const size = 64 << 20 // of a message

// A library serves one connection, as its documentation recommends for large messages: it receives a message and throws
// it away, or sends the file.
type library struct {
	name     string
	get, put func(w http.ResponseWriter, r *http.Request, file *os.File) error
}

var libraries = []library{
	{"litert",
		func(w http.ResponseWriter, r *http.Request, file *os.File) error {
			conn, err := listen.Upgrade(w, r, stream.Standard)
			if err != nil {
				return err
			}
			defer conn.Close()
			msg, err := conn.NewWriter(r.Context(), opcode.Binary)
			if err != nil {
				return err
			}
			if _, err := io.Copy(msg, file); err != nil {
				return err
			}
			return msg.Close()
		},
		func(w http.ResponseWriter, r *http.Request, _ *os.File) error {
			conn, err := listen.Upgrade(w, r, stream.Standard)
			if err != nil {
				return err
			}
			defer conn.Close()
			msg, err := conn.Receive(r.Context())
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, msg)
			return err
		}},
	{"gorilla",
		func(w http.ResponseWriter, r *http.Request, file *os.File) error {
			conn, err := new(gorilla.Upgrader).Upgrade(w, r, nil)
			if err != nil {
				return err
			}
			defer conn.Close()
			msg, err := conn.NextWriter(gorilla.BinaryMessage)
			if err != nil {
				return err
			}
			if _, err := io.Copy(msg, file); err != nil {
				return err
			}
			return msg.Close()
		},
		func(w http.ResponseWriter, r *http.Request, _ *os.File) error {
			conn, err := new(gorilla.Upgrader).Upgrade(w, r, nil)
			if err != nil {
				return err
			}
			defer conn.Close()
			_, msg, err := conn.NextReader()
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, msg)
			return err
		}},
	{"coder",
		func(w http.ResponseWriter, r *http.Request, file *os.File) error {
			conn, err := coder.Accept(w, r, nil)
			if err != nil {
				return err
			}
			defer conn.CloseNow()
			msg, err := conn.Writer(r.Context(), coder.MessageBinary)
			if err != nil {
				return err
			}
			if _, err := io.Copy(msg, file); err != nil {
				return err
			}
			return msg.Close()
		},
		func(w http.ResponseWriter, r *http.Request, _ *os.File) error {
			conn, err := coder.Accept(w, r, nil)
			if err != nil {
				return err
			}
			defer conn.CloseNow()
			conn.SetReadLimit(-1)
			_, msg, err := conn.Reader(r.Context())
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, msg)
			return err
		}},
	{"gobwas",
		func(w http.ResponseWriter, r *http.Request, file *os.File) error {
			conn, _, _, err := ws.UpgradeHTTP(r, w)
			if err != nil {
				return err
			}
			defer conn.Close()
			msg := wsutil.NewWriter(conn, ws.StateServerSide, ws.OpBinary)
			if _, err := io.Copy(msg, file); err != nil {
				return err
			}
			return msg.Flush()
		},
		func(w http.ResponseWriter, r *http.Request, _ *os.File) error {
			conn, rw, _, err := ws.UpgradeHTTP(r, w)
			if err != nil {
				return err
			}
			defer conn.Close()
			msg := wsutil.NewReader(rw, ws.StateServerSide)
			if _, err := msg.NextFrame(); err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, msg)
			return err
		}},
}

// BenchmarkGet is a server that sends a file as one message, to a peer that reads bytes and nothing more.
func BenchmarkGet(b *testing.B) {
	file, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		b.Fatal(err)
	}
	for _, lib := range libraries {
		b.Run(lib.name, func(b *testing.B) {
			run(b, lib.get, file, func(conn net.Conn) error {
				n, err := io.Copy(io.Discard, conn)
				if n < size-1<<16 { // the first bytes may have come with the handshake
					b.Errorf("%d bytes came", n)
				}
				return err
			})
		})
	}
}

// BenchmarkPut is a server that receives a message in masked frames of 256 KiB, and throws it away.
func BenchmarkPut(b *testing.B) {
	const part = 256 << 10
	key := frame.Key{1, 2, 3, 4}
	payload := make([]byte, part)
	frame.Mask(payload, key, 0)
	for _, lib := range libraries {
		b.Run(lib.name, func(b *testing.B) {
			run(b, lib.put, nil, func(conn net.Conn) error {
				for sent := 0; sent < size; sent += part {
					h := frame.Header{Masked: true, Key: key, Length: part, Fin: sent+part == size}
					if sent == 0 {
						h.Opcode = opcode.Binary
					}
					bufs := net.Buffers{h.Append(nil), payload}
					if _, err := bufs.WriteTo(conn); err != nil {
						return err
					}
				}
				_, err := io.Copy(io.Discard, conn)
				return err
			})
		})
	}
}

// run serves connections with serve, each with a peer that speaks plain bytes.
func run(b *testing.B, serve func(http.ResponseWriter, *http.Request, *os.File) error, file *os.File, peer func(net.Conn) error) {
	failed := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { failed <- serve(w, r, file) }))
	defer server.Close()
	b.SetBytes(size)
	for b.Loop() {
		if file != nil {
			file.Seek(0, io.SeekStart)
		}
		var conn net.Conn
		ws, err := dial.Dial(context.Background(), "ws"+strings.TrimPrefix(server.URL, "http"), stream.Standard,
			dial.NetDial(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
				conn, err = new(net.Dialer).DialContext(ctx, network, address)
				return conn, err
			}))
		if err != nil {
			b.Fatal(err)
		}
		peer(conn) // whose error at the end is that the server has gone
		if err := <-failed; err != nil {
			b.Fatal(err)
		}
		ws.Abort()
	}
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	coderws "github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	gorillaws "github.com/gorilla/websocket"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
	"github.com/lxzan/gws"
)

// smallLimit is how large a message may be in these tests.
const smallLimit = 64 << 10

// A taste returns the first message of the client that r is of, or why there is none, with the limit above and, where
// the library has it, compression.
type taste func(w http.ResponseWriter, r *http.Request) ([]byte, error)

var readings = map[string]taste{
	"litert": func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
		c, err := listen.Upgrade(w, r, stream.Standard, stream.MaxMessageSize(smallLimit), stream.Compression(stream.CompressionConfig{}))
		if err != nil {
			return nil, err
		}
		defer c.Abort()
		msg, err := c.Receive(r.Context())
		if err != nil {
			return nil, err
		}
		return io.ReadAll(msg)
	},
	"gorilla": func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
		u := gorillaws.Upgrader{EnableCompression: true}
		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		c.SetReadLimit(smallLimit)
		_, p, err := c.ReadMessage()
		return p, err
	},
	"coder": func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
		c, err := coderws.Accept(w, r, &coderws.AcceptOptions{CompressionMode: coderws.CompressionNoContextTakeover})
		if err != nil {
			return nil, err
		}
		defer c.CloseNow()
		c.SetReadLimit(smallLimit)
		_, p, err := c.Read(context.Background())
		return p, err
	},
	"gobwas": func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
		conn, rw, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		p, _, err := wsutil.ReadClientData(struct {
			io.Reader
			io.Writer
		}{rw.Reader, conn})
		return p, err
	},
	"gws": func(w http.ResponseWriter, r *http.Request) ([]byte, error) {
		h := &firstMessage{err: io.ErrUnexpectedEOF}
		u := gws.NewUpgrader(h, &gws.ServerOption{ReadMaxPayloadSize: smallLimit, PermessageDeflate: gws.PermessageDeflate{Enabled: true}})
		c, err := u.Upgrade(w, r)
		if err != nil {
			return nil, err
		}
		c.ReadLoop()
		return h.p, h.err
	},
}

// A firstMessage is that of gws.
type firstMessage struct {
	gws.BuiltinEventHandler
	p   []byte
	err error
}

func (h *firstMessage) OnMessage(c *gws.Conn, m *gws.Message) {
	h.p, h.err = bytes.Clone(m.Bytes()), nil
	c.NetConn().Close()
}

// The table of the README has what comes of these.
func TestWhatIsTakenForAWholeMessage(t *testing.T) {
	long := encode(fin|opBinary, true, make([]byte, 1000))
	payload := make([]byte, 1000)
	rand.NewChaCha8([32]byte{}).Read(payload)
	zipped := encode(fin|rsv1|opBinary, true, squeeze([][]byte{payload}, false)[0])
	for _, test := range []struct {
		name  string
		sent  []byte
		whole []string // for these libraries
	}{
		{"whole", encode(fin|opBinary, true, []byte("x")), []string{"coder", "gobwas", "gorilla", "gws", "litert"}},
		{"cut in its frame", long[:500], nil},
		{"cut behind the header of its frame", long[:8], []string{"coder"}},
		{"cut between its fragments", encode(opBinary, true, []byte("x")), []string{"coder"}},
		{"compressed, and cut in its frame", zipped[:len(zipped)-5], nil},
		{"compressed, and whole", zipped, []string{"coder", "gorilla", "gws", "litert"}},
		{"text that is not UTF-8", encode(fin|opText, true, []byte("\xff")), []string{"coder", "gorilla", "gws"}},
		{"inflates to more than the limit", encode(fin|rsv1|opBinary, true, squeeze([][]byte{make([]byte, 100*smallLimit)}, false)[0]), []string{"gorilla"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var whole []string
			for _, name := range slices.Sorted(maps.Keys(readings)) {
				compressed := test.sent[0]&rsv1 != 0
				if compressed && name == "gobwas" {
					continue // inflating is up to the program, and so are its limits
				}
				if p, err := readFrom(t, readings[name], compressed, test.sent); err == nil {
					whole = append(whole, name)
				} else {
					t.Log(name, len(p), err)
				}
			}
			if !slices.Equal(whole, test.whole) {
				t.Errorf("it is whole for %v, and not for %v", whole, test.whole)
			}
		})
	}
}

// readFrom returns what read makes of sent, behind which the client ends the connection.
func readFrom(t *testing.T, read taste, compressed bool, sent []byte) (p []byte, err error) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		p, err = read(w, r)
	}))
	defer server.Close()
	conn, dialErr := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if dialErr != nil {
		t.Fatal(dialErr)
	}
	defer conn.Close()
	client, err := newPeer(conn, job{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.handshake(job{Deflate: compressed}); err != nil {
		t.Fatal(err)
	}
	conn.Write(sent)
	conn.(*net.TCPConn).CloseWrite()
	<-done
	return p, err
}

// A giving begins a message, sends a part of it, gives it up, and sends another if it can.
type giving func(w http.ResponseWriter, r *http.Request) error

var givings = map[string]giving{
	"litert": func(w http.ResponseWriter, r *http.Request) error {
		c, err := listen.Upgrade(w, r, stream.Standard)
		if err != nil {
			return err
		}
		defer c.Abort()
		msg, err := c.NewWriter(r.Context(), opcode.Binary)
		if err != nil {
			return err
		}
		msg.Write(make([]byte, smallLimit))
		msg.Flush()
		msg.Abort()
		c.WriteBinary(r.Context(), []byte("another"))
		return nil
	},
	"gorilla": func(w http.ResponseWriter, r *http.Request) error {
		var u gorillaws.Upgrader
		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			return err
		}
		defer c.Close()
		msg, err := c.NextWriter(gorillaws.BinaryMessage)
		if err != nil {
			return err
		}
		msg.Write(make([]byte, smallLimit))
		return c.WriteMessage(gorillaws.BinaryMessage, []byte("another"))
	},
	"gws": func(w http.ResponseWriter, r *http.Request) error {
		c, err := gws.NewUpgrader(gws.BuiltinEventHandler{}, nil).Upgrade(w, r)
		if err != nil {
			return err
		}
		defer c.NetConn().Close()
		source := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), iotest.ErrReader(io.ErrNoProgress))
		c.WriteFile(gws.OpcodeBinary, source)
		c.WriteMessage(gws.OpcodeBinary, []byte("another"))
		return nil
	},
}

// So has it what comes of these.
func TestWhatComesOfAMessageThatWasGivenUp(t *testing.T) {
	for name, whole := range map[string]bool{"litert": false, "gorilla": true, "gws": false} {
		t.Run(name, func(t *testing.T) {
			sent := sentBy(t, givings[name])
			ended := false // the first message, whose frames are followed by others
			for len(sent) > 0 {
				h, n := parse(sent)
				if n == 0 || int64(len(sent)) < int64(n)+h.length {
					t.Fatalf("the last frame is cut")
				}
				ended = ended || h.first&fin != 0 && h.first != fin|opClose
				sent = sent[n+int(h.length):]
			}
			if ended != whole {
				t.Errorf("it looks whole: %v", ended)
			}
		})
	}
}

// sentBy returns all frames that give sends.
func sentBy(t *testing.T, give giving) []byte {
	done := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { done <- give(w, r) }))
	defer server.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte(request + "\r\n")); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if _, err := http.ReadResponse(r, nil); err != nil {
		t.Fatal(err)
	}
	sent, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return sent
}

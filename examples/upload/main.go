// Upload is a page with which a browser sends a file, of any size, as one message, and a server that stores it with
// io.Copy as it comes. The page shows how far it is.
//
// It shows that a file that was cut short is never stored, how a server tells a page why it refuses (a page sees close
// codes and reasons, but no status of the handshake), and how uploads under way are ended in an orderly way.
//
//	go run ./upload -dir /tmp/uploads
//
// Then open http://localhost:8080/ in a browser.
package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

//go:embed index.html upload.js
var page embed.FS

// A store is the directory that files go to.
type store struct {
	dir *os.Root // what is out of it cannot be named, whatever a name looks like
	max int64    // bytes that a file may have
}

// handler returns the page and, at /upload?name=…, the connections, one for each file.
func (s store) handler(opts ...listen.Option) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(page))
	opts = append(opts, stream.MaxMessageSize(s.max))
	mux.Handle("/upload", listen.Handler(stream.Standard, s.receive, opts...))
	return mux
}

// receive tells the client how many bytes the file may have, receives it, and tells that it is stored.
func (s store) receive(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	ctx := r.Context()
	name := r.URL.Query().Get("name")
	if err := s.check(name); err != nil {
		return conn.Shutdown(ctx, closecode.PolicyViolation, err.Error())
	}
	if err := conn.WriteText(ctx, strconv.FormatInt(s.max, 10)); err != nil {
		return err
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	if msg.Opcode() != opcode.Binary {
		return conn.Shutdown(ctx, closecode.UnsupportedData, "a file is a binary message")
	}
	n, err := s.save(name, msg)
	if errors.Is(err, fs.ErrExist) {
		return conn.Shutdown(ctx, closecode.PolicyViolation, errTaken.Error())
	}
	if err != nil {
		return err
	}
	return conn.WriteText(ctx, fmt.Sprintf("%d bytes are stored", n))
}

var (
	errName  = errors.New("this is no name for a file")
	errTaken = errors.New("there is a file of this name")
)

// check tells early what save would find late.
func (s store) check(name string) error {
	if name == "" || len(name) > 200 || strings.HasPrefix(name, ".") || strings.ContainsAny(name, `/\`) || !filepath.IsLocal(name) {
		return errName
	}
	if _, err := s.dir.Lstat(name); err == nil {
		return errTaken
	}
	return nil
}

// save stores the message under the name, once it has come as a whole. It replaces nothing.
func (s store) save(name string, msg *stream.Reader) (int64, error) {
	part := ".part-" + rand.Text()
	file, err := s.dir.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return 0, err
	}
	defer s.dir.Remove(part)
	n, err := io.Copy(file, msg) // an error unless the message came whole
	if err := errors.Join(err, file.Close()); err != nil {
		return n, err
	}
	return n, s.dir.Link(part, name)
}

// serve serves ln until ctx ends. Uploads under way end then, too, and leave nothing.
func serve(ctx context.Context, ln net.Listener, dir *os.Root, max int64) error {
	var group listen.Group
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: store{dir, max}.handler(
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }),
	)}
	return group.Serve(ctx, server, ln, 10*time.Second)
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	name := flag.String("dir", "uploads", "store files in `directory`")
	max := flag.Int64("max", 1<<30, "take files of up to so many `bytes`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *name, *max); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, name string, max int64) error {
	if err := os.MkdirAll(name, 0o777); err != nil {
		return err
	}
	dir, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	log.Printf("open http://%s/", ln.Addr())
	return serve(ctx, ln, dir, max)
}

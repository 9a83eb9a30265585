// Browser is a page whose program is in Go, too: it uploads and downloads files of any size, in messages of 64 KiB, with
// dial.Dial as everywhere, and shows how far it is. The server stores the files, and holds each side back as the other is.
//
//	go run ./browser -dir /tmp/files
//
// Then open http://localhost:8080/ in a browser. The command builds the program of the page (the folder client) for
// WebAssembly when it starts, and so wants to be run here, with the go command.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

//go:embed index.html
var page []byte

// pieceSize is the size of the messages that a file goes in: a browser holds each as a whole.
const pieceSize = 64 << 10

// build builds the program of the page into dir.
func build(dir string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	loader, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "wasm_exec.js"), loader, 0o666); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(dir, "client.wasm"), "github.com/litert/websocket/examples/browser/client")
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// A store is the directory of the files.
type store struct{ dir *os.Root }

// handler returns the page, its program, which is in the directory program, and the connections, one for each file.
func (s store) handler(program string, opts ...listen.Option) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { w.Write(page) })
	for _, name := range []string{"client.wasm", "wasm_exec.js"} {
		mux.HandleFunc("/"+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join(program, name)) })
	}
	mux.Handle("/upload", listen.Handler(stream.Standard, s.upload, opts...))
	mux.Handle("/download", listen.Handler(stream.Standard, s.download, opts...))
	return mux
}

// upload stores a file, whose size comes first. It replaces nothing, and one that is cut short leaves nothing.
func (s store) upload(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	ctx, name := r.Context(), r.URL.Query().Get("name")
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	text, err := msg.Text()
	if err != nil {
		return err
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return conn.Shutdown(ctx, closecode.PolicyViolation, "the size of the file is to come first")
	}
	if !s.isFree(name) {
		return conn.Shutdown(ctx, closecode.PolicyViolation, taken)
	}
	part := ".part-" + rand.Text()
	file, err := s.dir.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer s.dir.Remove(part)
	err = receive(ctx, conn, file, size)
	if err = errors.Join(err, file.Close()); err == nil {
		err = s.dir.Link(part, name)
	}
	switch {
	case errors.Is(err, fs.ErrExist): // another upload was whole before
		return conn.Shutdown(ctx, closecode.PolicyViolation, taken)
	case errors.Is(err, errSize):
		return conn.Shutdown(ctx, closecode.PolicyViolation, errSize.Error())
	case err != nil:
		return err
	}
	return conn.WriteText(ctx, fmt.Sprintf("%d bytes are stored", size))
}

const taken = "there is a file of this name, or it is none"

// isFree reports whether a file can get the name. Those of files that are not whole begin with a dot.
func (s store) isFree(name string) bool {
	_, err := s.dir.Lstat(name)
	return errors.Is(err, fs.ErrNotExist) && filepath.IsLocal(name) && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, `/\`)
}

var errSize = errors.New("more came than the file has")

// receive writes to file what comes, which is to be so many bytes.
func receive(ctx context.Context, conn *stream.Conn[*stream.Reader], file *os.File, size int64) error {
	for n := int64(0); n < size; {
		msg, err := conn.Receive(ctx)
		if err != nil {
			return err
		}
		k, err := io.Copy(file, msg)
		if err != nil {
			return err
		}
		if n += k; n > size {
			return errSize
		}
	}
	return nil
}

// download sends a file, and its size before it.
func (s store) download(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
	ctx := r.Context()
	file, err := s.dir.Open(r.URL.Query().Get("name"))
	if err != nil {
		return conn.Shutdown(ctx, closecode.PolicyViolation, "there is no such file")
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return err
	}
	if err := conn.WriteText(ctx, strconv.FormatInt(stat.Size(), 10)); err != nil {
		return err
	}
	p := make([]byte, pieceSize)
	for left := stat.Size(); left > 0; {
		n, err := io.ReadFull(file, p[:min(left, pieceSize)])
		if err != nil {
			return err
		}
		if err := conn.WriteBinary(ctx, p[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}

func main() {
	addr := flag.String("addr", "localhost:8080", "listen at `host:port`")
	name := flag.String("dir", "files", "store files in `directory`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *name); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, name string) error {
	program, err := os.MkdirTemp("", "browser")
	if err != nil {
		return err
	}
	defer os.RemoveAll(program)
	if err := errors.Join(build(program), os.MkdirAll(name, 0o777)); err != nil {
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
	return serve(ctx, ln, store{dir}, program)
}

// serve serves ln until ctx ends.
func serve(ctx context.Context, ln net.Listener, s store, program string) error {
	var group listen.Group
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: s.handler(program,
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }),
	)}
	return group.Serve(ctx, server, ln, 10*time.Second)
}

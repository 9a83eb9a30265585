// Objects stores files of any size in S3-compatible storage, straight from WebSocket, and sends them back: each a message,
// none of which is ever in memory, or on this machine's disk, as a whole.
//
// It shows an upload in parts from an io.Reader, that one that is cut short or has another SHA-256 sum than it should leaves
// nothing behind, and how a download goes on where it was cut.
//
//	go run ./objects
//	go run ./objects/client put FILE NAME
//	go run ./objects/client get NAME FILE
//
// By default, an S3 server is in this program, too, and keeps the objects in a directory. Others are named by -s3 URL; the
// environment has their credentials, as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/litert/websocket/examples/objects/s3server"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

// serve serves ln until ctx ends. Uploads under way end then, too, and leave nothing.
func serve(ctx context.Context, ln net.Listener, s *store) error {
	var group listen.Group
	opts := []listen.Option{
		listen.Join(&group),
		listen.Hosts("localhost", "127.0.0.1", "[::1]"), // and no page whose name was rebound to these
		listen.OnError(func(r *http.Request, err error) { log.Printf("%s: %v", r.RemoteAddr, err) }),
		stream.MaxMessageSize(s.max()),
		stream.KeepAlive(30 * time.Second), // peers that are gone do not stay
	}
	mux := http.NewServeMux()
	mux.Handle("/put", listen.Handler(stream.Standard, s.put, opts...))
	mux.Handle("/get", listen.Handler(stream.Standard, s.get, opts...))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return group.Serve(ctx, server, ln, 10*time.Second)
}

// A config is what the flags say.
type config struct {
	addr, dir, s3, bucket string
	partSize              uint64
	uploads               int
}

func (c *config) run(ctx context.Context) error {
	opts := &minio.Options{Creds: credentials.NewEnvAWS()}
	if c.s3 == "" {
		dir, err := filepath.Abs(c.dir)
		if err != nil {
			return err
		}
		c.s3 = "http://localhost" // by way of the transport
		id, secret := rand.Text(), rand.Text()
		transport, stop, err := s3server.Start(dir, id, secret)
		if err != nil {
			return err
		}
		defer stop()
		opts = &minio.Options{Creds: credentials.NewStaticV4(id, secret, ""), Transport: transport}
	}
	s, err := open(ctx, c.s3, c.bucket, c.partSize, c.uploads, opts)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", c.addr)
	if err != nil {
		return err
	}
	log.Printf("ws://%s/put and /get", ln.Addr())
	return serve(ctx, ln, s)
}

func main() {
	var c config
	flag.StringVar(&c.addr, "addr", "localhost:8080", "listen at `host:port`")
	flag.StringVar(&c.dir, "dir", "objects-data", "keep the objects in `directory`, unless there is -s3")
	flag.StringVar(&c.s3, "s3", "", "keep them at the S3 server at this `URL`")
	flag.StringVar(&c.bucket, "bucket", "objects", "keep them in this `bucket`")
	flag.Uint64Var(&c.partSize, "part", 16<<20, "store them in parts of so many `bytes`, from 5 MiB on: an object has up to 10,000")
	flag.IntVar(&c.uploads, "uploads", 32, "take so `many` uploads at a time: each holds a part in memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx); err != nil {
		log.Fatal(err)
	}
}

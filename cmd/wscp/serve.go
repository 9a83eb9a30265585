package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"sync"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func (c console) serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "")
	cert := flags.String("cert", "", "")
	key := flags.String("key", "", "")
	args, err := parse(flags, args, 1)
	if err != nil {
		return err
	}
	if (*cert == "") != (*key == "") {
		return usageError("-cert and -key go together")
	}
	root, err := os.OpenRoot(args[0])
	if err != nil {
		return err
	}
	defer root.Close()
	var opts []listen.Option
	scheme := "ws"
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return err
		}
		scheme = "wss"
		opts = append(opts, listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{pair}}))
	}
	l, err := listenAt(*addr, opts...)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "serving %s at %s://%v/\n", args[0], scheme, l.Addr())
	return serve(ctx, l, root, log.New(c.err, "", log.LstdFlags))
}

type listener = *listen.Listener[*stream.Reader]

func listenAt(addr string, opts ...listen.Option) (listener, error) {
	opts = append(opts, listen.Subprotocols(putProtocol, getProtocol), stream.MaxMessageSize(stream.Unlimited))
	return listen.Listen("tcp", addr, stream.Standard, opts...)
}

// serve lets clients read and write the files in root, until ctx ends. Transfers under way are interrupted then; serve
// returns when they have ended.
func serve(ctx context.Context, l listener, root *os.Root, log *log.Logger) error {
	var transfers sync.WaitGroup
	defer l.Close()
	defer transfers.Wait()
	transfers.Go(func() { removeLeftovers(ctx, root, log) })
	for conn, err := range l.All(ctx) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		transfers.Go(func() {
			what := fmt.Sprintf("%v: %s %q", conn.RemoteAddr(), conn.Subprotocol(), conn.Handshake().Resource)
			if err := exchange(ctx, conn, func() error { return transfer(ctx, conn, root) }); err != nil {
				log.Printf("%s: %v", what, explain(err))
				return
			}
			log.Printf("%s: done", what)
		})
	}
	return nil
}

// transfer does what the client wants: its subprotocol tells the direction, and the path of its URL the file.
func transfer(ctx context.Context, conn *stream.Conn[*stream.Reader], root *os.Root) error {
	resource, err := url.ParseRequestURI(conn.Handshake().Resource)
	if err != nil {
		return &refusal{err}
	}
	name, err := localName(resource.Path)
	if err != nil {
		return err
	}
	switch conn.Subprotocol() {
	case putProtocol:
		return take(ctx, conn, root, name)
	case getProtocol:
		return give(ctx, conn, root, name)
	}
	return &refusal{fmt.Errorf("neither %s nor %s was asked for", putProtocol, getProtocol)}
}

// take receives a file.
func take(ctx context.Context, conn *stream.Conn[*stream.Reader], root *os.Root, name string) error {
	a, err := receiveAnnouncement(ctx, conn)
	if err != nil {
		return err
	}
	return save(root, name, a.Executable, func(dst io.Writer) error {
		return receiveFile(ctx, conn, a.Length, dst, io.Discard)
	})
}

// give sends the file, and waits for no longer than a closing handshake until the client has it.
func give(ctx context.Context, conn *stream.Conn[*stream.Reader], root *os.Root, name string) error {
	src, err := open(name, root.Stat, func(name string) (*os.File, error) {
		return root.OpenFile(name, os.O_RDONLY|largeFile, 0)
	})
	if err != nil {
		return err
	}
	defer src.Close()
	answer := hear(ctx, conn)
	if err := sendFile(ctx, conn, src, io.Discard); err != nil {
		return err
	}
	conn.Shutdown(context.WithoutCancel(ctx), closecode.NormalClosure, "")
	return checkAnswer(<-answer)
}

package websocket_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// serve starts an HTTP server whose connections fn serves, and returns its URL.
func serve(fn func(context.Context, *stream.Conn[*stream.Reader]) error) (url string, stop func()) {
	server := httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		return fn(r.Context(), conn)
	}))
	return server.URL, server.Close
}

// tempFile returns the name of a new file of n bytes, and a function that removes it.
func tempFile(n int) (name string, remove func()) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	name = filepath.Join(dir, "file")
	if err := os.WriteFile(name, make([]byte, n), 0o600); err != nil {
		log.Fatal(err)
	}
	return name, func() { os.RemoveAll(dir) }
}

// A file of any size goes out as one message, with one io.Copy. From a server, the kernel sends it.
func Example_sendFile() {
	name, remove := tempFile(10 << 20)
	defer remove()

	url, stop := serve(func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()

		w, err := conn.NewWriter(ctx, opcode.Binary)
		if err != nil {
			return err
		}
		defer w.Abort() // does nothing after Close
		if _, err := io.Copy(w, file); err != nil {
			return err
		}
		return w.Close()
	})
	defer stop()

	ctx := context.Background()
	conn, err := dial.Dial(ctx, url, stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.Discard, msg)
	fmt.Println(n, err)
	// Output: 10485760 <nil>
}

// A message is received into a file as it comes. If it is cut short, io.Copy returns an error.
func Example_receiveFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	url, stop := serve(func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
		msg, err := conn.Receive(ctx)
		if err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(dir, "received"))
		if err != nil {
			return err
		}
		n, err := io.Copy(file, msg)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		return conn.WriteText(ctx, fmt.Sprintf("%d bytes", n))
	})
	defer stop()

	ctx := context.Background()
	conn, err := dial.Dial(ctx, url, stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(w, strings.NewReader(strings.Repeat("data", 1000))); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	answer, err := conn.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, answer)
	// Output: 4000 bytes
}

// Messages fit into pipelines: one end compresses into a message, the other decompresses out of it, and neither holds
// more than a buffer.
func Example_pipeline() {
	url, stop := serve(func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
		w, err := conn.NewWriter(ctx, opcode.Binary)
		if err != nil {
			return err
		}
		defer w.Abort()
		zip := gzip.NewWriter(w)
		for i := range 100_000 {
			fmt.Fprintf(zip, "line %d\n", i)
		}
		if err := zip.Close(); err != nil {
			return err
		}
		return w.Close()
	})
	defer stop()

	ctx := context.Background()
	conn, err := dial.Dial(ctx, url, stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	unzip, err := gzip.NewReader(msg)
	if err != nil {
		log.Fatal(err)
	}
	n, err := io.Copy(io.Discard, unzip)
	fmt.Println(n, err)
	// Output: 1088890 <nil>
}

// A handler is an http.Handler like any other. All ends when the client closes.
func Example_handler() {
	echo := func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		for msg, err := range conn.All(r.Context()) {
			if err != nil {
				return err
			}
			w, err := conn.NewWriter(r.Context(), msg.Opcode())
			if err != nil {
				return err
			}
			if _, err := io.Copy(w, msg); err != nil {
				w.Abort()
				return err
			}
			if err := w.Close(); err != nil {
				return err
			}
		}
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/echo", listen.Handler(stream.Standard, echo))
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	conn, err := dial.Dial(ctx, server.URL+"/echo", stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	for _, text := range []string{"hello", "and again"} {
		if err := conn.WriteText(ctx, text); err != nil {
			log.Fatal(err)
		}
		msg, err := conn.Receive(ctx)
		if err != nil {
			log.Fatal(err)
		}
		p, err := io.ReadAll(msg)
		fmt.Println(string(p), err)
	}
	fmt.Println(conn.Shutdown(ctx, closecode.NormalClosure, "that was all"))
	// Output:
	// hello <nil>
	// and again <nil>
	// <nil>
}

// Over a UNIX socket nothing is different but the URL.
func Example_unixSocket() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "app.sock")

	listener, err := listen.Listen("unix", socket, stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	go func() {
		for conn, err := range listener.All(ctx) {
			if err != nil {
				return
			}
			conn.WriteText(ctx, "welcome")
		}
	}()

	conn, err := dial.Dial(ctx, "ws+unix://"+filepath.ToSlash(socket)+":/", stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		log.Fatal(err)
	}
	io.Copy(os.Stdout, msg)

	conn.Close()
	listener.Close()
	// Output: welcome
}

// Either end may close with a code and a reason. The other gets both.
func Example_closeCode() {
	url, stop := serve(func(ctx context.Context, conn *stream.Conn[*stream.Reader]) error {
		return conn.Shutdown(ctx, closecode.TryAgainLater, "busy until 5")
	})
	defer stop()

	ctx := context.Background()
	conn, err := dial.Dial(ctx, url, stream.Standard)
	if err != nil {
		log.Fatal(err)
	}
	_, err = conn.Receive(ctx)
	var closed *stream.CloseError
	if errors.As(err, &closed) {
		fmt.Printf("%d (%v): %s\n", uint16(closed.Code), closed.Code, closed.Reason)
	}
	fmt.Println("an orderly end:", errors.Is(err, io.EOF))
	// Output:
	// 1013 (try again later): busy until 5
	// an orderly end: false
}

// One list of options serves both ends, beside those that only one of them takes.
func Example_options() {
	common := stream.Options(
		stream.MaxMessageSize(1<<20),
		stream.IdleTimeout(5*time.Minute),
		stream.KeepAlive(time.Minute),
		stream.CloseTimeout(10*time.Second),
	)
	server := httptest.NewServer(listen.Handler(stream.Simple, func(r *http.Request, conn *stream.Conn[stream.Message]) error {
		return conn.WriteText(r.Context(), fmt.Sprint("at most ", conn.MaxMessageSize(), " bytes"))
	}, common, listen.Subprotocols("chat.v1")))
	defer server.Close()

	ctx := context.Background()
	conn, err := dial.Dial(ctx, server.URL, stream.Simple, common, dial.Subprotocols("chat.v1"))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	msg, err := conn.Receive(ctx)
	fmt.Println(msg, err)
	fmt.Println("at most", conn.MaxMessageSize(), "bytes, idle for", conn.IdleTimeout())
	// Output:
	// at most 1048576 bytes <nil>
	// at most 1048576 bytes, idle for 5m0s
}

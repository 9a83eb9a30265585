// Client sends files to the program objects, and has them sent back. What a download has got before it was cut is kept: the
// same command goes on there.
//
//	go run ./objects/client put FILE NAME
//	go run ./objects/client get NAME FILE
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"os/signal"
	"strconv"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// put stores a file as an object, and returns what the server says.
func put(ctx context.Context, server, path, name string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return "", err
	}
	query := url.Values{"name": {name}, "sha256": {hex.EncodeToString(sum.Sum(nil))}}
	conn, err := dial.Dial(ctx, server+"/put?"+query.Encode(), stream.Standard)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Abort() })() // also while bytes are copied
	text, err := receiveText(ctx, conn)
	if err != nil {
		return "", err
	}
	if max, err := strconv.ParseInt(text, 10, 64); err != nil || size > max {
		return "", fmt.Errorf("an object may have %s bytes, and %s has %d", text, path, size)
	}
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err != nil {
		return "", err
	}
	defer w.Abort()
	if _, err := io.Copy(w, file); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return receiveText(ctx, conn)
}

func receiveText(ctx context.Context, conn *stream.Conn[*stream.Reader]) (string, error) {
	msg, err := conn.Receive(ctx)
	if err != nil {
		return "", err
	}
	return msg.Text()
}

// errReplaced is also for a file beside that is of something else.
var errReplaced = errors.New("what came now does not fit what came before: get it once more")

// get makes a file of an object. What has come is in path.part, until that is the whole: called again, get goes on there.
func get(ctx context.Context, server, name, path string) error {
	file, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if at, err := file.Seek(0, io.SeekCurrent); err == nil && at == 0 {
			os.Remove(file.Name()) // nothing has come
		}
		file.Close()
	}()
	sum := sha256.New()
	from, err := io.Copy(sum, file)
	if err != nil {
		return err
	}
	query := url.Values{"name": {name}, "from": {strconv.FormatInt(from, 10)}}
	conn, err := dial.Dial(ctx, server+"/get?"+query.Encode(), stream.Standard, stream.MaxMessageSize(stream.Unlimited))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Abort() })() // also while bytes are copied
	text, err := receiveText(ctx, conn)
	if err != nil {
		return err
	}
	var object struct {
		Size   int64
		SHA256 string // of the whole
	}
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return err
	}
	if from > object.Size {
		return errors.Join(errReplaced, os.Remove(file.Name()))
	}
	msg, err := conn.Receive(ctx)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.MultiWriter(file, sum), msg); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != object.SHA256 {
		return errors.Join(errReplaced, os.Remove(file.Name()))
	}
	return errors.Join(file.Close(), os.Rename(file.Name(), path))
}

func main() {
	server := flag.String("server", "ws://localhost:8080", "the `URL` of the server")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *server, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, server string, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "put":
		said, err := put(ctx, server, args[1], args[2])
		if err == nil {
			log.Print(said)
		}
		return err
	case len(args) == 3 && args[0] == "get":
		return get(ctx, server, args[1], args[2])
	}
	return errors.New("say put FILE NAME, or get NAME FILE")
}

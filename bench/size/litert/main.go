// Command litert is a server that echoes messages with this library.
package main

import (
	"log"
	"net/http"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func echo(r *http.Request, conn *stream.Conn[stream.Message]) error {
	for msg, err := range conn.All(r.Context()) {
		if err != nil {
			return err
		}
		if err := conn.WriteBinary(r.Context(), msg.Data); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	http.Handle("/", listen.Handler(stream.Simple, echo))
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}

// Command nethttp is what the servers beside it are built upon: a server of net/http, without WebSocket.
package main

import (
	"io"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}

// Command gws is a server that echoes messages with lxzan/gws.
package main

import (
	"log"
	"net/http"

	"github.com/lxzan/gws"
)

type echo struct{ gws.BuiltinEventHandler }

func (echo) OnMessage(conn *gws.Conn, msg *gws.Message) {
	defer msg.Close()
	conn.WriteMessage(gws.OpcodeBinary, msg.Bytes())
}

func main() {
	upgrader := gws.NewUpgrader(echo{}, nil)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r)
		if err != nil {
			return
		}
		go conn.ReadLoop()
	})
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}

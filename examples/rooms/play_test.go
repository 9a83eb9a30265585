package main

import (
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/nats-io/nats-server/v2/server"
)

// play has the program of the tests be what a test needs as a process of its own: a node, or a NATS server, with the arguments of each.
func play(role string) {
	switch role {
	case "node":
		main()
	case "nats": // HOST:PORT FOLDER
		host, number, err := net.SplitHostPort(os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		port, err := strconv.Atoi(number)
		if err != nil {
			log.Fatal(err)
		}
		s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: os.Args[2], Host: host, Port: port, NoSigs: true})
		if err != nil {
			log.Fatal(err)
		}
		s.Start()
		end := make(chan os.Signal, 1)
		signal.Notify(end, syscall.SIGTERM)
		<-end
		s.Shutdown()
		s.WaitForShutdown()
	}
}

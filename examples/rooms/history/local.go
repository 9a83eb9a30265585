package history

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
)

// A local is a NATS in this process, for this process alone.
type local struct {
	server *server.Server
	lock   *flock.Flock // of the folder that it has: NATS does not notice that another one has it
}

func startLocal(folder string) (*local, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(folder, "lock"))
	if taken, err := lock.TryLock(); err != nil {
		return nil, err
	} else if !taken {
		return nil, fmt.Errorf("%s is in use by another node", folder)
	}
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: folder, DontListen: true, NoSigs: true})
	if err != nil {
		lock.Close()
		return nil, err
	}
	s.Start()
	return &local{s, lock}, nil
}

func (l *local) close() {
	l.server.Shutdown()
	l.server.WaitForShutdown()
	l.lock.Close()
}

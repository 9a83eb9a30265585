// Package s3server is an S3 server, the one of github.com/versity/versitygw, for programs that are to start with nothing
// installed.
package s3server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// Start starts a server in this process, which can have one at a time, and whose working directory it changes. It keeps
// its objects below dir, an absolute path, and listens at a UNIX socket, to which the transport leads, until stop is called.
func Start(dir, id, secret string) (transport *http.Transport, stop func() error, err error) {
	backend, err := open(dir)
	if err != nil {
		return nil, nil, err
	}
	socketDir, err := os.MkdirTemp("", "s3") // as the path of a socket has to be short
	if err != nil {
		return nil, nil, err
	}
	socket := filepath.Join(socketDir, "socket")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- embedgw.RunVersityGW(ctx, backend, &embedgw.Config{
			RootUserAccess: id, RootUserSecret: secret, Ports: []string{socket}, SocketPerm: "0600",
			MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10_000, Quiet: true,
		})
	}()
	transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
	stop = func() error {
		transport.CloseIdleConnections()
		cancel()
		return errors.Join(<-ended, os.RemoveAll(socketDir))
	}
	for {
		if conn, err := net.Dial("unix", socket); err == nil {
			return transport, stop, conn.Close()
		}
		select {
		case err := <-ended:
			ended <- err
			return nil, nil, errors.Join(errors.New("the S3 server has not started"), stop())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// open returns the files below dir. What is known of objects is in extended attributes, which go with the files. Where there are
// none, it is in files of its own, of which some are left of each upload.
func open(dir string) (*posix.Posix, error) {
	objects, about := filepath.Join(dir, "objects"), filepath.Join(dir, "metadata")
	if err := os.MkdirAll(objects, 0o777); err != nil {
		return nil, err
	}
	if (meta.XattrMeta{}).Test(objects) == nil {
		return posix.New(objects, meta.XattrMeta{}, posix.PosixOpts{})
	}
	if err := os.MkdirAll(about, 0o777); err != nil {
		return nil, err
	}
	metadata, err := meta.NewSideCar(about)
	if err != nil {
		return nil, err
	}
	return posix.New(objects, metadata, posix.PosixOpts{SideCarDir: about})
}

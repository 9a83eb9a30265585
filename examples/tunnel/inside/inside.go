// Package inside has what goes through a tunnel: SSH and gRPC, which need a net.Conn, and know nothing of WebSocket.
package inside

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// Connect opens a tunnel.
type Connect func(context.Context) (net.Conn, error)

// SSH logs in at the server of SSH behind the tunnel, which has the name host there. It ends with ctx.
func SSH(ctx context.Context, connect Connect, host string, config *ssh.ClientConfig) (*ssh.Client, error) {
	conn, err := connect(ctx)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	transport, channels, requests, err := ssh.NewClientConn(conn, host, config)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return ssh.NewClient(transport, channels, requests), nil
}

// RunSSH runs a command as user@host, which is known by the file hosts, with the key in a file.
func RunSSH(ctx context.Context, connect Connect, key, hosts, who, command string) error {
	user, host, ok := strings.Cut(who, "@")
	if !ok {
		return errors.New("user@host is wanted")
	}
	p, err := os.ReadFile(key)
	if err != nil {
		return err
	}
	signer, err := ssh.ParsePrivateKey(p)
	if err != nil {
		return err
	}
	known, err := knownhosts.New(hosts)
	if err != nil {
		return err
	}
	client, err := SSH(ctx, connect, net.JoinHostPort(host, "22"), &ssh.ClientConfig{User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known})
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	session.Stdout, session.Stderr = os.Stdout, os.Stderr
	stdin, err := session.StdinPipe() // as Run would wait for the end of a Stdin
	if err != nil {
		return err
	}
	go func() {
		io.Copy(stdin, os.Stdin)
		stdin.Close()
	}()
	return session.Run(command)
}

// NewHealthServer returns a gRPC server whose service tells whether it is up.
func NewHealthServer() *grpc.Server {
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	return server
}

// Check asks the gRPC server behind the tunnel whether it is up. If the tunnel has TLS, gRPC need not know.
func Check(ctx context.Context, connect Connect) (status string, err error) {
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return connect(ctx) }
	client, err := grpc.NewClient("passthrough:///tunnel", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(dial))
	if err != nil {
		return "", err
	}
	defer client.Close()
	answer, err := grpc_health_v1.NewHealthClient(client).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return answer.GetStatus().String(), err
}

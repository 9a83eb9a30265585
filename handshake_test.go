package websocket_test

import (
	"context"
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/wstest"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestBothEndsAgreeOnTheHandshake(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cert, roots := wstest.Certificate(t, "127.0.0.1")
	socket := filepath.Join(t.TempDir(), "s")
	tests := []struct {
		name, network, address string
		url                    func(net.Addr) string
		server                 []listen.Option
	}{
		{"tcp", "tcp", "127.0.0.1:0", func(a net.Addr) string { return "ws://" + a.String() + "/a%20b?c=d" }, nil},
		{"tls", "tcp", "127.0.0.1:0", func(a net.Addr) string { return "wss://" + a.String() + "/a%20b?c=d" },
			[]listen.Option{listen.TLSConfig(&tls.Config{Certificates: []tls.Certificate{cert}})}},
		{"unix", "unix", socket, func(net.Addr) string { return "ws+unix://" + filepath.ToSlash(socket) + ":/a%20b?c=d" }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := listen.Listen(tt.network, tt.address, stream.Standard, append(tt.server, listen.Subprotocols("chat"))...)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := dial.Dial(ctx, tt.url(l.Addr()), stream.Standard,
				dial.TLSConfig(&tls.Config{RootCAs: roots}), dial.Subprotocols("other", "chat"))
			if err != nil {
				t.Fatal(err)
			}
			server, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			type agreed struct {
				Resource, Subprotocol string
				TLS                   bool
			}
			want := agreed{"/a%20b?c=d", "chat", tt.name == "tls"}
			for _, c := range []*stream.Socket{client.Socket, server.Socket} {
				got := agreed{c.Handshake().Resource, c.Subprotocol(), c.TLS() != nil}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
			if client.IsServer() || !server.IsServer() {
				t.Error("the roles are mixed up")
			}
			go server.Receive(ctx)
			if err := client.Shutdown(ctx, closecode.NormalClosure, ""); err != nil {
				t.Error(err)
			}
		})
	}
}

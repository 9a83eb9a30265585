package dial

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/litert/websocket/internal/transport"
)

// connect returns a connection to the target, through a proxy if there is one for it, and with TLS if the target asks
// for that.
func (c *call) connect(ctx context.Context) (net.Conn, error) {
	proxy, err := c.proxy(ctx)
	if err != nil {
		return nil, failed(ctx, "choosing the proxy", err)
	}
	var conn net.Conn
	if proxy == nil {
		conn, err = c.netDial(ctx, c.target.network, c.target.address, c.target.address)
	} else {
		conn, err = c.netDialProxy(ctx, proxy)
	}
	if err != nil || !c.target.secure {
		return conn, err
	}
	config := c.tlsConfig()
	config.ServerName = cmp.Or(config.ServerName, c.target.name)
	return secure(ctx, conn, config, c.target.address)
}

// netDial connects to address, which errors call name.
func (c *call) netDial(ctx context.Context, network, address, name string) (net.Conn, error) {
	netDial := c.cfg.NetDial
	if netDial == nil {
		netDial = new(net.Dialer).DialContext
	}
	conn, err := netDial(ctx, network, address)
	if err == nil && conn == nil {
		err = errors.New("no connection was returned")
	}
	if err != nil {
		return nil, failed(ctx, "connecting to "+name, err)
	}
	return conn, nil
}

// tlsConfig returns a configuration of TLS that can be changed.
func (c *call) tlsConfig() *tls.Config {
	config := c.cfg.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{"http/1.1"}
	}
	return config
}

// secure puts TLS on top of conn, whose other end errors call name.
func secure(ctx context.Context, conn net.Conn, config *tls.Config, name string) (net.Conn, error) {
	below := conn
	if config.Renegotiation == tls.RenegotiateNever { // a handshake would have to wait within TLS while messages are read and written
		below = transport.UnderTLS(conn)
	}
	secured := tls.Client(below, config)
	err := secured.HandshakeContext(ctx)
	if err == nil {
		if p := secured.ConnectionState().NegotiatedProtocol; p != "" && p != "http/1.1" {
			err = fmt.Errorf("it speaks %q instead of http/1.1", p)
		}
	}
	if err != nil {
		conn.Close()
		return nil, failed(ctx, "TLS handshake with "+name, err)
	}
	return secured, nil
}

// failed returns the error for err. The end of ctx is the reason if there is one: what fails then fails because of it.
func failed(ctx context.Context, doing string, err error) error {
	if end := endOf(ctx); end != nil {
		err = end
	}
	return &failure{doing, err}
}

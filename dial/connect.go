package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// connect returns a connection to the target, with TLS if that asks for it.
func (c *call) connect(ctx context.Context) (net.Conn, error) {
	netDial := c.cfg.NetDial
	if netDial == nil {
		netDial = new(net.Dialer).DialContext
	}
	conn, err := netDial(ctx, c.target.network, c.target.address)
	if err == nil && conn == nil {
		err = errors.New("no connection was returned")
	}
	if err != nil {
		return nil, failed(ctx, "connecting to "+c.target.address, err)
	}
	if !c.target.secure {
		return conn, nil
	}
	return c.secure(ctx, conn)
}

// secure puts TLS on top of conn.
func (c *call) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config := c.cfg.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{"http/1.1"}
	}
	if config.ServerName == "" {
		config.ServerName = c.target.name
	}
	secured := tls.Client(conn, config)
	err := secured.HandshakeContext(ctx)
	if err == nil {
		if p := secured.ConnectionState().NegotiatedProtocol; p != "" && p != "http/1.1" {
			err = fmt.Errorf("the server speaks %q instead of http/1.1", p)
		}
	}
	if err != nil {
		conn.Close()
		return nil, failed(ctx, "TLS handshake with "+c.target.address, err)
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

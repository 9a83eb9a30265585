//go:build !js

package dial

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/stream"
)

// forDialling sets the defaults that are of Dial alone.
func forDialling(cfg *conf.Dial) { cfg.Proxy = http.ProxyFromEnvironment }

// dial connects to the target, or to that which it redirects to, and shakes hands.
func (c *call) dial(ctx context.Context) (io.ReadWriteCloser, stream.Handshake, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	for left := c.cfg.Redirects; ; left-- {
		conn, hs, err := c.open(ctx)
		if err == nil {
			return conn, hs, nil
		}
		if err := c.redirect(err, left); err != nil {
			return nil, hs, err
		}
	}
}

// open connects to the target, and performs the handshake there.
func (c *call) open(ctx context.Context) (io.ReadWriteCloser, stream.Handshake, error) {
	if c.cfg.HTTP2 != nil {
		return c.openStream(ctx)
	}
	conn, err := c.connect(ctx)
	if err != nil {
		return nil, stream.Handshake{}, err
	}
	hs, err := c.shake(ctx, conn)
	return conn, hs, err
}

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
func secure(ctx context.Context, conn net.Conn, config *tls.Config, name string) (above net.Conn, err error) {
	below := conn
	if config.Renegotiation == tls.RenegotiateNever { // a handshake would have to wait within TLS while messages are read and written
		below = transport.UnderTLS(conn)
	}
	defer func() {
		if above == nil { // also where a function of the configuration panics
			conn.Close()
		}
	}()
	secured := tls.Client(below, config)
	err = secured.HandshakeContext(ctx)
	if err == nil {
		if p := secured.ConnectionState().NegotiatedProtocol; p != "" && p != "http/1.1" {
			err = fmt.Errorf("it speaks %q instead of http/1.1", p)
		}
	}
	if err != nil {
		return nil, failed(ctx, "TLS handshake with "+name, err)
	}
	return secured, nil
}

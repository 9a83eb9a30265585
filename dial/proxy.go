//go:build !js

package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/proxy"
)

// proxy returns the proxy to connect to the target through, or nil.
func (c *call) proxy(ctx context.Context) (*url.URL, error) {
	if c.cfg.Proxy == nil || c.target.network == "unix" {
		return nil, nil
	}
	u := *c.target.url
	r := &http.Request{Method: http.MethodGet, URL: &u, Host: cmp.Or(c.cfg.Host, c.target.host), Header: c.cfg.Header.Clone()}
	return c.cfg.Proxy(r.WithContext(ctx))
}

// netDialProxy returns a connection to the target through the proxy.
func (c *call) netDialProxy(ctx context.Context, via *url.URL) (net.Conn, error) {
	address, err := proxyAddress(via)
	if err != nil {
		return nil, &failure{"choosing the proxy", err}
	}
	name := "the proxy " + address
	conn, err := c.netDial(ctx, "tcp", address, name)
	if err != nil {
		return nil, err
	}
	switch via.Scheme {
	case "http":
		return c.tunnel(ctx, conn, via.User)
	case "https":
		config := c.tlsConfig()
		config.ServerName, _, _ = strings.Cut(via.Hostname(), "%")
		if conn, err = secure(ctx, conn, config, name); err != nil {
			return nil, err
		}
		return c.tunnel(ctx, conn, via.User)
	}
	err = within(ctx, conn, "connecting through "+name, func() error {
		return socks(conn, via.User, c.target.authority())
	})
	return conn, err
}

// proxyAddress returns what to dial for a proxy.
func proxyAddress(via *url.URL) (string, error) {
	var port string
	switch via.Scheme {
	case "http":
		port = "80"
	case "https":
		port = "443"
	case "socks5", "socks5h":
		port = "1080"
	default:
		return "", fmt.Errorf("its scheme %q is not one of http, https, socks5 and socks5h", via.Scheme)
	}
	if via.Hostname() == "" {
		return "", errors.New("its URL has no host")
	}
	return net.JoinHostPort(via.Hostname(), cmp.Or(via.Port(), port)), nil
}

// socks asks the SOCKS proxy at the other end of conn for a connection to address. Nothing is read behind its answer.
func socks(conn net.Conn, user *url.Userinfo, address string) error {
	var auth *proxy.Auth
	if user != nil {
		password, _ := user.Password()
		auth = &proxy.Auth{User: user.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("", "", auth, connected{conn})
	if err == nil {
		_, err = dialer.Dial("tcp", address)
	}
	var op *net.OpError
	if errors.As(err, &op) { // the addresses are told already
		err = op.Err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// A connected is a dialer whose connection is there already, so that it was dialled as all others are.
type connected struct{ net.Conn }

func (c connected) Dial(string, string) (net.Conn, error) { return c.Conn, nil }

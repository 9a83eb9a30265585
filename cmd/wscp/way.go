package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/stream"
)

// dialOptions returns how clients connect.
func (s *settings) dialOptions(c console) ([]dial.Option, error) {
	t, err := readToken(s.tokenFile)
	if err != nil {
		return nil, err
	}
	header := make(http.Header)
	maps.Copy(header, http.Header(s.header))
	maps.Copy(header, t.header())
	opts := []dial.Option{dial.Header(header), stream.MaxMessageSize(stream.Unlimited)}
	if s.compress {
		opts = append(opts, stream.Compression(stream.CompressionConfig{}))
	}
	transport, err := s.transport(c)
	if err != nil {
		return nil, err
	}
	if s.h2 {
		return append(opts, dial.HTTP2(transport)), nil
	}
	return append(opts, dial.TLSConfig(transport.TLSClientConfig), dial.NetDial(transport.DialContext), dial.Proxy(transport.Proxy)), nil
}

// transport returns what connects to servers and proxies.
func (s *settings) transport(c console) (*http.Transport, error) {
	config, err := s.clientTLS(c)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	t := &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, Protocols: &protocols}
	var dialer net.Dialer
	t.DialContext = dialer.DialContext
	if s.bind != "" {
		ip := net.ParseIP(string(s.bind))
		if ip == nil {
			return nil, usageError(fmt.Sprintf("-bind: %q is not an address of this machine", s.bind))
		}
		dialer.LocalAddr = &net.TCPAddr{IP: ip}
	}
	if s.proxy != "" {
		u, err := url.Parse(string(s.proxy))
		if err != nil || u.Host == "" {
			return nil, usageError("-proxy: it is not a URL such as http://HOST:PORT or socks5://HOST:PORT")
		}
		t.Proxy = http.ProxyURL(u)
	}
	if s.unix != "" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", string(s.unix))
		}
	}
	return t, nil
}

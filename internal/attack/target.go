package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"runtime"
)

// A target is a place where a server under attack listens.
type target struct {
	Name    string
	Address string // IP address and port
	Host    string // as the field Host has it
	Path    string // with the query
	Secure  bool

	First bool // it has the first receive mode, or is the only target: for what does not depend on modes

	// Of a victim; all are zero of any other server.
	Mode   string
	Server string // listener, or handler: behind net/http
	Brief  bool   // its idle timeout is short
}

// What an attack may be meant for. All suit a server that is not known.
func (t target) open() bool     { return !t.Brief }                                                 // in each mode
func (t target) plain() bool    { return !t.Brief && t.First }                                      // once for each way to serve
func (t target) overTCP() bool  { return t.plain() && !t.Secure }                                   // without TLS
func (t target) overTLS() bool  { return t.plain() && t.Secure }                                    // over TLS
func (t target) behind() bool   { return t.overTCP() && (t.Server == "" || t.Server == "handler") } // net/http
func (t target) brief() bool    { return t.Brief }
func (t target) inflates() bool { return t.open() && t.Mode != "frames" }

// targetAt returns the target with the URL, unless that is on another machine. It is connected to by the address that
// was looked at, whatever its name stands for later.
func targetAt(ctx context.Context, text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil {
		return target{}, err
	}
	t := target{Name: text, First: true, Host: u.Host, Path: u.RequestURI()}
	port := u.Port()
	switch u.Scheme {
	case "ws", "http":
		port = cmp.Or(port, "80")
	case "wss", "https":
		t.Secure, port = true, cmp.Or(port, "443")
	default:
		return t, fmt.Errorf("%q is not ws, wss, http or https", u.Scheme)
	}
	addresses, err := new(net.Resolver).LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return t, err
	}
	for _, ip := range addresses {
		if !ip.Unmap().IsLoopback() {
			return t, fmt.Errorf("%s is at %v, which is not on this machine: this is for one's own servers alone", u.Hostname(), ip)
		}
	}
	err = errors.New("it has no address")
	for _, ip := range addresses {
		t.Address = net.JoinHostPort(ip.Unmap().String(), port)
		var conn net.Conn
		if conn, err = t.dial(ctx, nil); err == nil {
			return t, conn.Close()
		}
	}
	return t, err
}

// dial connects from an address, nil: any.
func (t target) dial(ctx context.Context, from net.Addr) (net.Conn, error) {
	conn, err := (&net.Dialer{LocalAddr: from}).DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return nil, err
	}
	conn.(*net.TCPConn).SetLinger(0) // no port is kept after the end
	return conn, nil
}

// secure is the client's part of TLS, if the target speaks it.
func (t target) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if !t.Secure {
		return conn, nil
	}
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

// elsewhere returns an address of this machine that no attacker has, or nil where the system has none.
func (t target) elsewhere() net.Addr {
	if at, err := netip.ParseAddrPort(t.Address); runtime.GOOS == "linux" && err == nil && at.Addr().Is4() {
		return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}
	}
	return nil
}

package dial_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// A proxyServer is an HTTP or SOCKS proxy at a TCP socket. Whatever it is asked to connect to, it connects to one
// address.
type proxyServer struct {
	ln net.Listener
	to string

	// constant before the first connection
	reply          string // by the HTTP proxy, instead of connecting; or behind its response, if it begins with +
	code           byte   // of the SOCKS proxy's reply
	user, password string // that the SOCKS proxy demands, unless user is empty

	mu    sync.Mutex // guards following
	asked []asking
}

// An asking is what a client has asked a proxy for.
type asking struct{ Authority, Authorization string }

// startProxy starts a proxy that speaks as serve does: (*proxyServer).http or (*proxyServer).socks.
func startProxy(t *testing.T, config *tls.Config, to string, serve func(*proxyServer, net.Conn) error) *proxyServer {
	p := &proxyServer{ln: listenTo(t, "tcp", "127.0.0.1:0"), to: to}
	ln := p.ln
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	var goroutines sync.WaitGroup
	goroutines.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			goroutines.Go(func() {
				defer conn.Close()
				serve(p, conn)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		goroutines.Wait()
	})
	return p
}

func (p *proxyServer) url(scheme string, user *url.Userinfo) *url.URL {
	return &url.URL{Scheme: scheme, User: user, Host: p.ln.Addr().String()}
}

func (p *proxyServer) note(a asking) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, a)
}

func (p *proxyServer) askedFor() []asking {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// http speaks HTTP (RFC 9110, section 9.3.6).
func (p *proxyServer) http(conn net.Conn) error {
	r := bufio.NewReader(conn)
	request, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	if request.Method != http.MethodConnect || request.Host != request.RequestURI {
		return errors.New("no CONNECT")
	}
	p.note(asking{request.RequestURI, request.Header.Get("Proxy-Authorization")})
	reply := "HTTP/1.1 200 Connection established\r\n\r\n"
	switch {
	case p.reply != "" && p.reply[0] == '+':
		reply += p.reply[1:]
	case p.reply != "":
		io.WriteString(conn, p.reply)
		_, err = io.Copy(io.Discard, conn)
		return err
	}
	if _, err := io.WriteString(conn, reply); err != nil {
		return err
	}
	return p.relay(conn, r)
}

// socks speaks SOCKS version 5 (RFC 1928).
func (p *proxyServer) socks(conn net.Conn) error {
	r := bufio.NewReader(conn)
	methods, err := readCounted(r, 1) // behind the version
	if err != nil {
		return err
	}
	var a asking
	switch {
	case p.user == "":
		conn.Write([]byte{5, 0})
	case bytes.IndexByte(methods, 2) < 0:
		_, err = conn.Write([]byte{5, 0xff})
		return err
	default:
		if a.Authorization, err = p.authenticate(conn, r); err != nil {
			return err
		}
	}
	if a.Authority, err = readSOCKSAddress(r); err != nil {
		return err
	}
	p.note(a)
	if _, err := conn.Write([]byte{5, p.code, 0, 1, 127, 0, 0, 1, 0, 80}); err != nil || p.code != 0 {
		return err
	}
	return p.relay(conn, r)
}

// authenticate asks for a user name and password (RFC 1929).
func (p *proxyServer) authenticate(conn net.Conn, r *bufio.Reader) (string, error) {
	conn.Write([]byte{5, 2})
	user, err := readCounted(r, 1) // behind the version
	if err != nil {
		return "", err
	}
	password, err := readCounted(r, 0)
	if err != nil {
		return "", err
	}
	if string(user) != p.user || string(password) != p.password {
		conn.Write([]byte{1, 1})
		return "", errors.New("wrong password")
	}
	_, err = conn.Write([]byte{1, 0})
	return p.user + ":" + p.password, err
}

// readCounted reads what a byte tells the length of, which stands behind skip others.
func readCounted(r *bufio.Reader, skip int) ([]byte, error) {
	if _, err := r.Discard(skip); err != nil {
		return nil, err
	}
	n, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	p := make([]byte, n)
	_, err = io.ReadFull(r, p)
	return p, err
}

// readSOCKSAddress reads a request (RFC 1928, section 4).
func readSOCKSAddress(r *bufio.Reader) (string, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", err
	}
	host, err := []byte(nil), error(nil)
	switch head[3] {
	case 1:
		host = make([]byte, 4)
		_, err = io.ReadFull(r, host)
	case 3:
		host, err = readCounted(r, 0)
	case 4:
		host = make([]byte, 16)
		_, err = io.ReadFull(r, host)
	}
	if err != nil {
		return "", err
	}
	name := string(host)
	if ip, ok := netip.AddrFromSlice(host); ok && head[3] != 3 {
		name = ip.String()
	}
	var port [2]byte
	_, err = io.ReadFull(r, port[:])
	return net.JoinHostPort(name, strconv.Itoa(int(binary.BigEndian.Uint16(port[:])))), err
}

// relay copies between the client, of whom r has read already, and the server, until one of them is done.
func (p *proxyServer) relay(client net.Conn, r io.Reader) error {
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return err
	}
	defer server.Close()
	var copying sync.WaitGroup
	copying.Go(func() {
		io.Copy(server, r)
		server.Close()
	})
	_, err = io.Copy(client, server)
	client.Close()
	copying.Wait()
	return err
}

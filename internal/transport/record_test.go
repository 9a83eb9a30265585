package transport_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/litert/websocket/internal/transport"
	"github.com/litert/websocket/internal/wstest"
)

// Types of records, and what a peer says by itself (RFC 8446, sections 4.6.3, 5.1 and 6).
const (
	alertRecord       = 21
	handshakeRecord   = 22
	applicationRecord = 23
)

var (
	keyUpdate   = []byte{24, 0, 0, 1, 1} // asks for one
	closeNotify = []byte{1, 0}
)

// A recordPeer is a client that speaks in single records of TLS 1.3, right or wrong.
type recordPeer struct {
	net.Conn
	in, out recordKeys
}

// overRecords returns a connection over TLS with a floor below, the socket below that, and its peer.
func overRecords(t *testing.T, cfg transport.Config) (*transport.Conn, net.Conn, *recordPeer) {
	t.Helper()
	a, b := wstest.TCP(t)
	c, peer := recordsOver(t, a, b, cfg)
	return c, a, peer
}

// recordsOver is overRecords for the sockets a and b.
func recordsOver(t *testing.T, a, b net.Conn, cfg transport.Config) (*transport.Conn, *recordPeer) {
	t.Helper()
	var secrets bytes.Buffer
	near := tls.Server(transport.UnderTLS(a), &tls.Config{Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: true})
	far := tls.Client(b, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &secrets})
	failed := make(chan error, 1)
	go func() { failed <- near.Handshake() }()
	if err := far.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	if far.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("the processor prefers another cipher")
	}
	peer := &recordPeer{Conn: b}
	for line := range strings.Lines(secrets.String()) {
		label, _, secret := "", "", ""
		fmt.Sscan(line, &label, new(string), &secret)
		switch key, _ := hex.DecodeString(secret); label {
		case "CLIENT_TRAFFIC_SECRET_0":
			peer.out.use(key)
		case "SERVER_TRAFFIC_SECRET_0":
			peer.in.use(key)
		}
	}
	return open(t, near, cfg), peer
}

// record returns the next record, and takes new keys behind a KeyUpdate.
func (p *recordPeer) record(typ byte, content []byte) []byte {
	r := p.out.seal(typ, content)
	if typ == handshakeRecord && bytes.Equal(content, keyUpdate) {
		p.out.update()
	}
	return r
}

// send sends records of one type.
func (p *recordPeer) send(t *testing.T, typ byte, contents ...[]byte) {
	t.Helper()
	for _, content := range contents {
		if _, err := p.Write(p.record(typ, content)); err != nil {
			t.Error(err)
		}
	}
}

// receive returns the next record that came.
func (p *recordPeer) receive() (typ byte, content []byte, err error) {
	header := make([]byte, 5)
	if _, err := io.ReadFull(p, header); err != nil {
		return 0, nil, err
	}
	sealed := make([]byte, binary.BigEndian.Uint16(header[3:]))
	if _, err := io.ReadFull(p, sealed); err != nil {
		return 0, nil, err
	}
	content, err = p.in.aead.Open(nil, p.in.nonce(), sealed, header)
	if err != nil {
		return 0, nil, err
	}
	content = bytes.TrimRight(content, "\x00")
	typ, content = content[len(content)-1], content[:len(content)-1]
	if typ == handshakeRecord { // there is none but KeyUpdate
		p.in.update()
	}
	return typ, content, nil
}

// recordKeys protect the records of one direction (RFC 8446, sections 5.2, 7.2 and 7.3).
type recordKeys struct {
	secret, iv []byte
	aead       cipher.AEAD
	records    uint64
}

func (k *recordKeys) use(secret []byte) {
	block, _ := aes.NewCipher(expand(secret, "key", 16))
	k.aead, _ = cipher.NewGCM(block)
	k.secret, k.iv, k.records = secret, expand(secret, "iv", 12), 0
}

func (k *recordKeys) update() { k.use(expand(k.secret, "traffic upd", sha256.Size)) }

// nonce returns that of the next record.
func (k *recordKeys) nonce() []byte {
	n := bytes.Clone(k.iv)
	binary.BigEndian.PutUint64(n[4:], binary.BigEndian.Uint64(n[4:])^k.records)
	k.records++
	return n
}

func (k *recordKeys) seal(typ byte, content []byte) []byte {
	header := binary.BigEndian.AppendUint16([]byte{applicationRecord, 3, 3}, uint16(len(content)+1+k.aead.Overhead()))
	return k.aead.Seal(header, k.nonce(), append(bytes.Clone(content), typ), header)
}

func expand(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	info := string([]byte{0, byte(n), byte(len(label))}) + label + "\x00"
	p, _ := hkdf.Expand(sha256.New, secret, info, n)
	return p
}

// Package conf holds what the options of packages stream, dial and listen set.
//
// The option interfaces of those packages have methods that take the types of this package, so that only
// this module can write options, and the compiler refuses an option of listen where one of dial belongs.
package conf

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/opcode"
)

// Stream is the configuration of an open connection.
type Stream struct {
	Kept
	IdleTimeout time.Duration // 0: none
	KeepAlive   time.Duration // 0: no pings
	Trace       any           // a *stream.Trace; nil: none
	Compression *Compression  // nil: none

	// Err is the first complaint of an option about its argument.
	Err error
}

// Kept is what an open connection keeps of its configuration.
type Kept struct {
	MaxMessageSize int64 // bytes
	CloseTimeout   time.Duration
	FragmentSize   int           // payload bytes; 0: chosen by the kind of write
	Ended          func()        // called once, when the connection has ended; nil: nothing to call
	Masking        frame.Masking // clients only
	AllowUnmasked  bool          // servers only
	ReuseBuffer    bool
	MessagesOnly   bool // the transport has no pings and pongs, and masks by itself, as a browser does
}

// Compression is how messages are compressed.
type Compression struct {
	handshake.Deflate     // what this end wants
	Level             int // of package flate
	Threshold         int // bytes from which on messages are compressed
}

// Dial is the configuration of an opening handshake on the client's side, and of the connection it opens.
type Dial struct {
	Stream
	Header         http.Header // with canonical names, without Host
	Host           string      // replaces the host of the URL in the request; empty: does not
	Subprotocols   []string
	TLS            *tls.Config
	NetDial        func(ctx context.Context, network, address string) (net.Conn, error)
	Proxy          func(*http.Request) (*url.URL, error)             // nil: none
	ProxyChosen    bool                                              // Proxy is not the default
	HTTP2          http.RoundTripper                                 // an *http.Transport, which what has none is not to link, on whose connections a stream is opened; nil: over HTTP/1.1
	CookieJar      http.CookieJar                                    // nil: none
	Redirects      int                                               // to follow at most
	CheckRedirect  func(from, to *url.URL, header http.Header) error // nil: nothing is asked
	Early          []EarlyMessage                                    // sent with the request
	ConnectTimeout time.Duration                                     // 0: none
}

// An EarlyMessage is a message that does not wait for the end of the opening handshake.
type EarlyMessage struct {
	Opcode opcode.Opcode // Text or Binary
	Data   []byte        // not to be changed
}

// Listen is the configuration of an opening handshake on the server's side, and of the connection it opens.
type Listen struct {
	Stream
	Header           http.Header
	Subprotocols     []string
	AllowOrigin      func(origin string) bool // beside the request's own host; nil: nothing else
	AllowHost        func(*http.Request) bool // nil: every host
	TLS              *tls.Config
	HandshakeTimeout time.Duration // 0: none
	MaxPending       int
	MaxPerHost       int                        // 0: any number
	OnError          func(*http.Request, error) // nil: not told
	Group            any                        // a *listen.Group; nil: none
	MaxHeader        int                        // bytes of a request's head
}

// DefaultStream returns the defaults of every connection.
func DefaultStream() Stream {
	return Stream{
		Kept:        Kept{MaxMessageSize: 64 << 20, CloseTimeout: 5 * time.Second},
		IdleTimeout: 60 * time.Second,
	}
}

// Reject records err as the complaint of an option. The first one is kept.
func (c *Stream) Reject(err error) {
	if c.Err == nil {
		c.Err = err
	}
}

// A StreamOption sets something of the connection itself, and so belongs to every way of opening one.
type StreamOption func(*Stream)

// ApplyStream applies the option to c.
func (o StreamOption) ApplyStream(c *Stream) { o(c) }

// ApplyDial applies the option to c.
func (o StreamOption) ApplyDial(c *Dial) { o(&c.Stream) }

// ApplyListen applies the option to c.
func (o StreamOption) ApplyListen(c *Listen) { o(&c.Stream) }

// Preset returns the option that replaces the whole configuration by c: the way of a handshake to hand on what it
// was configured with.
func Preset(c *Stream) StreamOption { return func(to *Stream) { *to = *c } }

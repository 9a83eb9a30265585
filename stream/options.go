package stream

import (
	"fmt"
	"math"
	"slices"
	"time"

	"golang.org/x/exp/constraints"

	"github.com/litert/websocket/internal/conf"
)

// An Option sets something of a connection, whichever way it is opened: it can be given to [New], to dial.Dial,
// and to listen.Upgrade and its kin. If an option is given twice, the last one wins. An impossible
// value is an [*ArgumentError] from the function that the option was given to.
type Option interface {
	ApplyStream(*conf.Stream)
	ApplyDial(*conf.Dial)
	ApplyListen(*conf.Listen)
}

// Options returns opts as one option, in their order: so that dial.Dial and listen.Handler, which take options of their own
// as well, can be given the same list. It takes a copy of opts.
func Options(opts ...Option) Option {
	opts = slices.Clone(opts)
	return conf.StreamOption(func(c *conf.Stream) {
		for _, o := range opts {
			o.ApplyStream(c)
		}
	})
}

// Unlimited, given to [MaxMessageSize], lifts the limit.
const Unlimited int64 = math.MaxInt64

// MaxMessageSize limits the payload of a received message to n bytes, its fragments taken together. It must be
// positive; the default is 64 MiB (67,108,864 bytes), in every mode. When the header of a frame takes a message over
// the limit, the connection fails with close code 1009 and a [*LimitError]. Messages that are streamed, never held
// whole, may well be [Unlimited].
func MaxMessageSize[N constraints.Integer](n N) Option {
	return sizeOption("MaxMessageSize", n, Unlimited, func(c *conf.Stream, n int64) { c.MaxMessageSize = n })
}

// A FragmentOption is what [FragmentSize] returns: an option of a connection, and of a single [Writer].
type FragmentOption interface {
	Option
	WriterOption
}

type fragmentOption struct {
	conf.StreamOption
	writerOption
}

// FragmentSize sets how many bytes of payload a [Writer] puts into one fragment, at most: each Writer of a connection,
// or the one that [Socket.NewWriter] returns. It must be positive and at most 1 GiB. By default small writes are
// gathered into fragments of 32 KiB; larger ones and files go out in fragments of up to 1 MiB. Larger fragments save
// work on both sides; a control frame has to wait for the end of the one on the wire. A fragment has nothing to do with
// a Write: several may go out in one, and one in several. To choose the frames, see [Socket.WriteFrame].
func FragmentSize[N constraints.Integer](n N) FragmentOption {
	size, err := toSize("FragmentSize", n, 1<<30)
	return fragmentOption{
		func(c *conf.Stream) {
			if err != nil {
				c.Reject(err)
				return
			}
			c.FragmentSize = int(size)
		},
		func(c *writerConfig) {
			if err != nil {
				c.reject(err)
				return
			}
			c.fragment = int(size)
		},
	}
}

// IdleTimeout ends a connection over which no byte was received or sent for d while a call waited for one: the call
// that waited gets an error that matches [ErrIdleTimeout], and the peer a close frame with code 1001, unless it is the
// peer that does not read. A write may notice it later, by a tenth of d over a socket or TLS, and by d over another
// transport. The default is 60 seconds; 0 turns it off; a negative d is refused. [Socket.SetIdleTimeout] changes it later.
func IdleTimeout(d time.Duration) Option {
	return conf.StreamOption(func(c *conf.Stream) {
		if err := checkIdleTimeout(d); err != nil {
			c.Reject(err)
			return
		}
		c.IdleTimeout = d
	})
}

func checkIdleTimeout(d time.Duration) error {
	if d < 0 {
		return &ArgumentError{"IdleTimeout", fmt.Sprintf("%v is negative", d)}
	}
	return nil
}

// CloseTimeout bounds how long the closing handshake may wait for the peer (RFC 6455, section 7.1), and how long a
// connection that fails may try to tell the peer why. The default is 5 seconds; it must be positive.
func CloseTimeout(d time.Duration) Option {
	return conf.StreamOption(func(c *conf.Stream) {
		if d <= 0 {
			c.Reject(&ArgumentError{"CloseTimeout", fmt.Sprintf("%v is not positive", d)})
			return
		}
		c.CloseTimeout = d
	})
}

// ReuseBuffer has the modes [Simple] and [Frames] use their memory again, up to 1 MiB of it: what they hand out is
// valid only until the next Receive. By default it is the caller's own. Mode [JSON] uses its memory again as well, but what
// it hands out stays the caller's. It changes nothing in the other modes.
func ReuseBuffer() Option {
	return conf.StreamOption(func(c *conf.Stream) { c.ReuseBuffer = true })
}

// KeepAlive has a ping sent whenever the peer has given no sign of life for interval, which keeps the connection alive in
// the eyes of proxies and firewalls, and finds out when the peer is gone or stuck: if a goroutine receives, and the peer
// gives no sign of life for another interval after a ping, that call gets [ErrNoPong], and the connection has ended. A
// pong is a sign of life, and so is each byte of a data frame; a ping is none, as a peer whose program has ceased to
// receive may still send them. While no goroutine receives, pings are sent all the same, but nothing is held against the
// peer, whose pongs are unread. Writes that are on their way are not interrupted: where the wire is busy, the ping is left
// out.
//
// As pings are traffic, an [IdleTimeout] beyond interval ends only writes. The default is 0, which sends none; a
// negative interval is refused.
func KeepAlive(interval time.Duration) Option {
	return conf.StreamOption(func(c *conf.Stream) {
		if interval < 0 {
			c.Reject(&ArgumentError{"KeepAlive", fmt.Sprintf("%v is negative", interval)})
			return
		}
		c.KeepAlive = interval
	})
}

func sizeOption[N constraints.Integer](name string, n N, most int64, set func(*conf.Stream, int64)) Option {
	return conf.StreamOption(func(c *conf.Stream) {
		size, err := toSize(name, n, most)
		if err != nil {
			c.Reject(err)
			return
		}
		set(c, size)
	})
}

// toSize converts n to an int64 from 1 to most.
func toSize[N constraints.Integer](name string, n N, most int64) (int64, error) {
	switch {
	case n <= 0:
		return 0, &ArgumentError{name, fmt.Sprintf("%d is not positive", n)}
	case uint64(n) > uint64(most):
		return 0, &ArgumentError{name, fmt.Sprintf("%d is more than %d", n, most)}
	}
	return int64(n), nil
}

package dial

import "errors"

// An unsupported error says why a server takes no WebSocket over HTTP/2.
type unsupported string

func (e unsupported) Error() string      { return string(e) }
func (unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

// conflict returns what is wrong with the options beside HTTP2, or nothing.
func (c *call) conflict() string {
	name := ""
	switch {
	case c.cfg.TLS != nil:
		name = "TLSConfig"
	case c.cfg.NetDial != nil:
		name = "NetDial"
	case c.cfg.ProxyChosen:
		name = "Proxy"
	case len(c.cfg.Early) > 0:
		return "EarlyData cannot go with it: the server's response comes first"
	default:
		return ""
	}
	return name + " cannot go with it: its transport connects"
}

package main

import "github.com/lxzan/gws"

// gwsCaller is a connection as the client of a pair.
type gwsCaller struct {
	gws.BuiltinEventHandler
	s *site
	x *exchange
}

func (g *gwsEndpoint) call(url string) error {
	caller := &gwsCaller{s: g.s}
	c, _, err := gws.NewClient(caller, &gws.ClientOption{Addr: url, ReadMaxPayloadSize: g.limit(), WriteMaxPayloadSize: g.limit()})
	if err != nil {
		return err
	}
	caller.x = g.s.begin(func(p []byte) error { return c.WriteMessage(gws.OpcodeBinary, p) })
	go c.ReadLoop()
	return nil
}

func (c *gwsCaller) OnMessage(conn *gws.Conn, msg *gws.Message) {
	defer msg.Close()
	p, err := c.x.next(msg.Bytes())
	if err == nil && p != nil {
		err = conn.WriteMessage(gws.OpcodeBinary, p)
	}
	if err != nil {
		c.x.end(err)
		conn.NetConn().Close()
	}
}

func (c *gwsCaller) OnClose(_ *gws.Conn, err error) { c.x.end(err) }

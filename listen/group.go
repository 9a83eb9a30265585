package listen

import (
	"context"
	"strings"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/internal/conf"
	"github.com/litert/websocket/stream"
)

// A Group ends the connections of a [http.Server] in an orderly way, which [http.Server.Shutdown] does not:
//
//	var group listen.Group
//	http.Handle("/chat", listen.Handler(stream.Simple, chat, listen.Join(&group)))
//	…
//	err := group.Serve(ctx, server, ln, 10*time.Second) // until ctx ends
//
// A program that serves in a way of its own calls Shutdown of the group, and behind it that of the server, which awaits
// connections over HTTP/2.
//
// The zero Group is ready for use, with any number of handlers. A Group must not be copied, and its methods may be called by
// any number of goroutines. A [Listener] needs none.
type Group struct{ roster roster }

// Join has the connections of [Upgrade] and [Handler] belong to g until they have ended. By default they belong to no group.
// After Shutdown of g, handshakes are answered with status 503, and an [*Error] that matches [net.ErrClosed] is returned. A
// nil g is refused; so is Join by [Listen] and [NewListener], whose connections [Listener.Shutdown] ends.
func Join(g *Group) Option {
	if g == nil {
		return refuse("Join", "the group is nil")
	}
	return option(func(c *conf.Listen) { c.Group = g })
}

// Shutdown performs the closing handshake with code 1001 on all connections of the group at once, and lets no new ones in.
// It returns when all of them have ended, each after its [stream.CloseTimeout] at the latest, and the functions of
// [Handler] have returned, whose Receive returns an error that matches [net.ErrClosed]. When ctx ends before, the remaining
// connections are aborted, and the error of ctx is returned: functions that do not heed the end of their connection may
// still run.
//
// Shutdown can be called again, and while another call waits; it waits then, too. Calls from within a function of a
// Handler wait for that very function until ctx ends. If a hook of [stream.Trace] panics that Shutdown calls, the panic goes on
// once all connections have ended.
func (g *Group) Shutdown(ctx context.Context) error { return g.ShutdownReason(ctx, "") }

// ShutdownReason is [Group.Shutdown] with a reason in the close frames, as when the peers may come back. One that is over 123
// bytes or not UTF-8 is a [*stream.ArgumentError]: nothing was done.
func (g *Group) ShutdownReason(ctx context.Context, reason string) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	panicked, err := g.roster.shutdown(ctx, reason)
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// rosterOf returns the roster of the group that the connections of cfg belong to, or nil.
func rosterOf(cfg *conf.Listen) *roster {
	if g, _ := cfg.Group.(*Group); g != nil {
		return &g.roster
	}
	return nil
}

// refuseGroup is for fn, whose connections cannot be in a group.
func refuseGroup(cfg *conf.Listen, fn string) {
	if cfg.Group != nil {
		cfg.Reject(&stream.ArgumentError{Func: fn, Reason: "Join is for Upgrade and Handler"})
	}
}

// checkReason returns an error if reason does not fit a close frame.
func checkReason(reason string) error {
	if _, err := frame.AppendClose(nil, closecode.GoingAway, reason); err != nil {
		return &stream.ArgumentError{Func: "ShutdownReason", Reason: strings.TrimPrefix(err.Error(), "frame: ")}
	}
	return nil
}

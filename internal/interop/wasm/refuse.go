//go:build js

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/frame"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// fail connects, and reports what the error matches: of connecting, or of what is received, also in mid-message.
func fail(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := dial.Dial(ctx, url, stream.Standard, dial.ConnectTimeout(time.Second))
	if err != nil {
		return "dial " + matches(err)
	}
	defer conn.Close()
	if err := conn.WriteText(ctx, "open"); err != nil {
		return lost(err)
	}
	for {
		msg, err := conn.Receive(ctx)
		if err == nil {
			_, err = io.Copy(io.Discard, msg)
		}
		if err != nil {
			return "receive " + matches(err)
		}
	}
}

func matches(err error) string {
	names := []string{}
	for name, target := range map[string]error{
		"EOF": io.EOF, "unexpected EOF": io.ErrUnexpectedEOF, "deadline": context.DeadlineExceeded, "closed": net.ErrClosed, "unsupported": errors.ErrUnsupported,
	} {
		if errors.Is(err, target) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ") + ": " + err.Error()
}

// refusals returns what is not refused of all that a browser cannot do, and "all refused" if there is nothing.
func refusals(ctx context.Context, at string) string {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return lost(err)
	}
	for name, o := range map[string]dial.Option{
		"Header":        dial.Header(http.Header{"X-Token": {"a"}}),
		"Host":          dial.Header(http.Header{"Host": {"a"}}),
		"TLSConfig":     dial.TLSConfig(new(tls.Config)),
		"NetDial":       dial.NetDial(new(net.Dialer).DialContext),
		"Proxy":         dial.Proxy(http.ProxyFromEnvironment),
		"CookieJar":     dial.CookieJar(jar),
		"Redirects":     dial.Redirects(1),
		"CheckRedirect": dial.CheckRedirect(func(_, _ *url.URL, _ http.Header) error { return nil }),
		"EarlyData":     dial.EarlyData(opcode.Text, nil),
		"Masking":       dial.Masking(frame.NoMask),
		"KeepAlive":     stream.KeepAlive(time.Minute),
	} {
		if err := refused(ctx, at, o); err != nil {
			return name + ": " + err.Error()
		}
	}
	for _, at := range []string{"ws+unix:///run/a.sock:/", strings.Replace(at, "://", "://user:password@", 1)} {
		if err := refused(ctx, at, dial.Subprotocols()); err != nil {
			return at + ": " + err.Error()
		}
	}
	return "all refused"
}

func refused(ctx context.Context, at string, o dial.Option) error {
	conn, err := dial.Dial(ctx, at, stream.Standard, o)
	var argument *stream.ArgumentError
	switch {
	case err == nil:
		conn.Close()
		return errors.New("it is taken")
	case !errors.As(err, &argument):
		return err
	}
	return nil
}

// control tells what comes of control frames and masking, and that the connection goes on.
func control(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Simple, dial.Subprotocols(offered...))
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	_, probe := conn.Probe(ctx)
	for _, err := range []error{conn.Ping(ctx, nil), conn.Pong(ctx, nil), probe} {
		if !errors.Is(err, errors.ErrUnsupported) {
			return fmt.Sprint("a control frame: ", err)
		}
	}
	var argument *stream.ArgumentError
	if err := conn.SetMasking(frame.RandomMask); !errors.As(err, &argument) {
		return fmt.Sprint("SetMasking: ", err)
	}
	if err := echo(ctx, conn, opcode.Text, []byte("goes on")); err != nil {
		return lost(err)
	}
	if err := conn.Shutdown(ctx, closecode.InternalError, "as a browser can"); err != nil {
		return lost(err)
	}
	return ended(conn.Err())
}

// cancel has the contexts of Receive and of an open Writer end, and goes on with both.
func cancel(ctx context.Context, url string) string {
	conn, err := dial.Dial(ctx, url, stream.Simple, dial.Subprotocols(offered...))
	if err != nil {
		return lost(err)
	}
	defer conn.Close()
	for range 3 {
		bounded, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		_, err := conn.Receive(bounded)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return lost(err)
		}
	}
	if err := echo(ctx, conn, opcode.Text, []byte("as it was")); err != nil {
		return lost(err)
	}
	w, err := conn.NewWriter(ctx, opcode.Binary)
	if err == nil {
		_, err = w.Write(pattern(1 << 20))
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return lost(err)
	}
	w.Abort()
	_, err = conn.Receive(ctx)
	return matches(err)
}

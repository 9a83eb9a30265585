//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/litert/websocket/stream"
)

// proxies are faults of a program between the ends, in the host of the server.
var proxies = []trial{
	{name: "HAProxy is restarted gracefully", want: wantRestart, variants: eachEndOverHTTP1, run: restarted(haproxy)},
	{name: "HAProxy is killed in mid-message", want: wantCut, variants: eachEndOverHTTP1, run: proxyKilled(haproxy)},
	{name: "nginx is restarted gracefully", want: wantRestart, variants: eachEndOverHTTP1, run: restarted(nginx)},
	{name: "nginx is killed in mid-message", want: wantCut, variants: eachEndOverHTTP1, run: proxyKilled(nginx)},
}

const wantRestart = "messages pass meanwhile; then the close code that it sends, or a cut; the next connection passes"

// openThrough opens a connection through a proxy. Where the variant has TLS, the client speaks that to the proxy, which does not to
// the server.
func (e *env) openThrough(sort proxySort) (*link, *proxy, error) {
	plain := *e
	plain.TLS = false
	d, err := plain.serve([]stream.Option{stream.IdleTimeout(0)})
	if err != nil {
		return nil, nil, err
	}
	p, err := e.startProxy(sort, d.address)
	if err != nil {
		d.close()
		return nil, nil, err
	}
	l, err := e.openAt(d, e.url(proxyAddress.String()), []stream.Option{stream.IdleTimeout(0)})
	if err != nil {
		p.end()
		d.close()
		return nil, nil, err
	}
	return l, p, nil
}

// proxyKilled has the proxy killed while a message passes.
func proxyKilled(sort proxySort) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, p, err := e.openThrough(sort)
		if err != nil {
			return "", err
		}
		defer p.end()
		defer l.close()
		if err := l.use(e.ctx, true); err != nil {
			return "", err
		}
		p.kill()
		return "cut", isCut(l.watched.receive(e.ctx, io.Discard))
	}
}

// restarted has the proxy restarted, which lets connections go on for two seconds.
func restarted(sort proxySort) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, p, err := e.openThrough(sort)
		if err != nil {
			return "", err
		}
		defer p.end()
		defer l.close()
		if err := errors.Join(l.use(e.ctx, false), p.restart(), l.use(e.ctx, false)); err != nil {
			return "", err
		}
		began := time.Now()
		ended := l.watched.receive(e.ctx, io.Discard)
		got := fmt.Sprintf("cut after %.1f s", time.Since(began).Seconds())
		if code := stream.CloseCode(ended); code != 0 {
			got = fmt.Sprintf("close code %d", code)
		} else if err := isCut(ended); err != nil {
			return "", err
		}
		next, err := e.openAt(l.door, e.url(proxyAddress.String()), nil)
		if err != nil {
			return "", fmt.Errorf("the next connection: %w", err)
		}
		defer next.abort()
		return got, next.use(e.ctx, false)
	}
}

//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/listen"
)

// reset answers packets of TCP as if nobody knew of their connection. It lets resets pass.
const reset = "tcp flags & rst == 0 reject with tcp reset"

const wantCut = "io.ErrUnexpectedEOF, never io.EOF"

// resets are connections that the other end, or what is in between, breaks off.
var resets = []trial{
	{name: "reset by the peer in mid-message", want: wantCut + "; what had come is handed out", variants: eachEnd, run: resetByPeer(true)},
	{name: "reset by the peer between messages", want: wantCut + "; what had come is handed out", variants: eachEnd, run: resetByPeer(false)},
	{name: "resets by the network in mid-message", want: wantCut + " where it is received; an error where it is sent", variants: bothEnds, run: resetTransfer},
	{name: "reset in the closing handshake", want: "an error of Shutdown, never io.EOF", variants: eachEnd, run: resetClosing},
	{name: "reset in the opening handshake", want: "an error of Dial, or of OnError; the listener goes on", variants: eachEndOverHTTP1, run: resetOpening},
}

// resetByPeer has the other end break the connection off, once all that it has sent is there, which is read behind that.
func resetByPeer(inMessage bool) func(*env) (string, error) {
	return func(e *env) (string, error) {
		l, err := e.open()
		if err != nil {
			return "", err
		}
		defer l.close()
		whole := newContent(little)
		if err := l.other.send(e.ctx, whole, little); err != nil {
			return "", err
		}
		if inMessage {
			if err := l.begin(e.ctx); err != nil {
				return "", err
			}
		}
		if err := l.resetByOther(e.ctx); err != nil {
			return "", err
		}
		first, second := newDigest(), newDigest()
		if err := l.watched.receive(e.ctx, first); err != nil || !bytes.Equal(first.Sum(nil), whole.hash.Sum(nil)) {
			return "", fmt.Errorf("the message before has come as %d bytes, %w", first.n.Load(), err)
		}
		err = isCut(l.watched.receive(e.ctx, second))
		if want := l.watched.mode.inPieces; err == nil && inMessage && want && second.n.Load() != little {
			err = fmt.Errorf("%d of %d bytes that had come were handed out", second.n.Load(), little)
		}
		return "cut, and all before it", err
	}
}

// resetByOther has the other end reset the connection, and waits until that is known at the one that is looked at.
func (l *link) resetByOther(ctx context.Context) error {
	if err := l.other.delivered(ctx); err != nil {
		return err
	}
	if err := errors.Join(l.other.raw.SetLinger(0), l.other.raw.Close()); err != nil {
		return err
	}
	return until(ctx, "the reset has not come", func() bool {
		info, err := l.watched.info()
		return err == nil && info.State == unix.BPF_TCP_CLOSE || errors.Is(err, net.ErrClosed) // as package net/http reads at once
	})
}

// resetTransfer has both ends hear from the network that the other is gone.
func resetTransfer(e *env) (string, error) {
	l, err := e.open()
	if err != nil {
		return "", err
	}
	defer l.close()
	ended := make(chan error, 4)
	for _, f := range []flow{{from: l.client, to: l.server}, {from: l.server, to: l.client}} {
		go func() { ended <- notOrderly(f.from.send(e.ctx, zeros{}, endless)) }()
		go func() { ended <- isCut(f.to.receiveForEver(e.ctx)) }()
	}
	if err = e.treatBoth(reset); err != nil {
		l.abort()
	}
	for range cap(ended) {
		err = errors.Join(err, <-ended)
	}
	return "cut", err
}

// endless is the length of what has no end.
const endless = 1 << 50

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (e *end) receiveForEver(ctx context.Context) (err error) {
	for err == nil {
		err = e.receive(ctx, io.Discard)
	}
	return err
}

// resetClosing has the close frame answered with a reset.
func resetClosing(e *env) (string, error) {
	l, err := e.open()
	if err != nil {
		return "", err
	}
	defer l.close()
	if err := l.use(e.ctx, false); err != nil {
		return "", err
	}
	if err := e.treatBoth(reset); err != nil {
		return "", err
	}
	received := make(chan error, 1)
	go func() { received <- l.watched.receive(e.ctx, io.Discard) }()
	began := time.Now()
	err = notOrderly(l.watched.Shutdown(e.ctx, closecode.NormalClosure, ""))
	return "an error of both", errors.Join(err, notOrderly(<-received), within("Shutdown", time.Since(began), 0))
}

// notOrderly returns an error unless err is one, and not that of an orderly end.
func notOrderly(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("the end looks orderly: %v", err)
	}
	return nil
}

// resetOpening has a client's request answered with a reset, or a client reset the connection in the middle of its request, or
// of what TLS has before that. Then another client comes.
func resetOpening(e *env) (got string, err error) {
	told := make(chan error, 10)
	d, err := e.serve(nil, listen.OnError(func(_ *http.Request, err error) { told <- err }))
	if err != nil {
		return "", err
	}
	defer d.close()
	if e.Role == "client" {
		got, err = "an error of Dial", e.resetDial(d.address)
	} else {
		got, err = "an error of OnError", e.resetRequest(d.address, told)
	}
	if err != nil {
		return "", err
	}
	l, err := e.openAt(d, e.url(d.address), nil)
	if err != nil {
		return "", fmt.Errorf("afterwards: %w", err)
	}
	defer l.abort()
	return got + "; the next is served", l.use(e.ctx, false)
}

// resetDial has what is sent to an address answered with a reset, but for the packets that open the connection.
func (e *env) resetDial(address string) error {
	if err := e.server.treat("meta length > 100 " + reset); err != nil {
		return err
	}
	conn, err := e.dial(e.ctx, e.url(address), nil)
	if err == nil {
		conn.Abort()
	}
	return errors.Join(notOrderly(err), e.server.treat(""))
}

// resetRequest connects to an address, breaks the connection off behind the first bytes, and waits until that was told.
func (e *env) resetRequest(address string, told <-chan error) error {
	conn, err := e.client.dial(address, connecting)
	if err != nil {
		return err
	}
	defer conn.Close()
	first := "GET / HTTP/1.1\r\nHost: "
	if e.TLS {
		first = "\x16\x03\x01\x01\x00\x01\x00"
	}
	if _, err := io.WriteString(conn, first); err != nil {
		return err
	}
	client := &end{raw: conn.(*net.TCPConn)}
	if err := errors.Join(client.delivered(e.ctx), client.raw.SetLinger(0), client.raw.Close()); err != nil {
		return err
	}
	select {
	case err := <-told:
		return notOrderly(err)
	case <-e.ctx.Done():
		return errors.New("OnError was not told")
	}
}

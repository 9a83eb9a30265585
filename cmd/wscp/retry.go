package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/internal/transfer"
	"github.com/litert/websocket/stream"
)

// How long is waited before the first attempt after one that has moved bytes, and at most.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 10 * time.Second
)

// again calls attempt until it succeeds, fails for good, or has moved nothing for as long as the settings say.
func (c *client) again(ctx context.Context, attempt func() error) error {
	since, wait := time.Now(), firstWait
	for {
		before := c.moved
		err := attempt()
		if err == nil || c.retry == 0 || ctx.Err() != nil || !mayPass(err) {
			return err
		}
		if c.moved > before && stream.CloseCode(err) != closecode.InternalError { // which it says of each attempt in the same way
			since, wait = time.Now(), firstWait
		}
		if time.Since(since)+wait > c.retry {
			return fmt.Errorf("given up after %v: %w", c.retry, err)
		}
		c.Say("retry", "%v; again in %v", explain(err), wait.Round(firstWait))
		select {
		case <-ctx.Done():
			return transfer.ErrInterrupted
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
		wait = min(2*wait, lastWait)
	}
}

// mayPass reports whether what has failed with err may succeed later.
func mayPass(err error) bool {
	var argument *stream.ArgumentError
	var certificate *tls.CertificateVerificationError
	var answer *dial.Error
	switch {
	case transfer.Final(err), errors.As(err, &argument), errors.As(err, &certificate),
		errors.Is(err, errFingerprint):
		return false
	case errors.As(err, &answer):
		return answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests
	}
	return stream.CloseCode(err) != closecode.PolicyViolation
}

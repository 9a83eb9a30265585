package main

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, // but for what the HTTP server of the S3 server ends later, and never
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

func TestTheProgramEndsInOrder(t *testing.T) {
	ctx, stop := context.WithCancel(testContext(t))
	stop()
	c := config{addr: "localhost:0", dir: t.TempDir(), bucket: "objects", partSize: partSize}
	if err := c.run(ctx); !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	c = config{addr: "no address", dir: t.TempDir(), bucket: "objects", partSize: partSize}
	if err := c.run(testContext(t)); err == nil {
		t.Error("it listens nowhere, and does not say so")
	}
}

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
	for _, c := range []config{
		{addr: "no address", dir: t.TempDir(), bucket: "objects", partSize: partSize},
		{addr: "localhost:0", dir: t.TempDir(), bucket: "objects", partSize: partSize - 1},
		{addr: "localhost:0", dir: t.TempDir(), bucket: "No Bucket", partSize: partSize},
		{addr: "localhost:0", s3: "http://%", bucket: "objects", partSize: partSize},
	} {
		if err := c.run(testContext(t)); err == nil {
			t.Errorf("%+v: it does not say what is wrong", c)
		}
	}
}

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/closecode"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, // but for what the HTTP server of the S3 server ends later, and never
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

func TestTheProgramEndsInOrder(t *testing.T) {
	ctx, stop := context.WithCancel(testContext(t))
	stop()
	c := config{addr: "localhost:0", dir: t.TempDir(), bucket: "objects", partSize: partSize, uploads: uploads}
	if err := c.run(ctx); !errors.Is(err, context.Canceled) && err != nil {
		t.Error(err)
	}
	for _, c := range []config{
		{addr: "no address", dir: t.TempDir(), bucket: "objects", partSize: partSize, uploads: uploads},
		{addr: "localhost:0", dir: t.TempDir(), bucket: "objects", partSize: partSize - 1, uploads: uploads},
		{addr: "localhost:0", dir: t.TempDir(), bucket: "objects", partSize: partSize},
		{addr: "localhost:0", dir: t.TempDir(), bucket: "No Bucket", partSize: partSize, uploads: uploads},
		{addr: "localhost:0", s3: "http://%", bucket: "objects", partSize: partSize, uploads: uploads},
	} {
		if err := c.run(testContext(t)); err == nil {
			t.Errorf("%+v: it does not say what is wrong", c)
		}
	}
}

// A request whose body does not come has the HTTP server wait for it, in vain.
func TestClientsHearOfTheEndAlthoughARequestDoesNotEnd(t *testing.T) {
	_, _, server, stop := serveObjects(t)
	client := begin(t, server, "object", sumOf(nil))
	request, err := net.Dial("tcp", strings.TrimPrefix(server, "ws://"))
	if err != nil {
		t.Fatal(err)
	}
	defer request.Close()
	if _, err := io.WriteString(request, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	if _, err := client.Receive(testContext(t)); stream.CloseCode(err) != closecode.GoingAway {
		t.Errorf("the end is %v, want 1001", err)
	}
	io.WriteString(request, "x")
	<-stopped
}

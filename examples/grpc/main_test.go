package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start serves gRPC at a new address until stop is called.
func start(t *testing.T) (url string, stop func()) {
	t.Helper()
	l, err := listen.Listen("tcp", "localhost:0", stream.Standard, alive)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, l) }()
	return "ws://" + l.Addr().String() + "/", func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestCallsAreAnswered(t *testing.T) {
	url, stop := start(t)
	defer stop()
	for range 2 {
		if status, err := check(testContext(t), url); status != "SERVING" || err != nil {
			t.Errorf("%s, %v; want SERVING", status, err)
		}
	}
}

func TestAServerThatEndsWaitsForItsCalls(t *testing.T) {
	url, stop := start(t)
	client, err := newClient(url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	watch, err := grpc_health_v1.NewHealthClient(client).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := watch.Recv(); err != nil || answer.Status != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Fatalf("%v, %v", answer, err)
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	for ctx := testContext(t); ; { // until the server takes no more calls
		if _, err := check(ctx, url); err != nil {
			break
		}
	}
	select {
	case <-stopped:
		t.Error("the server has ended, and a call goes on")
	default:
	}
	cancel()
	<-stopped
	if _, err := watch.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("the call ends with %v", err)
	}
}

func TestAServerThatIsNoneIsTold(t *testing.T) {
	url, stop := start(t)
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := check(ctx, url); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the error is %v", err)
	}
}

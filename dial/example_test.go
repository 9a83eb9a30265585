package dial_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"

	"github.com/litert/websocket/dial"
	"github.com/litert/websocket/listen"
	"github.com/litert/websocket/opcode"
	"github.com/litert/websocket/stream"
)

// echo is a server that sends everything back, and speaks the subprotocol echo.v1.
func echo() *httptest.Server {
	return httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		for msg, err := range conn.All(r.Context()) {
			if err != nil {
				return err
			}
			w, err := conn.NewWriter(r.Context(), msg.Opcode())
			if err != nil {
				return err
			}
			defer w.Abort()
			if _, err := io.Copy(w, msg); err != nil {
				return err
			}
			if err := w.Close(); err != nil {
				return err
			}
		}
		return nil
	}, listen.Subprotocols("echo.v1")))
}

func ExampleDial() {
	server := echo()
	defer server.Close()
	ctx := context.Background()

	conn, err := dial.Dial(ctx, server.URL, stream.Standard, dial.Subprotocols("echo.v2", "echo.v1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println("speaks", conn.Subprotocol())

	w, err := conn.NewWriter(ctx, opcode.Text)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Abort()
	fmt.Fprint(w, "hello")
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	msg, err := conn.Receive(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(msg)
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// speaks echo.v1
	// hello <nil>
}

// The server's answer is in the error, if it refuses to open a connection.
func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		listen.Reject(w, r, http.StatusUnauthorized, listen.RejectBody([]byte("who are you?")))
	}))
	defer server.Close()

	_, err := dial.Dial(context.Background(), server.URL, stream.Standard)
	var answer *dial.Error
	if errors.As(err, &answer) {
		fmt.Printf("%d: %s\n", answer.StatusCode, answer.Body)
	}
	// Output: 401: who are you?
}

// Any transport will do: here one that was dialled before.
func ExampleHandshake() {
	server := echo()
	defer server.Close()
	ctx := context.Background()

	transport, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := dial.Handshake(ctx, transport, "ws://example.com/echo", stream.Standard)
	if err != nil {
		fmt.Println(err) // the transport is closed
		return
	}
	defer conn.Close()
	fmt.Println("connected:", conn.Connected())
	// Output: connected: true
}

func ExampleHeader() {
	server := httptest.NewServer(listen.Handler(stream.Standard, func(r *http.Request, conn *stream.Conn[*stream.Reader]) error {
		return conn.WriteText(r.Context(), conn.Handshake().Header.Get("Authorization"))
	}))
	defer server.Close()
	ctx := context.Background()

	header := http.Header{"Authorization": {"Bearer 12345"}}
	conn, err := dial.Dial(ctx, server.URL, stream.Standard, dial.Header(header))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	for msg, err := range conn.All(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		text, _ := io.ReadAll(msg)
		fmt.Println(string(text))
	}
	// Output: Bearer 12345
}

// Everything goes through one proxy, whatever the environment says.
func ExampleProxy() {
	// This one lets nobody through.
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.Method, r.Host)
		http.Error(w, "not today", http.StatusForbidden)
	}))
	defer front.Close()

	via, err := url.Parse(front.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = dial.Dial(context.Background(), "wss://example.com/files", stream.Standard, dial.Proxy(http.ProxyURL(via)))
	fmt.Println(err)
	// Output:
	// asked for CONNECT example.com:443
	// dial: the proxy answered 403 Forbidden: it has not connected to example.com:443; it says "not today"
}

// A cookie from an earlier answer, here one to a log-in over HTTP, is sent with the handshake.
func ExampleCookieJar() {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "12345", Path: "/"})
	})
	mux.HandleFunc("/files", func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("cookies:", r.Header.Get("Cookie"))
		listen.Reject(w, r, http.StatusNotFound)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	jar, err := cookiejar.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := http.Client{Jar: jar}
	response, err := client.Get(server.URL + "/login")
	if err != nil {
		fmt.Println(err)
		return
	}
	response.Body.Close()
	client.CloseIdleConnections()

	_, err = dial.Dial(context.Background(), server.URL+"/files", stream.Standard, dial.CookieJar(jar))
	fmt.Println(err)
	// Output:
	// cookies: session=12345
	// dial: the server answered 404 Not Found: the status is not 101 Switching Protocols
}

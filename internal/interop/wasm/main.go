//go:build js

// Command wasm is this module as a peer in a browser, or in Node. It asks for orders, and reports what comes of each:
//
//	obey URL           connect, and obey as all peers do (see the package above)
//	lead URL           connect to a peer that obeys, and have it send back all kinds of messages
//	mark URL           connect to such a peer, and have it send back text that begins with a byte order mark
//	hold URL           connect, and receive nothing until the next order, which is "receive", and then all
//	flood URL          connect, and send until nothing is taken for a while, tell that, and go on until all is sent
//	big URL            connect, and send back a message of any size, which is received as a stream, as one message
//	fail URL           connect, and report the error
//	options URL        dial with each option that a browser has nothing for, and report what is refused
//	control URL        connect, and report what comes of a ping and its like
//	cancel URL         connect, have contexts end, and go on
//	functions URL      connect many times, and report how many functions JavaScript can still call of those that it could
//	leave URL          connect, and have the page leave
//
// What it is loaded by gives it two functions, both of which return a promise: interop.next(), of the next order, and
// interop.report(line).
package main

import (
	"context"
	"fmt"
	"strings"
	"syscall/js"
)

var offered = []string{"other", "interop"}

var orders = map[string]func(ctx context.Context, url string) string{
	"obey": obey, "lead": lead, "mark": mark, "hold": hold, "flood": flood, "big": big, "fail": fail, "options": refusals, "control": control, "cancel": cancel,
	"functions": functions, "leave": leave,
}

func main() {
	for {
		order, url, _ := strings.Cut(next(), " ")
		do, ok := orders[order]
		if !ok {
			return
		}
		report(do(context.Background(), url))
	}
}

func next() string { return await("next").String() }

func report(line string) { await("report", line) }

// await calls the function of what has loaded this program, and returns what its promise comes to.
func await(name string, args ...any) js.Value {
	done := make(chan js.Value, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- args[0]
		return nil
	})
	defer then.Release()
	js.Global().Get("interop").Call(name, args...).Call("then", then)
	return <-done
}

// lost is what is reported of a connection that has failed, or that has not opened.
func lost(err error) string { return fmt.Sprintf("lost 1006 %v", err) }

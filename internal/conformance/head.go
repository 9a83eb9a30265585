package conformance

import (
	"slices"
	"strings"
)

// A head is that of a request or a response: its first line, and its fields as names and values in turn.
type head struct {
	line   string
	fields []string
}

var properRequest = head{"GET " + resource + " HTTP/1.1", []string{
	"Host", "<host>",
	"Upgrade", "websocket",
	"Connection", "Upgrade",
	"Sec-WebSocket-Key", "<key>",
	"Sec-WebSocket-Version", "13",
}}

var properResponse = head{"HTTP/1.1 101 Switching Protocols", []string{
	"Upgrade", "websocket",
	"Connection", "Upgrade",
	"Sec-WebSocket-Accept", "<accept>",
}}

// start returns h with another first line.
func (h head) start(line string) head {
	h.line = line
	return h
}

// set returns h with values in the place of those of the field; without values, the field is missing.
func (h head) set(field string, values ...string) head {
	var fields []string
	for pair := range slices.Chunk(h.fields, 2) {
		if pair[0] != field {
			fields = append(fields, pair...)
		}
	}
	for _, v := range values {
		fields = append(fields, field, v)
	}
	h.fields = fields
	return h
}

// rename returns h with the fields named as name says.
func (h head) rename(name func(string) string) head {
	h.fields = slices.Clone(h.fields)
	for i := 0; i < len(h.fields); i += 2 {
		h.fields[i] = name(h.fields[i])
	}
	return h
}

// String returns h as it goes over the wire.
func (h head) String() string {
	var b strings.Builder
	b.WriteString(h.line + "\r\n")
	for pair := range slices.Chunk(h.fields, 2) {
		b.WriteString(pair[0] + ": " + pair[1] + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

// label returns what a value is called in the name of a case.
func label(value string) string {
	if value == "" {
		return "empty"
	}
	return value
}

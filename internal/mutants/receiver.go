package main

import "slices"

// ofReceiver are faults of the receiver: its turns, messages, read buffer and text.
var ofReceiver = slices.Concat(
	of("stream/receiver.go",
		piece{"\tif p == toGoOn {\n\t\tuntil = nil // what has come is read, and the end behind it is found there\n\t}\n", ""},
	),
	of("stream/incoming.go",
		piece{"m.size += h.Length", "m.size = h.Length"},
		piece{"m.checked && !m.text.complete()", "m.checked && !m.continued && !m.text.complete()"},
		piece{"rc.msg.size, rc.msg.compressed", "0, rc.msg.compressed"},
		piece{"\t\t\trc.tr().Alive()\n\t\t\tpinged = false", "\t\t\tpinged = false"},
	),
	of("stream/incoming_payload.go",
		piece{"\tm.checked = false\n\tif m.viewed", "\tif m.viewed"},
		piece{"rc.zip.in.Size() > 0", "rc.zip.in.Size() < 0"},
		piece{"n := min(held, m.rest)", "n := min(held, m.rest+1)"},
		piece{"m.viewed, rb.viewed = false, true", "m.viewed = false"},
	),
	of("stream/receiver_read.go",
		piece{"rc.msg.rest > 0 || !isPing(rc.buf.unread())", "true"},
	),
	of("stream/readbuffer.go",
		piece{"return rb.viewed || rb.lent != nil && rb.lent.users.Load() > 1", "return rb.viewed"},
		piece{"\trb.lent.users.Add(1)\n", ""},
	),
	of("stream/message.go",
		piece{"max(3*have, allocateAhead)", "max(3*have, 64*allocateAhead)"},
	),
	of("stream/text.go",
		piece{"len(p)-utf8.UTFMax+1", "len(p)-utf8.UTFMax+2"},
		piece{"!bytes.Equal(c.begun(), v.from.begun())", "!bytes.Equal(c.begun()[:0], nil) || c.n != v.from.n"},
		piece{"\t\t\tif !utf8.Valid(c.held[:c.n]) {\n\t\t\t\treturn false\n\t\t\t}\n", ""},
		piece{"complete() bool { return c.n == 0 }", "complete() bool { return c.n <= 1 }"},
	),
)

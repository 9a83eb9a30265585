package main

import "slices"

// ofOutgoing are faults of messages that are sent: Writers, WriteFrame, whole ones.
var ofOutgoing = slices.Concat(
	of("stream/outgoing.go",
		piece{"most, limit := rest-1", "most, limit := rest"},
		piece{"o.endEncoding(a.damage == whole)", "o.endEncoding(true)"},
	),
	of("stream/fragmenter.go",
		piece{"g.rsv1 && !g.begun", "g.rsv1"},
		piece{"case g.n+len(rest) <= size:", "case g.n+len(rest) < size:"},
		piece{"case g.begun || fatal:", "case fatal:"},
		piece{"\t\ta.unload()\n\t}\n\tg.inside", "\t}\n\tg.inside"},
	),
	of("stream/account.go",
		piece{"\tcase a.missing != nil && !a.missing.mayBe(p):\n\t\treturn a.spoil(a.err, spoiled)\n", ""},
		piece{"a.damage == interrupted && a.missing == nil && n > 0", "a.damage == interrupted && n > 0"},
		piece{"\tcase a.damage == interrupted:\n\t\ta.spoil(a.err, spoiled)\n", ""},
		piece{"\tcase !a.text.complete():\n\t\ta.spoil(errCutText, spoiled)\n", ""},
	),
	of("stream/framewise.go",
		piece{"goesOn = goesOn && again", "goesOn = again"},
		piece{"op, text = w.op, w.text", "op = w.op"},
	),
	of("stream/messages.go",
		piece{"\tif err == nil {\n\t\tm.zip.out.Add(p.first)", "\t{\n\t\tm.zip.out.Add(p.first)"},
	),
)

package main

import "slices"

// ofWire are faults of the wire: turns, frames that are put off, and large ones.
var ofWire = slices.Concat(
	of("stream/wire.go",
		piece{"if w.finished.Load() || until.IsSet() {", "if until.IsSet() {"},
		piece{"\tif err := b.Err(); err != nil { // what", "\tif err := b.Err(); err != nil && w.server { // what"},
		piece{"b, int32(len(w.batch)), 0, false", "b, 0, 0, false"},
		piece{"m == frame.RandomMask && w.masking.Load() == nil", "m == frame.RandomMask"},
		piece{"m == frame.NoMask || m == frame.FixedMask(frame.Key{})", "m == frame.NoMask"},
	),
	of("stream/turn.go",
		piece{"!failed.Broken && t.sent == 0", "t.sent == 0"},
	),
	of("stream/batch.go",
		piece{"h.Fin && (t.w", "(t.w"},
		piece{"\tw.flushing = false\n", ""},
		piece{"sent > others || failed", "failed"},
		piece{"t.sent = int64(max(0, sent-others))", "t.sent = int64(sent)"},
	),
	of("stream/assembler.go",
		piece{"\tif n > len(a.buf)-a.end {\n\t\treturn 0\n\t}\n\tcopy", "\tcopy"},
	),
)

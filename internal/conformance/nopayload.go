package conformance

import "slices"

// withoutPayload has compressed messages without any payload, as some peers send them for empty ones, among others. Section
// 7.2.3.6 has an octet there, but nothing else can be meant.
func withoutPayload() []Case {
	messages := func(empty ...Frame) func(h *history) Exchange {
		return func(h *history) Exchange {
			hello := func() Frame { return squeezed(text, h.squeeze("Hello")) }
			x := sending(hello()).want(Message{text, "Hello"})
			x = x.then(empty...).want(Message{text, ""})
			return x.then(hello()).want(Message{text, "Hello"})
		}
	}
	return slices.Concat(
		compressing("no-payload/in-one-frame", "7.2.3.6", Light, Deflated{
			Answer: deflate, Plain: true, Messages: messages(squeezed(text, "")),
		}),
		compressing("no-payload/in-fragments", "7.2.3.6", Light, Deflated{
			Answer: deflate, Plain: true, Fragments: true, Messages: messages(squeezedIn(text, "", "", "")...),
		}),
	)
}

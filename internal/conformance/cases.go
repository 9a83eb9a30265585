package conformance

import "slices"

// Cases returns all cases, in the order of their families.
func Cases() []Case {
	return slices.Concat(
		framing(), pings(), reserved(), fragmentation(), encodings(), masks(), utf8Text(), closings(), messages(), requests(), responses(),
		compression(), negotiation(),
	)
}

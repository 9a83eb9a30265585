package listen

import (
	"net/http"
	"slices"
	"strconv"
)

// A RejectOption sets something of the answer of [Reject]. If one is given twice, the last one wins.
type RejectOption interface{ applyReject(*rejection) }

type rejectOption func(*rejection)

func (o rejectOption) applyReject(r *rejection) { o(r) }

type rejection struct {
	header http.Header
	body   []byte
}

// RejectHeader adds the fields of h to the answer, in the place of those that were set already. As always with a
// [http.ResponseWriter], what is no proper field is not sent. It keeps h until Reject has returned.
func RejectHeader(h http.Header) RejectOption {
	return rejectOption(func(r *rejection) { r.header = h })
}

// RejectBody sets the body of the answer, which is the text of the status by default. It is plain text in UTF-8, unless
// [RejectHeader] has another Content-Type. It keeps body until Reject has returned.
func RejectBody(body []byte) RejectOption {
	return rejectOption(func(r *rejection) { r.body = body })
}

// Reject answers the request r with a status that refuses it, in the place of [Upgrade]. Status 0 is 400 Bad Request.
// With 426 Upgrade Required goes what has to (RFC 6455, section 4.4). The HTTP server closes the connection behind the
// answer, whatever [RejectHeader] has, so that nothing behind r is taken for another request. A status below 300 or over 599 does not refuse
// anything, or does not exist; it is a mistake of the program, and 500 Internal Server Error is sent.
func Reject(w http.ResponseWriter, r *http.Request, status int, opts ...RejectOption) {
	switch {
	case status == 0:
		status = http.StatusBadRequest
	case status < 300 || status > 599:
		status = http.StatusInternalServerError
	}
	answer := rejection{body: []byte(http.StatusText(status) + "\n")}
	for _, o := range opts {
		o.applyReject(&answer)
	}
	h := w.Header()
	if status == http.StatusUpgradeRequired && r.ProtoMajor == 1 {
		setUpgradeRequired(h)
	}
	for name, values := range answer.header {
		h[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
	setClose(h, r)
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Del("Transfer-Encoding")
	h.Set("Content-Length", strconv.Itoa(len(answer.body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(answer.body)
	}
}

package dial

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/litert/websocket/internal/handshake"
	"github.com/litert/websocket/stream"
)

const (
	maxHead    = 64 << 10 // bytes of the response before its body, with those that come before it
	maxFields  = 128      // in the head of one response
	maxBody    = 4 << 10  // bytes of the body that an Error keeps
	maxInterim = 5        // responses with a status such as 103 before the final one
)

var (
	errHeadTooLong = fmt.Errorf("its head is longer than %d bytes", maxHead)
	errManyFields  = fmt.Errorf("its head has more than %d fields", maxFields)
)

// shake sends the request over rwc and reads the response. When ctx ends, and whenever it fails, it closes rwc.
func (c *call) shake(ctx context.Context, rwc io.ReadWriteCloser) (hs stream.Handshake, err error) {
	err = within(ctx, rwc, "reading the response", func() error {
		hs, err = c.exchange(rwc)
		return err
	})
	return hs, err
}

// exchange is shake without a bound.
func (c *call) exchange(rw io.ReadWriter) (hs stream.Handshake, err error) {
	key := handshake.NewKey()
	header := c.header()
	response, r, err := roundTrip(rw, c.appendEarly(c.request(key, header)), "sending the request")
	if err != nil {
		return hs, err
	}
	c.storeCookies(response)
	hs.Resource, hs.Header = c.target.resource, handshake.Others(response.Header)
	if err := c.check(response, key, &hs); err != nil {
		return hs, refusal(response, header, c.target.url.RawQuery, err)
	}
	hs.Buffered, err = r.Peek(r.Buffered())
	return hs, err
}

// roundTrip sends the request, which is what is called sending, and reads the head of the response. What follows that
// is to be read from r.
func roundTrip(rw io.ReadWriter, request []byte, sending string) (response *http.Response, r *bufio.Reader, err error) {
	if _, err := rw.Write(request); err != nil {
		return nil, nil, &failure{sending, err}
	}
	source := &source{r: rw, left: maxHead}
	r = bufio.NewReader(source)
	if response, err = readHead(r); err != nil {
		return nil, nil, source.explain(err)
	}
	source.left = maxHead // more than maxBody, for what surrounds chunks
	return response, r, nil
}

// refusal returns the error for a response that is not what was asked for, for the reason err. The header and the query are
// those of the request, with its credentials.
func refusal(response *http.Response, header http.Header, query string, err error) *Error {
	answer := &Error{StatusCode: response.StatusCode, Header: response.Header, Err: err}
	if response.StatusCode != opened(response) {
		answer.Body, _ = io.ReadAll(io.LimitReader(response.Body, maxBody))
		answer.repeats = repeats(answer.Body, header, query)
	}
	return answer
}

// A source bounds how much is read, and keeps the error that has ended it, for which parsers have words of their own.
type source struct {
	r    io.Reader
	left int
	err  error
}

func (s *source) Read(p []byte) (n int, err error) {
	if s.left == 0 {
		s.err = errHeadTooLong
		return 0, s.err
	}
	n, err = s.r.Read(p[:min(len(p), s.left)])
	s.left -= n
	if err != nil {
		s.err = err
	}
	return n, err
}

// explain returns the error to report for err, that of a parser.
func (s *source) explain(err error) error {
	cause := s.err
	if cause == io.EOF {
		cause = io.ErrUnexpectedEOF
	}
	switch {
	case cause == nil || errors.Is(err, cause):
		return err
	case cause == errHeadTooLong:
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// readHead reads the head of a response, and skips those that are not final (RFC 9110, section 15.2).
func readHead(r *bufio.Reader) (*http.Response, error) {
	request := &http.Request{Method: http.MethodGet}
	for range 1 + maxInterim {
		response, err := http.ReadResponse(r, request)
		switch {
		case err != nil:
			return nil, err
		case countFields(response.Header) > maxFields:
			return nil, errManyFields
		case response.ProtoMajor != 1:
			return nil, fmt.Errorf("it is %s instead of HTTP/1.1", response.Proto)
		case response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols:
			return response, nil
		}
	}
	return nil, errors.New("no final response came")
}

// opened returns the status with which a response opens a connection: behind its head are frames, and no body.
func opened(response *http.Response) int {
	if response.ProtoMajor == 2 {
		return http.StatusOK // RFC 8441, section 5
	}
	return http.StatusSwitchingProtocols
}

func countFields(h http.Header) (n int) {
	for _, values := range h {
		n += len(values)
	}
	return n
}

// What is wrong with a response (RFC 6455, section 4.1).
var (
	errStatus          = errors.New("the status is not 101 Switching Protocols")
	errUpgrade         = errors.New("the field Upgrade is not websocket")
	errConnection      = errors.New("the field Connection does not contain Upgrade")
	errNoAccept        = errors.New("the field Sec-WebSocket-Accept is missing")
	errAcceptTwice     = errors.New("there is more than one field Sec-WebSocket-Accept")
	errAccept          = errors.New("the field Sec-WebSocket-Accept does not answer the key of the request")
	errManySubprotocol = errors.New("the field Sec-WebSocket-Protocol names more than one subprotocol")
)

// check performs the checks of RFC 6455, section 4.1, in their order, and fills in what was agreed on.
func (c *call) check(response *http.Response, key string, hs *stream.Handshake) error {
	h := response.Header
	if response.StatusCode != http.StatusSwitchingProtocols {
		return errStatus
	}
	if v := h["Upgrade"]; len(v) != 1 || !handshake.EqualFold(v[0], "websocket") {
		return errUpgrade
	}
	if !handshake.HasToken(h["Connection"], "Upgrade") {
		return errConnection
	}
	switch accept := h[handshake.FieldAccept]; {
	case len(accept) == 0:
		return errNoAccept
	case len(accept) > 1:
		return errAcceptTwice
	case accept[0] != handshake.Accept(key):
		return errAccept
	}
	return c.checkAgreed(h, hs)
}

// checkAgreed checks what the server has chosen, and fills it in.
func (c *call) checkAgreed(h http.Header, hs *stream.Handshake) (err error) {
	if hs.Deflate, err = c.checkExtensions(h[handshake.FieldExtensions]); err != nil {
		return err
	}
	hs.Subprotocol, err = c.checkSubprotocol(h[handshake.FieldSubprotocol])
	return err
}

// checkExtensions returns what was agreed on for compression. Nothing else is ever offered.
func (c *call) checkExtensions(chosen []string) (*stream.Deflate, error) {
	extensions, err := handshake.ParseExtensions(chosen)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the field Sec-WebSocket-Extensions is malformed: %w", err)
	case len(extensions) == 0:
		return nil, nil
	case extensions[0].Name != handshake.DeflateName || c.cfg.Compression == nil:
		return nil, fmt.Errorf("the extension %q was not offered", extensions[0].Name)
	case len(extensions) > 1:
		return nil, fmt.Errorf("the extension %q was chosen beside another", extensions[1].Name)
	}
	agreed, err := handshake.AgreeDeflate(extensions[0], c.cfg.Compression.Deflate)
	if err != nil {
		return nil, fmt.Errorf("the extension %s: %w", handshake.DeflateName, err)
	}
	return (*stream.Deflate)(&agreed), nil
}

func (c *call) checkSubprotocol(chosen []string) (string, error) {
	switch {
	case len(chosen) == 0:
		return "", nil
	case len(chosen) > 1 || strings.Contains(chosen[0], ","):
		return "", errManySubprotocol
	case !slices.Contains(c.cfg.Subprotocols, chosen[0]):
		return "", fmt.Errorf("the subprotocol %q was not offered", chosen[0])
	}
	return chosen[0], nil
}

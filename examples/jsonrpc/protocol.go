package main

import (
	"encoding/json"
	"fmt"

	"github.com/litert/websocket/stream"
)

// An Error is what the server answers to a call that it does not do.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

const version = "2.0"

type request struct {
	Version string          `json:"jsonrpc"`
	ID      *uint64         `json:"id,omitempty"` // nil: no answer is wanted
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}

type response struct {
	Version string          `json:"jsonrpc"`
	ID      *uint64         `json:"id"` // nil: the request could not be read
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// The modes of the two ends: each message is decoded while it comes.
var (
	requests  = stream.Decode(decode[request])
	responses = stream.Decode(decode[response])
)

func decode[T any](r *stream.Reader) (value T, err error) {
	err = json.NewDecoder(r).Decode(&value)
	return value, err
}

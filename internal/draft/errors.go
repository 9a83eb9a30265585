package draft

import (
	"fmt"

	"github.com/litert/websocket/internal/osfile"
)

// A Refusal is why a file is not read, written or replaced: it comes of what was asked for, and would come again.
type Refusal struct{ Err error }

func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns the reason.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse returns err, if it is one, of the file system as a Refusal, with the name that the user knows.
func Refuse(name string, err error) error {
	if err == nil {
		return nil
	}
	return &Refusal{osfile.About(name, err)}
}

// NotRegular returns a Refusal of what is no file, or no regular one.
func NotRegular(name string) error { return &Refusal{fmt.Errorf("%q: not a regular file", name)} }

// A Spoiled error is one of a file of which no part is of any use. [Save] keeps nothing of it.
type Spoiled struct{ Err error }

func (s *Spoiled) Error() string { return s.Err.Error() }

// Unwrap returns what has spoiled the file.
func (s *Spoiled) Unwrap() error { return s.Err }

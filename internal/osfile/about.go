package osfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// About returns an error of the file system with the name that the user knows, and any other error as it is.
func About(name string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	default:
		return err
	}
	return fmt.Errorf("%q: %w", name, err)
}

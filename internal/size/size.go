// Package size has numbers of bytes as people write them.
package size

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Bytes is a number of bytes. It is a [flag.Value].
type Bytes int64

var units = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// String returns the number in the largest unit of which it is at least one, with up to one digit behind the point.
func (b Bytes) String() string {
	n, unit := float64(b), 0
	for n >= 1024 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0") + " " + units[unit]
}

// Set takes a number that is not negative, with a unit behind it or without. If it returns an error, b stays as it was.
func (b *Bytes) Set(text string) error {
	unit := strings.TrimLeft(text, "0123456789")
	n, err := strconv.ParseInt(strings.TrimSuffix(text, unit), 10, 64)
	shift := 10 * slices.Index(units, cmp.Or(unit, "B"))
	if err != nil || shift < 0 || n > math.MaxInt64>>shift {
		return errors.New("a size is a number of bytes, or one such as 64MiB")
	}
	*b = Bytes(n << shift)
	return nil
}

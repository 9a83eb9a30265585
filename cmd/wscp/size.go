package main

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A size is a number of bytes. It is a [flag.Value].
type size int64

var units = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// String returns the size in the largest unit of which it is at least one.
func (s size) String() string {
	n, unit := float64(s), 0
	for n >= 1024 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	return strings.TrimSuffix(strconv.FormatFloat(n, 'f', 1, 64), ".0") + " " + units[unit]
}

// Set takes a number, with a unit behind it or without.
func (s *size) Set(text string) error {
	unit := strings.TrimLeft(text, "0123456789")
	n, err := strconv.ParseInt(strings.TrimSuffix(text, unit), 10, 64)
	shift := 10 * slices.Index(units, cmp.Or(unit, "B"))
	if err != nil || shift < 0 || n > math.MaxInt64>>shift {
		return errors.New("a size is a number of bytes, or one such as 64MiB")
	}
	*s = size(n << shift)
	return nil
}

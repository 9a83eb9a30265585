package draft

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
)

const (
	// Prefix begins the names of files that are not whole yet, and of all others that are to be hidden. Behind it is what
	// [rand.Text] returns.
	Prefix = ".wscp-"

	// partialPrefix begins the names of what there is of files that can be resumed. Behind it are 32 hexadecimal digits.
	partialPrefix = Prefix + "part-"
)

// tempName returns a new name, beside name, for what takes that name when it is whole.
func tempName(name string) string { return filepath.Join(filepath.Dir(name), Prefix+rand.Text()) }

// PartialName returns the name of what there is of a file to be resumed.
func PartialName(name string) string {
	sum := sha256.Sum256([]byte(filepath.Base(name)))
	return filepath.Join(filepath.Dir(name), partialPrefix+hex.EncodeToString(sum[:16]))
}

// IsHidden reports whether what has that name, or a directory that it is in, has a name that begins with Prefix. A file system that
// takes letters for the same in both cases may do so by the upper one: that of the long s is S.
func IsHidden(name string) bool {
	return strings.Contains(string(filepath.Separator)+strings.ToLower(strings.ToUpper(name)), string(filepath.Separator)+Prefix)
}

// isTemp reports whether name can be that of a file that is not whole, and that nothing resumes.
func isTemp(name string) bool {
	random, ok := strings.CutPrefix(name, Prefix)
	return ok && len(random) == 26 && strings.Trim(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// isPartial reports whether name can be that of a file that is to be resumed.
func isPartial(name string) bool {
	digits, ok := strings.CutPrefix(name, partialPrefix)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

package conformance_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/litert/websocket/internal/conformance"
)

func TestEveryCaseHasANameOfItsOwnAndASection(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range cases() {
		if seen[c.ID] {
			t.Errorf("%s is there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Section == "" || c.Family() == c.ID {
			t.Errorf("%+v lacks a section or a family", c)
		}
	}
}

func TestFamiliesFollowOneAnother(t *testing.T) {
	seen, last := make(map[string]bool), ""
	for _, c := range cases() {
		if c.Family() != last && seen[c.Family()] {
			t.Fatalf("%s comes behind another family", c.ID)
		}
		last = c.Family()
		seen[last] = true
	}
}

// begins reports whether p can be the beginning of UTF-8.
func begins(p string) bool {
	for len(p) > 0 {
		r, n := utf8.DecodeRuneInString(p)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRuneInString(p)
		}
		p = p[n:]
	}
	return true
}

func TestTextIsWhatItIsCalled(t *testing.T) {
	for _, p := range conformance.CodePoints() {
		if !utf8.ValidString(p) {
			t.Errorf("%x is not UTF-8", p)
		}
	}
	for _, p := range conformance.Incomplete() {
		if utf8.ValidString(p) || !begins(p) {
			t.Errorf("%x is not the beginning of a code point", p)
		}
	}
	for _, p := range conformance.Impossible() {
		if begins(p) || !begins(p[:len(p)-1]) {
			t.Errorf("%x: the first impossible byte is not the last", p)
		}
	}
}

func TestAModeWithoutFragmentsGetsNone(t *testing.T) {
	s := conformance.Subject{Mode: conformance.Modes[0], Side: conformance.Server}
	s.Mode.Fragments = false
	left := 0
	for _, c := range cases() {
		if s.Takes(c) && c.Fragmented() {
			t.Errorf("%s has fragments", c.ID)
		}
		if s.Takes(c) && strings.HasPrefix(c.ID, "framing/") {
			left++
		}
	}
	if left == 0 {
		t.Error("no case is left")
	}
}

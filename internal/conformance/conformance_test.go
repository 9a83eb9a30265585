package conformance_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/internal/conformance"
)

// cases are made only once.
var cases = sync.OnceValue(conformance.Cases)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// families returns every nth of the cases for s by family, up to the weight.
func families(s conformance.Subject, most conformance.Weight, nth int) (names []string, of map[string][]conformance.Case) {
	of = make(map[string][]conformance.Case)
	for i, c := range cases() {
		if c.Weight > most || i%nth != 0 || !s.Takes(c) {
			continue
		}
		if of[c.Family()] == nil {
			names = append(names, c.Family())
		}
		of[c.Family()] = append(of[c.Family()], c)
	}
	return names, of
}

func TestBothEndsConform(t *testing.T) {
	for _, s := range conformance.Subjects(conformance.Modes) {
		most, nth := conformance.Medium, 1
		if testing.Short() || s.HTTP2 || s.Mode.Name != conformance.Modes[0].Name {
			most = conformance.Light // the modes stand on one state machine
		}
		if s.HTTP2 && s.Mode.Name != conformance.Modes[0].Name {
			nth = 7 // the report has all of them
		}
		names, of := families(s, most, nth)
		for _, name := range names {
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				for r, err := range conformance.Run(t.Context(), s, of[name]) {
					if err != nil {
						t.Fatal(err)
					}
					if r.Outcome != conformance.Passed {
						t.Errorf("%s (section %s): %v: %s", r.Case.ID, r.Case.Section, r.Outcome, r.Note)
					}
				}
			})
		}
	}
}

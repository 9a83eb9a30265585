package conformance_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/litert/websocket/internal/conformance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// byFamily returns the cases by family that a test has the time for.
func byFamily(most conformance.Weight) (names []string, families map[string][]conformance.Case) {
	families = make(map[string][]conformance.Case)
	for _, c := range conformance.Cases() {
		if c.Weight > most {
			continue
		}
		if families[c.Family()] == nil {
			names = append(names, c.Family())
		}
		families[c.Family()] = append(families[c.Family()], c)
	}
	return names, families
}

func TestBothEndsConformToRFC6455(t *testing.T) {
	most := conformance.Medium
	if testing.Short() {
		most = conformance.Light
	}
	names, families := byFamily(most)
	for _, s := range conformance.Subjects(conformance.Modes) {
		for _, name := range names {
			t.Run(s.String()+"/"+name, func(t *testing.T) {
				for r, err := range conformance.Run(t.Context(), s, families[name]) {
					if err != nil {
						t.Fatal(err)
					}
					if r.Outcome == conformance.Failed {
						t.Errorf("%s (section %s): %s", r.Case.ID, r.Case.Section, r.Note)
					}
				}
			})
		}
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEachPieceIsThereOnce(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range all() {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(m.file)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.apply(string(text)); err != nil {
			t.Errorf("%v: %v", m, err)
		}
		if m.old == m.new || seen[m.String()] {
			t.Errorf("%v: it changes nothing, or is there twice", m)
		}
		seen[m.String()] = true
	}
}

func TestWhatIsNotTestedIsNotFound(t *testing.T) {
	var out bytes.Buffer
	err := try(t.Context(), of("closecode/closecode.go",
		piece{"package closecode\n", "package closecode\n\nimport _ \"no/such/package\"\n"},
		piece{"type Code uint16\n", "type Code none\n"},
	), &out)
	if err == nil || out.String() != "0 of 2 were found\n" {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestWhatNoTestFindsSurvives(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the tests of a package, twice")
	}
	var out bytes.Buffer
	err := try(t.Context(), of("closecode/closecode.go",
		piece{"// The registered codes.", "// The codes."},
		piece{"3000 <= c && c <= 3999", "3000 <= c && c <= 3998"},
	), &out)
	if lines := strings.SplitAfter(out.String(), "\n"); err == nil || len(lines) != 4 ||
		!strings.HasPrefix(lines[0], string(survived)) || !strings.HasPrefix(lines[1], string(failed)) {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestNothingIsTriedWhereTheTestsFailAnyhow(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":    "module broken\n",
		"a.go":      "package broken\n\nconst answer = 41\n",
		"a_test.go": "package broken\n\nimport \"testing\"\n\nfunc TestAnswer(t *testing.T) {\n\tif answer != 42 {\n\t\tt.Error(answer)\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	var out bytes.Buffer
	err := try(t.Context(), of("a.go", piece{"41", "40"}), &out)
	if err == nil || !strings.Contains(err.Error(), "TestAnswer") || out.Len() > 0 {
		t.Errorf("%v\n%s", err, &out)
	}
}

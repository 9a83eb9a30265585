package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes of the test's program the child that it starts, as main does.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == childArg {
		child(os.Args[2])
		return
	}
	goleak.VerifyTestMain(m)
}

// tiny returns j as little as it can be.
func (j job) tiny() job {
	j = j.scaled(0)
	j.Conns = min(j.Conns, 8)
	j.Messages = roundUp(4*j.portion(), j.portion())
	return j
}

// shape returns what two jobs have in common that are the same when they are tiny.
func (j job) shape() job {
	j = j.tiny()
	j.Name, j.What, j.Messages = "", "", 0
	j.Conns, j.InFlight = min(j.Conns, 2), min(j.InFlight, 2)
	if j.Size <= 1<<10 {
		j.Size = min(j.Size, 1)
	}
	return j
}

func TestEveryLibraryDoesEveryJob(t *testing.T) {
	done := make(map[job]bool)
	for _, j := range allJobs() {
		shape := j.shape()
		if done[shape] {
			continue
		}
		done[shape] = true
		for _, lib := range libraries {
			if lib.lacks(j) {
				continue
			}
			t.Run(j.Name+"/"+lib.name, func(t *testing.T) {
				t.Parallel()
				j := j.tiny()
				dir := t.TempDir()
				if err := prepare(dir, j); err != nil {
					t.Fatal(err)
				}
				s, err := take(task{Library: lib.name, Name: lib.name, Job: j, Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				if s.Elapsed <= 0 || s.CPU <= 0 || s.Allocs == 0 {
					t.Errorf("the measurement is %+v", s)
				}
			})
		}
	}
}

func TestAPlanIsMeasuredAndReported(t *testing.T) {
	p := plan{jobs: mainJobs[5:6], libs: libraries[:2], rounds: 2, dir: t.TempDir(), profile: t.TempDir()}
	r, err := p.measure()
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*.cpu.pprof", "*.memory.pprof"} {
		if files, _ := filepath.Glob(filepath.Join(p.profile, pattern)); len(files) != len(p.libs) {
			t.Errorf("there are %d files %s", len(files), pattern)
		}
	}
	if left, _ := os.ReadDir(p.dir); len(left) > 0 {
		t.Errorf("%v was left behind", left)
	}

	var table bytes.Buffer
	if err := r.markdown(&table); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| job | unit | litert | gorilla |", "| echo64 | message | "} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, &table)
		}
	}

	name := filepath.Join(t.TempDir(), "results")
	if err := r.writeJSON(name); err != nil {
		t.Fatal(err)
	}
	var again results
	if b, err := os.ReadFile(name); err != nil || json.Unmarshal(b, &again) != nil || len(again.Jobs[0].Libraries[1].Samples) != 2 {
		t.Errorf("the JSON is %s, %v", b, err)
	}

	if err := r.draw(name); err != nil {
		t.Fatal(err)
	}
	drawing, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer drawing.Close()
	for d := xml.NewDecoder(drawing); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheChartHasTheMainJobs(t *testing.T) {
	main, other := jobResult{Name: "echo64"}, jobResult{Name: "burst4"}
	for _, test := range []struct{ jobs, want []jobResult }{
		{[]jobResult{other, main, other}, []jobResult{main}},
		{[]jobResult{other, other}, []jobResult{other, other}},
	} {
		r := results{Jobs: test.jobs}
		if got := r.charted(); !slices.EqualFunc(got, test.want, func(a, b jobResult) bool { return a.Name == b.Name }) {
			t.Errorf("of %v the chart has %v", test.jobs, got)
		}
	}
}

func TestTheMedianIsTheMiddle(t *testing.T) {
	l := libraryResult{Samples: []sample{{Peak: 9}, {Peak: 1}, {Peak: 4}}}
	of := func(s sample) float64 { return float64(s.Peak) }
	if m := l.median(of); m != 4 {
		t.Errorf("the median of 9, 1, 4 is %v", m)
	}
	l.Samples = append(l.Samples, sample{Peak: 2})
	if m := l.median(of); m != 3 {
		t.Errorf("the median of 9, 1, 4, 2 is %v", m)
	}
}

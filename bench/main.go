// Command bench measures this library beside others, at jobs that all of them do over real sockets.
//
//	go run -C bench . -rounds 5 -json results.json -svg chart.svg
//	go run -C bench . -scale 0.1 -rounds 1 -jobs get,echo64x64 -libs litert,gws,limit
//	go run -C bench . -baseline HEAD~1 -jobs ways
//
// It is a module of its own, so that the others are dependencies of nothing else; -C has paths begin here. It needs
// Linux, and as many open files as the jobs have connections (ulimit -n).
//
// Each measurement is a process of its own, in which a library does one job, as its documentation recommends. The load
// is in the process that started it, where it costs the library nothing: it writes frames that were encoded before, and
// checks of what comes the length and samples. A round measures all libraries at all jobs, one after the other; the
// results are the medians of all rounds. On a machine that does other things too, the CPU time is the steadiest.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == childArg {
		child(os.Args[2])
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A plan is what to measure.
type plan struct {
	jobs    []job
	libs    []library
	rounds  int
	scale   float64
	dir     string // for files
	profile string // directory for profiles, or empty
}

func run() (err error) {
	var p plan
	jobNames := flag.String("jobs", mainGroup, "the `names` of jobs, or of groups of them ("+groupNames()+"), separated by commas")
	libNames := flag.String("libs", "", "the `names` of the libraries, separated by commas; all by default, or with -baseline this one")
	commit := flag.String("baseline", "", "measure this library as it was at a `commit`, too")
	flag.IntVar(&p.rounds, "rounds", 3, "how many times to measure")
	flag.Float64Var(&p.scale, "scale", 1, "what to multiply the work of each job with")
	flag.StringVar(&p.dir, "dir", "", "the `directory` for files of 2 GiB; that for temporary files by default")
	flag.StringVar(&p.profile, "profile", "", "write profiles of the libraries into this `directory`")
	jsonFile := flag.String("json", "", "write all measurements to this `file`")
	svgFile := flag.String("svg", "", "draw a chart into this `file`")
	flag.Parse()

	if p.jobs, err = pickJobs(*jobNames); err != nil {
		return err
	}
	if *libNames == "" && *commit != "" {
		*libNames = ours
	}
	if p.libs, err = pick(libraries, *libNames, libraryName); err != nil {
		return err
	}
	if *commit != "" {
		b, err := newBaseline(*commit, p.dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.remove()) }()
		p.libs = append([]library{b.library()}, p.libs...)
	}
	p.leaveOut()
	results, err := p.measure()
	if err != nil {
		return err
	}
	return results.report(*jsonFile, *svgFile)
}

// leaveOut takes jobs out of the plan that need more open files than there may be, and says so.
func (p *plan) leaveOut() {
	p.jobs = slices.DeleteFunc(p.jobs, func(j job) bool {
		err := j.fits()
		if err != nil {
			fmt.Fprintln(os.Stderr, "left out:", err)
		}
		return err != nil
	})
}

// pick returns those of all that have one of the names, separated by commas, or all if there are no names.
func pick[T any](all []T, names string, nameOf func(T) string) ([]T, error) {
	if names == "" {
		return all, nil
	}
	var picked []T
	for name := range strings.SplitSeq(names, ",") {
		t, err := find(all, name, nameOf)
		if err != nil {
			return nil, err
		}
		picked = append(picked, t)
	}
	return picked, nil
}

// measure carries the plan out.
func (p plan) measure() (*results, error) {
	dir, err := os.MkdirTemp(p.dir, "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if p.profile != "" {
		if err := os.MkdirAll(p.profile, 0o777); err != nil {
			return nil, err
		}
	}
	r := newResults(p)
	for round := range p.rounds {
		for i, j := range p.jobs {
			// Whoever comes first should not always be the same.
			first := (round + i) % len(p.libs)
			for _, lib := range slices.Concat(p.libs[first:], p.libs[:first]) {
				if err := p.take(r, j.scaled(p.scale), lib, dir); err != nil {
					return nil, err
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d is over\n", round+1, p.rounds)
	}
	return r, nil
}

// take adds a measurement of lib at j to r, if lib does j.
func (p plan) take(r *results, j job, lib library, dir string) error {
	if lib.lacks(j) {
		return nil
	}
	if err := prepare(dir, j); err != nil {
		return err
	}
	t := task{Library: lib.name, Name: lib.name, Job: j, Dir: dir, Profile: p.profile}
	if lib.baseline != nil {
		t.Library, t.program = ours, lib.baseline.program
	}
	s, err := take(t)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%-10s %-8s %8.3f s, CPU %8.3f s\n", j.Name, lib.name, s.Elapsed.Seconds(), s.CPU.Seconds())
	r.add(j, lib, s)
	return nil
}

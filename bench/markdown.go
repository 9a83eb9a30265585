package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// The names of what the others are compared with.
const (
	ours     = "litert"
	before   = "before" // this library, as it was at the commit of a baseline
	theLimit = "limit"
)

// isLibrary and isPeer tell what is compared.
func isLibrary(name string) bool { return name != theLimit && name != before }
func isPeer(name string) bool    { return isLibrary(name) && name != ours }

// A figure is one of the things that are measured, and makes one table.
type figure struct {
	title string
	of    func(libraryResult) float64
	show  func(jobResult, float64) string
	more  bool // is better
	some  bool // jobs have it only: for the others it is 0
}

var (
	cpu        = figure{"CPU time per unit, of the library's process", func(l libraryResult) float64 { return l.CPU }, showTime, false, false}
	throughput = figure{"Throughput", func(l libraryResult) float64 { return l.Throughput }, showRate, true, false}
	peak       = figure{"Peak resident memory beyond that before the job, MiB", func(l libraryResult) float64 { return l.Peak }, showMiB, false, false}
	allocs     = figure{"Allocations per unit", func(l libraryResult) float64 { return l.Allocs }, showCount, false, false}
	ratio      = figure{"Bytes sent per byte of the messages", func(l libraryResult) float64 { return l.Ratio }, showPart, false, true}
	resident   = figure{"Resident memory per idle connection, KiB", func(l libraryResult) float64 { return l.Resident }, showKiB, false, true}
	p50        = figure{"Latency that half of the echoes keep below", func(l libraryResult) float64 { return l.Latency.P50.Seconds() }, showTime, false, true}
	p99        = figure{"Latency that 99% of the echoes keep below", func(l libraryResult) float64 { return l.Latency.P99.Seconds() }, showTime, false, true}
	p999       = figure{"Latency that 99.9% of the echoes keep below", func(l libraryResult) float64 { return l.Latency.P999.Seconds() }, showTime, false, true}
)

// markdown writes what the jobs are, and all tables.
func (r *results) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d CPUs, %s, %s; medians of %d rounds at scale %v.", r.Machine.CPU, r.Machine.CPUs, r.Machine.System, r.Machine.Go, r.Rounds, r.Scale)
	for _, name := range r.names() {
		if version := r.Machine.Libraries[name]; version != "" {
			fmt.Fprintf(&b, " %s %s.", name, version)
		}
	}
	b.WriteString("\n")
	b.WriteString("\n| job | what |\n|---|---|\n")
	for _, j := range r.Jobs {
		fmt.Fprintf(&b, "| %s | %s |\n", j.Name, j.What)
	}
	for _, f := range []figure{cpu, throughput, peak, allocs, ratio, p50, p99, p999, resident} {
		r.table(&b, f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes a table of f, with the best of the libraries in bold, if there is a job that f means something for.
func (r *results) table(b *strings.Builder, f figure) {
	if !slices.ContainsFunc(r.Jobs, f.means) {
		return
	}
	names := r.names()
	columns := slices.Concat([]string{"job", "unit"}, names, []string{"against the best peer", "against the limit"})
	hasBefore := slices.Contains(names, before)
	if hasBefore {
		columns = append(columns, "against before")
	}
	fmt.Fprintf(b, "\n### %s\n\n| %s |\n|---|---|%s\n", f.title, strings.Join(columns, " | "), strings.Repeat("--:|", len(columns)-2))
	for _, j := range r.Jobs {
		if !f.means(j) {
			continue
		}
		fmt.Fprintf(b, "| %s | %s |", j.Name, j.Unit)
		best := j.best(f, isLibrary)
		for _, name := range names {
			switch value, ok := j.value(f, name); {
			case !ok:
				b.WriteString(" — |")
			case value == best && isLibrary(name):
				fmt.Fprintf(b, " **%s** |", f.show(j, value))
			default:
				fmt.Fprintf(b, " %s |", f.show(j, value))
			}
		}
		mine, _ := j.value(f, ours)
		limit, _ := j.value(f, theLimit)
		fmt.Fprintf(b, " %s | %s |", showRatio(mine, j.best(f, isPeer)), showRatio(mine, limit))
		if hasBefore {
			was, _ := j.value(f, before)
			fmt.Fprintf(b, " %s |", showRatio(mine, was))
		}
		b.WriteString("\n")
	}
}

// names returns the names of all libraries that did a job, in their order.
func (r *results) names() []string {
	return slices.DeleteFunc(slices.Clone(r.columns), func(name string) bool {
		return !slices.ContainsFunc(r.Jobs, func(j jobResult) bool { _, ok := j.value(cpu, name); return ok })
	})
}

// means reports whether f means something for j.
func (f figure) means(j jobResult) bool {
	if f.some {
		return j.best(f, func(string) bool { return true }) != 0
	}
	return !j.isIdle()
}

func (j jobResult) isIdle() bool { return j.Unit == "connection" }

// value returns f of a library.
func (j jobResult) value(f figure, name string) (float64, bool) {
	i := slices.IndexFunc(j.Libraries, func(l libraryResult) bool { return l.Name == name })
	if i < 0 {
		return 0, false
	}
	return f.of(j.Libraries[i]), true
}

// best returns the best value among the libraries that count, or 0 if there are none.
func (j jobResult) best(f figure, counts func(name string) bool) (best float64) {
	found := false
	for _, l := range j.Libraries {
		value := f.of(l)
		if counts(l.Name) && (!found || value < best != f.more) {
			best, found = value, true
		}
	}
	return best
}

func showRatio(a, b float64) string {
	if a <= 0 || b <= 0 {
		return "—"
	}
	return fmt.Sprintf("%.2f", a/b)
}

func showTime(j jobResult, seconds float64) string {
	if j.Unit == "GiB" {
		return fmt.Sprintf("%.2f s", seconds)
	}
	return significant(seconds*1e6) + " µs"
}

func showRate(j jobResult, rate float64) string {
	if j.Unit == "GiB" {
		return fmt.Sprintf("%.2f/s", rate)
	}
	return fmt.Sprintf("%.0f/s", rate)
}

func showPart(_ jobResult, x float64) string { return fmt.Sprintf("%.3f", x) }

func showMiB(_ jobResult, n float64) string { return fmt.Sprintf("%.1f", n/(1<<20)) }
func showKiB(_ jobResult, n float64) string { return fmt.Sprintf("%.1f", n/(1<<10)) }

func showCount(_ jobResult, n float64) string { return significant(n) }

// significant shows x with three digits, or fewer where it is less than a hundredth.
func significant(x float64) string {
	digits := 2
	for limit := 10.0; x >= limit && digits > 0; limit *= 10 {
		digits--
	}
	return fmt.Sprintf("%.*f", digits, math.Abs(x))
}

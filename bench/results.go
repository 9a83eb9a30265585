package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// results are all measurements, in the order of the tables.
type results struct {
	Machine machine
	Scale   float64
	Rounds  int
	Jobs    []jobResult

	columns []string // the names of the libraries
}

// A machine is what the measurements were made on, and with.
type machine struct {
	CPU       string
	CPUs      int
	System    string
	Go        string
	Libraries map[string]string // the versions
}

// A jobResult is what was measured at one job.
type jobResult struct {
	Name, What, Unit string
	Units            float64
	Libraries        []libraryResult
}

// A libraryResult is what was measured of one library at one job. The figures are medians.
type libraryResult struct {
	Name       string
	Throughput float64 // units per second
	CPU        float64 // seconds per unit, of the library's process
	Allocs     float64 // objects per unit
	Bytes      float64 // of those objects, per unit
	Peak       float64 // bytes that were resident at most, beyond those before the job
	Resident   float64 `json:",omitempty"` // bytes per idle connection
	Ratio      float64 `json:",omitempty"` // bytes of payload sent for each byte of the messages
	Latency    latency `json:",omitzero"`
	Samples    []sample
}

func newResults(p plan) *results {
	r := &results{Machine: thisMachine(), Scale: p.scale, Rounds: p.rounds}
	for _, lib := range p.libs {
		r.columns = append(r.columns, lib.name)
		if lib.baseline != nil {
			r.Machine.Libraries[lib.name] = lib.baseline.commit
		}
	}
	for _, j := range p.jobs {
		j = j.scaled(p.scale)
		jr := jobResult{Name: j.Name, What: j.What, Unit: j.unit(), Units: j.units()}
		for _, lib := range p.libs {
			if !lib.lacks(j) {
				jr.Libraries = append(jr.Libraries, libraryResult{Name: lib.name})
			}
		}
		r.Jobs = append(r.Jobs, jr)
	}
	return r
}

func thisMachine() machine {
	m := machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), Libraries: make(map[string]string)}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			m.CPU = strings.TrimSpace(value)
		}
	}
	system, _ := exec.Command("uname", "-sr").Output()
	m.System = strings.TrimSpace(string(system))
	build, _ := debug.ReadBuildInfo()
	for _, lib := range libraries {
		for _, dep := range build.Deps {
			if dep.Path == lib.module && dep.Replace == nil {
				m.Libraries[lib.name] = dep.Version
			}
		}
	}
	return m
}

// add adds a measurement, and makes the medians anew.
func (r *results) add(j job, lib library, s sample) {
	jr := &r.Jobs[slices.IndexFunc(r.Jobs, func(jr jobResult) bool { return jr.Name == j.Name })]
	l := &jr.Libraries[slices.IndexFunc(jr.Libraries, func(l libraryResult) bool { return l.Name == lib.name })]
	l.Samples = append(l.Samples, s)
	units := j.units()
	l.Throughput = units / l.median(func(s sample) float64 { return s.Elapsed.Seconds() })
	l.CPU = l.median(func(s sample) float64 { return s.CPU.Seconds() }) / units
	l.Allocs = l.median(func(s sample) float64 { return float64(s.Allocs) }) / units
	l.Bytes = l.median(func(s sample) float64 { return float64(s.Bytes) }) / units
	l.Peak = l.median(func(s sample) float64 { return float64(s.Peak) })
	if j.Kind == deflate {
		l.Ratio = l.median(func(s sample) float64 { return float64(s.Wire) }) / (units * (1 << 20))
	}
	if j.Kind == pace {
		l.Latency = l.medianLatency()
	}
	if j.Kind == idle {
		l.Resident = l.median(func(s sample) float64 { return float64(s.Grown) }) / units
	}
}

// medianLatency returns the medians of each percentile.
func (l *libraryResult) medianLatency() latency {
	of := func(percentile func(latency) time.Duration) time.Duration {
		return time.Duration(l.median(func(s sample) float64 { return float64(percentile(s.Latency)) }))
	}
	return latency{
		P50:  of(func(l latency) time.Duration { return l.P50 }),
		P99:  of(func(l latency) time.Duration { return l.P99 }),
		P999: of(func(l latency) time.Duration { return l.P999 }),
	}
}

func (l *libraryResult) median(of func(sample) float64) float64 {
	values := make([]float64, len(l.Samples))
	for i, s := range l.Samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// report writes tables to the standard output, and the files that have a name.
func (r *results) report(jsonFile, svgFile string) error {
	if err := r.markdown(os.Stdout); err != nil {
		return err
	}
	if jsonFile != "" {
		if err := r.writeJSON(jsonFile); err != nil {
			return err
		}
	}
	if svgFile != "" {
		return r.draw(svgFile)
	}
	return nil
}

func (r *results) writeJSON(name string) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o666)
}

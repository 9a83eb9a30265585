//go:build linux

package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// table writes what has come of the trials. That one does not hold is an error.
func (c config) table(out io.Writer, chosen []trial, results [][]result) error {
	group, broken := "", 0
	for i, t := range chosen {
		if t.group != group {
			group = t.group
			fmt.Fprintf(out, "\n| fault: %s | must hold | connections | what was seen |\n|---|---|---|---|\n", group)
		}
		kinds := fmt.Sprint(len(results[i]))
		if t.variants == nil {
			kinds = "-"
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", t.name, t.want, kinds, cell(summary(results[i])))
	}
	for i, t := range chosen {
		for _, r := range results[i] {
			if r.Err != "" {
				broken++
			}
			if r.Err != "" {
				fmt.Fprintf(out, "\n%s, %v: %s", t.id(), r.Variant, r)
			}
		}
	}
	fmt.Fprintln(out)
	if broken > 0 {
		return fmt.Errorf("%d do not hold", broken)
	}
	return nil
}

func (r result) String() string {
	switch {
	case r.Err != "":
		return "DOES NOT HOLD: " + r.Err
	case r.Skipped != "":
		return "skipped: " + r.Skipped
	}
	return r.Got
}

// summary returns what was seen with all variants: each thing once, with numbers from the least to the most.
func summary(results []result) string {
	var seen []sight
	for _, r := range results {
		what := r.String()
		if r.Err != "" {
			what = "DOES NOT HOLD, see below"
		}
		i := slices.IndexFunc(seen, func(s sight) bool { return s.add(what) })
		if i < 0 {
			seen = append(seen, newSight(what))
		}
	}
	var texts []string
	for _, s := range seen {
		texts = append(texts, s.text(len(seen) > 1))
	}
	return strings.Join(texts, "; ")
}

// cell returns text for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "|", "\\|").Replace(text)
}

var number = regexp.MustCompile(`\d+(\.\d+)?`)

// A sight is what was seen some times, but for its numbers.
type sight struct {
	words       []string // between the numbers, before and behind them
	least, most []string
	times       *int
}

func newSight(what string) sight {
	n := number.FindAllString(what, -1)
	times := 1
	return sight{number.Split(what, -1), n, slices.Clone(n), &times}
}

// add adds what was seen, and reports whether it is the same.
func (s sight) add(what string) bool {
	other := newSight(what)
	if !slices.Equal(s.words, other.words) {
		return false
	}
	*s.times++
	for i, n := range other.least {
		if value(n) < value(s.least[i]) {
			s.least[i] = n
		}
		if value(n) > value(s.most[i]) {
			s.most[i] = n
		}
	}
	return true
}

func value(n string) float64 {
	v, _ := strconv.ParseFloat(n, 64)
	return v
}

// text returns it all, if counted is set with how often it was seen.
func (s sight) text(counted bool) string {
	var b strings.Builder
	if counted {
		fmt.Fprintf(&b, "%d × ", *s.times)
	}
	for i, words := range s.words {
		b.WriteString(words)
		if i == len(s.least) {
			break
		}
		b.WriteString(s.least[i])
		if s.most[i] != s.least[i] {
			b.WriteString("–" + s.most[i])
		}
	}
	return b.String()
}

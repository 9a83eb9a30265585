// Command report runs all cases of package conformance, and prints what became of them as a table in Markdown. It exits
// with status 1 unless all have passed: one that is non-strict is a promise broken, too.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/litert/websocket/internal/conformance"
)

func main() {
	var c config
	flag.BoolVar(&c.verbose, "v", false, "list each case")
	flag.BoolVar(&c.quick, "quick", false, "leave the heavy cases out")
	flag.StringVar(&c.prefix, "run", "", "only the cases whose name begins so")
	flag.DurationVar(&c.patience, "patience", 30*time.Second, "how long to wait for what must come")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := c.report(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

type config struct {
	verbose, quick bool
	prefix         string
	patience       time.Duration
}

func (c config) cases() []conformance.Case {
	return slices.DeleteFunc(conformance.Cases(), func(one conformance.Case) bool {
		return !strings.HasPrefix(one.ID, c.prefix) || c.quick && one.Weight == conformance.Heavy
	})
}

// report writes the whole report. That a case has not passed is an error.
func (c config) report(ctx context.Context, w io.Writer) error {
	cases := c.cases()
	var lists []list
	for _, s := range conformance.Subjects(conformance.Modes) {
		s.Patience = c.patience
		l := list{subject: s.String()}
		for r, err := range conformance.Run(ctx, s, cases) {
			if err != nil {
				return err
			}
			l.results = append(l.results, r)
		}
		l.sort(cases)
		lists = append(lists, l)
	}
	fmt.Fprint(w, "# Conformance to RFC 6455 and RFC 7692\n\n")
	summarise(w, lists)
	for _, l := range lists {
		l.print(w, c.verbose)
	}
	return cmp.Or(ctx.Err(), verdict(lists))
}

// verdict returns an error unless there are results, and all of them are Passed.
func verdict(lists []list) error {
	var n [3]int
	for _, l := range lists {
		for outcome, count := range l.count("") {
			n[outcome] += count
		}
	}
	switch {
	case n[conformance.NonStrict]+n[conformance.Failed] > 0:
		return fmt.Errorf("%d cases have failed, and %d are non-strict", n[conformance.Failed], n[conformance.NonStrict])
	case n[conformance.Passed] == 0:
		return errors.New("no case has run")
	}
	return nil
}

// A list is what became of the cases of one subject.
type list struct {
	subject string
	results []conformance.Result
}

// sort puts the results into the order of cases.
func (l list) sort(cases []conformance.Case) {
	place := make(map[string]int)
	for i, c := range cases {
		place[c.ID] = i
	}
	slices.SortFunc(l.results, func(a, b conformance.Result) int {
		return cmp.Compare(place[a.Case.ID], place[b.Case.ID])
	})
}

// families returns the names of the families, in their order.
func (l list) families() []string {
	var names []string
	for _, r := range l.results {
		names = append(names, r.Case.Family())
	}
	return slices.Compact(names)
}

// count returns how many cases of the family have each outcome; the family "" is all of them.
func (l list) count(family string) (n [3]int) {
	for _, r := range l.results {
		if family == "" || r.Case.Family() == family {
			n[r.Outcome]++
		}
	}
	return n
}

// summarise prints the table of families.
func summarise(w io.Writer, lists []list) {
	fmt.Fprintln(w, "| end | family | cases | passed | non-strict | failed |")
	fmt.Fprintln(w, "|---|---|--:|--:|--:|--:|")
	for _, l := range lists {
		for _, family := range l.families() {
			row(w, l.subject, family, l.count(family))
		}
		row(w, l.subject, "**all**", l.count(""))
	}
}

func row(w io.Writer, subject, family string, n [3]int) {
	fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %d |\n", subject, family, n[0]+n[1]+n[2],
		n[conformance.Passed], n[conformance.NonStrict], n[conformance.Failed])
}

// print prints each case, or those that have not passed.
func (l list) print(w io.Writer, all bool) {
	if n := l.count(""); !all && n[conformance.NonStrict]+n[conformance.Failed] == 0 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n| case | section | outcome | note |\n|---|---|---|---|\n", l.subject)
	for _, r := range l.results {
		if all || r.Outcome != conformance.Passed {
			note := strings.ReplaceAll(r.Note, "|", "\\|")
			fmt.Fprintf(w, "| %s | %s | %v | %s |\n", r.Case.ID, r.Case.Section, r.Outcome, note)
		}
	}
}

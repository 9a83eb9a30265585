package main

import (
	"testing"

	"github.com/litert/websocket/internal/conformance"
)

func TestOnlyAReportWhoseCasesHaveAllPassedIsAGoodOne(t *testing.T) {
	of := func(outcomes ...conformance.Outcome) (l list) {
		for _, o := range outcomes {
			l.results = append(l.results, conformance.Result{Outcome: o})
		}
		return l
	}
	const passed, nonStrict, failed = conformance.Passed, conformance.NonStrict, conformance.Failed
	tests := []struct {
		name  string
		lists []list
		good  bool
	}{
		{"all passed", []list{of(passed, passed), of(), of(passed)}, true},
		{"one failed", []list{of(passed), of(passed, failed)}, false},
		{"one non-strict", []list{of(passed), of(nonStrict, passed)}, false},
		{"none", []list{of(), of()}, false},
	}
	for _, tt := range tests {
		if err := verdict(tt.lists); (err == nil) != tt.good {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

package main

import (
	"math"
	"slices"
	"testing"
)

func TestAJobForWhichThereAreTooFewDescriptorsIsLeftOut(t *testing.T) {
	one, many := job{Name: "one", Conns: 1}, job{Name: "many", Conns: math.MaxInt32}
	p := plan{jobs: []job{many, one, many}}
	p.leaveOut()
	if !slices.Equal(p.jobs, []job{one}) {
		t.Errorf("the jobs left are %v", p.jobs)
	}
}

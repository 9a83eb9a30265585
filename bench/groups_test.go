package main

import (
	"slices"
	"testing"
)

func TestJobsArePickedByNameAndByGroup(t *testing.T) {
	for _, test := range []struct {
		names string
		want  []job
	}{
		{"main", mainJobs},
		{"put,get", []job{mainJobs[1], mainJobs[0]}},
		{"put,main,get", append([]job{mainJobs[1], mainJobs[0]}, mainJobs[2:]...)},
		{"all", allJobs()},
		{"main,all", allJobs()},
	} {
		if got, err := pickJobs(test.names); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q picks %v, %v", test.names, got, err)
		}
	}
	for _, names := range []string{"", "nothing", "get,nothing", "get,,put"} {
		if got, err := pickJobs(names); err == nil {
			t.Errorf("%q picks %v", names, got)
		}
	}
}

func TestEachNameIsOfOneJob(t *testing.T) {
	jobs := make(map[string]job)
	for _, g := range groups {
		if _, ok := jobs[g.name]; ok {
			t.Errorf("the group %s is a job", g.name)
		}
		for _, j := range g.jobs {
			if k, ok := jobs[j.Name]; ok && k != j {
				t.Errorf("two jobs are %s", j.Name)
			}
			jobs[j.Name] = j
		}
	}
}

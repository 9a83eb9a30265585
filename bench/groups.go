package main

import (
	"slices"
	"strings"
)

// A group is several jobs that are asked for by one name.
type group struct {
	name string
	jobs []job
}

// mainGroup is the name of the group that is measured by default, and allGroups that of everything.
const (
	mainGroup = "main"
	allGroups = "all"
)

// groups are all groups. A job may be in several.
var groups = []group{
	{mainGroup, mainJobs},
	{"tls", tlsJobs},
	{"h2", h2Jobs},
	{"ways", waysJobs},
	{"bursts", burstsJobs},
	{"scale", scaleJobs},
	{"pairs", pairsJobs},
}

func groupName(g group) string { return g.name }

// groupNames returns the names that stand for several jobs, for a sentence.
func groupNames() string {
	var names []string
	for _, g := range groups {
		names = append(names, g.name)
	}
	return strings.Join(append(names, allGroups), ", ")
}

// allJobs returns the jobs of all groups, each once.
func allJobs() []job {
	var all []job
	for _, g := range groups {
		all = add(all, g.jobs)
	}
	return all
}

// add adds those of more to all that are not there yet.
func add(all, more []job) []job {
	for _, j := range more {
		if !slices.ContainsFunc(all, func(k job) bool { return k.Name == j.Name }) {
			all = append(all, j)
		}
	}
	return all
}

func jobName(j job) string { return j.Name }

// named returns the jobs that have one of the names.
func named(all []job, names ...string) []job {
	return slices.DeleteFunc(slices.Clone(all), func(j job) bool { return !slices.Contains(names, j.Name) })
}

// pickJobs returns the jobs of the names, which are of jobs or groups and separated by commas, each once.
func pickJobs(names string) ([]job, error) {
	var picked []job
	for name := range strings.SplitSeq(names, ",") {
		if name == allGroups {
			picked = add(picked, allJobs())
		} else if g, err := find(groups, name, groupName); err == nil {
			picked = add(picked, g.jobs)
		} else if j, err := find(allJobs(), name, jobName); err == nil {
			picked = add(picked, []job{j})
		} else {
			return nil, err
		}
	}
	return picked, nil
}

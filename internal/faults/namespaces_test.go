//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// withNetwork makes a network, or skips the test where that is not allowed.
func withNetwork(t *testing.T, pid int) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("skipped: only root can make namespaces")
	}
	name := newNetworkName(pid)
	t.Cleanup(func() { removeNetwork(name) })
	var lacks skipped
	if err := makeNetwork(name); errors.As(err, &lacks) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return name
}

func namespacesOf(t *testing.T, network string) int {
	t.Helper()
	names, err := filepath.Glob("/var/run/netns/" + network + "-*")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// The rest of a run that was killed goes; that of one that goes on stays.
func TestANetworkWhoseProcessHasEndedIsSwept(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	of := withNetwork(t, gone.Process.Pid)
	own := withNetwork(t, os.Getpid())
	if err := sweep(); err != nil {
		t.Fatal(err)
	}
	if namespacesOf(t, of) != 0 || namespacesOf(t, own) != 2 {
		t.Errorf("%d are left of one that has ended, %d of one that has not", namespacesOf(t, of), namespacesOf(t, own))
	}
}

func TestProcessesInANetworkEndWithIt(t *testing.T) {
	name := withNetwork(t, os.Getpid())
	_, server := hostsOf(name)
	cmd := exec.Command("sleep", "1000")
	if err := server.do(cmd.Start); err != nil {
		t.Fatal(err)
	}
	removeNetwork(name)
	if err := cmd.Wait(); err == nil || namespacesOf(t, name) != 0 {
		t.Errorf("%v; %d namespaces", err, namespacesOf(t, name))
	}
}

func TestAFaultOfTheNetworkIsTriedWithAllThatIsChosen(t *testing.T) {
	withNetwork(t, os.Getpid())
	for _, one := range resets[:2] {
		one.group, one.network = "network", true
		for _, v := range one.variants(true) {
			if r := (config{short: true}).try(t.Context(), one, v); r.Err != "" {
				t.Errorf("%s, %v: %s", one.name, v, r.Err)
			}
		}
	}
}

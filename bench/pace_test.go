package main

import (
	"testing"
	"time"
)

func TestPercentilesAreOfTheEchoes(t *testing.T) {
	var took []time.Duration
	for i := range 1001 {
		took = append(took, time.Duration(1000-i))
	}
	if got, want := percentiles(took), (latency{500, 990, 999}); got != want {
		t.Errorf("the percentiles of 0 to 1000 are %v", got)
	}
	if got, want := percentiles([]time.Duration{7}), (latency{7, 7, 7}); got != want {
		t.Errorf("the percentiles of 7 are %v", got)
	}
	if got := percentiles(nil); got != (latency{}) {
		t.Errorf("the percentiles of nothing are %v", got)
	}
}

func TestALatencyIsMeasuredOfEachEcho(t *testing.T) {
	j, err := find(scaleJobs, "latency", jobName)
	if err != nil {
		t.Fatal(err)
	}
	s, err := take(task{Library: ours, Name: ours, Job: j.tiny()})
	if err != nil {
		t.Fatal(err)
	}
	if l := s.Latency; l.P50 <= 0 || l.P99 < l.P50 || l.P999 < l.P99 {
		t.Errorf("the latency is %+v", l)
	}
}

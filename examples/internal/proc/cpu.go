// Package proc tells what processes use, for the programs that measure others.
package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// CPU returns the time that the process has used of the CPUs, as Linux tells it.
func CPU(p *os.Process) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Pid))
	if err != nil {
		return 0, err
	}
	_, behindName, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(behindName)
	if len(fields) < 13 {
		return 0, errors.New("the system does not tell the time of a process")
	}
	const tick = 10 * time.Millisecond
	ticks := 0
	for _, field := range fields[11:13] { // of the program, and of the system for it
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

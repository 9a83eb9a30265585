package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// results are the costs of all rounds.
type results map[job]map[*way][]cost

func (r results) add(j job, w *way, c cost) {
	if r[j] == nil {
		r[j] = make(map[*way][]cost)
	}
	r[j][w] = append(r[j][w], c)
}

// print prints a table.
func (r results) print(out io.Writer, ways []*way) {
	fmt.Fprintf(out, "| what | by | time | CPU of both ends | until on the disk | peak memory: client | server |\n|---|---|--:|--:|--:|--:|--:|\n")
	for _, j := range jobs {
		for _, w := range ways {
			costs := r[j][w]
			if len(costs) == 0 {
				continue
			}
			fmt.Fprintf(out, "| %s | %s | %s | %s |", j.name(), w.name,
				seconds(median(costs, func(c cost) time.Duration { return c.time })), seconds(median(costs, func(c cost) time.Duration { return c.cpu })))
			disk, client, server := "", "", ""
			if !j.tree {
				disk = seconds(median(costs, func(c cost) time.Duration { return c.disk }))
			}
			if w.name == "wscp" {
				client, server = mib(most(costs, func(c cost) int64 { return c.client })), mib(most(costs, func(c cost) int64 { return c.peer }))
			}
			fmt.Fprintf(out, " %s | %s | %s |\n", disk, client, server)
		}
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mib(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

// median returns the median of a figure; of an even number, the greater of the two in the middle.
func median[T cmp.Ordered](costs []cost, of func(cost) T) T {
	all := figures(costs, of)
	slices.Sort(all)
	return all[len(all)/2]
}

func most(costs []cost, of func(cost) int64) int64 { return slices.Max(figures(costs, of)) }

func figures[T any](costs []cost, of func(cost) T) []T {
	all := make([]T, len(costs))
	for i, c := range costs {
		all[i] = of(c)
	}
	return all
}

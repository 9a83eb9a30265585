package main

import (
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

func (r *results) draw(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_ = plot.New
	_ = plotter.NewBarChart
	_ = vg.Inch
	_ = draw.New
	_ = vgsvg.New
	return f.Close()
}

package main

import (
	"fmt"
	"image/color"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	chartColumns = 4
	tileWidth    = 6 * vg.Centimeter
	tileHeight   = 3.6 * vg.Centimeter
	barWidth     = 0.3 * vg.Centimeter

	// cropped is how many times as long as the shortest bar a bar is at most, so that one does not make all others
	// look the same. Its figure stands beside it.
	cropped = 5
)

var (
	oursColour  = color.RGBA{R: 0x1f, G: 0x6f, B: 0xb5, A: 0xff}
	peerColour  = color.RGBA{R: 0xc4, G: 0xcc, B: 0xd4, A: 0xff}
	limitColour = color.RGBA{R: 0x8f, G: 0xb8, B: 0x8f, A: 0xff}
)

// charted returns the jobs that users have, or all if there are none of them.
func (r *results) charted() []jobResult {
	of := slices.DeleteFunc(slices.Clone(r.Jobs), func(j jobResult) bool {
		return !slices.ContainsFunc(mainJobs, func(main job) bool { return main.Name == j.Name })
	})
	if len(of) == 0 {
		return r.Jobs
	}
	return of
}

// draw draws a tile for each job: CPU time, or memory where that is what the job is about. Short is good.
func (r *results) draw(name string) error {
	charted := r.charted()
	rows := (len(charted) + chartColumns - 1) / chartColumns
	img := vgsvg.NewWith(vgsvg.UseWH(chartColumns*tileWidth, vg.Length(rows)*tileHeight))
	canvas := draw.New(img)
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Rectangle.Path())
	tiles := draw.Tiles{Rows: rows, Cols: chartColumns, PadX: vg.Millimeter, PadY: 2 * vg.Millimeter, PadLeft: 2 * vg.Millimeter, PadRight: vg.Millimeter, PadTop: vg.Millimeter, PadBottom: vg.Millimeter}
	for i, j := range charted {
		tile, err := j.tile()
		if err != nil {
			return err
		}
		tile.Draw(tiles.At(canvas, i%chartColumns, i/chartColumns))
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := img.WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}

// tile has a bar for each library, the first at the top.
func (j jobResult) tile() (*plot.Plot, error) {
	f, what := cpu, "CPU"
	if j.isIdle() {
		f, what = resident, "KiB"
	}
	end := cropped * j.best(f, func(string) bool { return true })
	p := plot.New()
	p.Title.Text = fmt.Sprintf("%s: %s per %s", j.Name, what, j.Unit)
	p.Title.TextStyle.Font.Size = 9
	p.HideX()
	p.X.Min, p.X.Max = 0, end*1.4 // room for the figure
	var names []string
	for i, l := range slices.Backward(j.Libraries) {
		at := float64(len(j.Libraries) - 1 - i)
		value := f.of(l)
		bar, err := plotter.NewBarChart(plotter.Values{min(value, end)}, barWidth)
		if err != nil {
			return nil, err
		}
		bar.Horizontal, bar.XMin, bar.LineStyle.Width, bar.Color = true, at, 0, colourOf(l.Name)
		figures, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: min(value, end), Y: at}}, Labels: []string{" " + f.show(j, value)}})
		if err != nil {
			return nil, err
		}
		figures.TextStyle[0].Font.Size = 7
		figures.TextStyle[0].YAlign = text.YCenter
		p.Add(bar, figures)
		names = append(names, l.Name)
	}
	p.NominalY(names...)
	p.Y.Min = float64(min(0, len(names)-len(libraries))) - 0.5 // as high as the others
	p.Y.Max = float64(len(names)) - 0.5
	p.Y.Tick.Label.Font.Size = 7
	return p, nil
}

func colourOf(name string) color.Color {
	switch name {
	case ours:
		return oursColour
	case theLimit:
		return limitColour
	}
	return peerColour
}

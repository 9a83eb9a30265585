package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"time"
)

const width, height = 320, 240

// draw returns what a camera might see now: a ball that moves over a ground that does not, as JPEG.
func draw() ([]byte, error) {
	const radius = 24
	seconds := float64(time.Now().UnixMilli()%60_000) / 1000
	ball := image.Pt(int(seconds*97)%width, height/2+int(seconds*61)%(height/2)-height/4)
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{uint8(x * 255 / width), uint8(y * 255 / height), uint8((x/8 ^ y/8) * 8), 255}
			if dx, dy := x-ball.X, y-ball.Y; dx*dx+dy*dy < radius*radius {
				c = color.RGBA{255, 255, 255, 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	var encoded bytes.Buffer
	err := jpeg.Encode(&encoded, picture, &jpeg.Options{Quality: 60})
	return encoded.Bytes(), err
}

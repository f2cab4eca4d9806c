package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// picture draws a purifier in a room, in three colours: body, wall and floor.
func picture(body, wall, floor color.RGBA) ([]byte, error) {
	const w, h = 1200, 800
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := mix(wall, color.RGBA{255, 255, 255, 255}, 0.35*float64(y)/h)
			if y > 610 {
				c = mix(floor, color.RGBA{0, 0, 0, 255}, 0.25*float64(y-610)/190)
			}
			m.SetRGBA(x, y, drawn(c, body, float64(x), float64(y)))
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, m)
	return b.Bytes(), err
}

// drawn is the pixel of the device, or what is behind it.
func drawn(behind, body color.RGBA, x, y float64) color.RGBA {
	const left, top, width, height, corner = 430.0, 170.0, 340.0, 520.0, 70.0
	if s := ellipse(x, y, top+height, 230, 34); s < 1 {
		behind = mix(behind, color.RGBA{0, 0, 0, 255}, 0.35*(1-s))
	}
	inside := box(x, y, left, top, width, height, corner)
	if inside <= 0 {
		return behind
	}
	c := mix(body, color.RGBA{0, 0, 0, 255}, 0.28*math.Abs(x-left-width*0.38)/width)
	switch {
	case y > top+250 && y < top+470 && math.Mod(y, 22) < 8 && x > left+45 && x < left+width-45:
		c = mix(c, color.RGBA{0, 0, 0, 255}, 0.45) // where the air goes in
	case ellipse(x, y, top+120, 74, 74) < 1 && ellipse(x, y, top+120, 62, 62) > 1:
		c = color.RGBA{86, 196, 140, 255} // the ring that says how the air is
	case ellipse(x, y, top+120, 62, 62) <= 1:
		c = color.RGBA{24, 30, 36, 255}
	}
	return mix(behind, c, min(1, inside))
}

// middle is where the device stands.
const middle = 600

// ellipse is below 1 inside.
func ellipse(x, y, cy, rx, ry float64) float64 {
	dx, dy := (x-middle)/rx, (y-cy)/ry
	return dx*dx + dy*dy
}

// box is how far inside a box with round corners a point is, in pixels.
func box(x, y, left, top, width, height, r float64) float64 {
	dx := math.Abs(x-left-width/2) - width/2 + r
	dy := math.Abs(y-top-height/2) - height/2 + r
	return r - math.Hypot(max(dx, 0), max(dy, 0)) - min(max(dx, dy), 0)
}

func mix(a, b color.RGBA, share float64) color.RGBA {
	share = min(1, max(0, share))
	part := func(x, y uint8) uint8 { return uint8(float64(x)*(1-share) + float64(y)*share) }
	return color.RGBA{part(a.R, b.R), part(a.G, b.G), part(a.B, b.B), 255}
}

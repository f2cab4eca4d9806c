package media_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/proofmark/proofmark/internal/media"
)

func TestAPictureIsCutToItsPlace(t *testing.T) {
	for _, c := range []struct{ w, h int }{{300, 100}, {100, 300}, {96, 60}, {1, 1}, {1000, 1}} {
		src := image.NewNRGBA(image.Rect(0, 0, c.w, c.h))
		for y := range c.h {
			for x := range c.w { // red at the edges that are cut off, green in the middle, nothing below it
				switch {
				case c.w > 2*c.h && (x < c.w/6 || x > c.w*5/6), c.h > 2*c.w && (y < c.h/6 || y > c.h*5/6):
					src.Set(x, y, color.NRGBA{R: 255, A: 255})
				default:
					src.Set(x, y, color.NRGBA{G: 200, A: 255})
				}
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, src); err != nil {
			t.Fatal(err)
		}
		out, err := media.Fill(&b, 32, 20)
		if err != nil || out.Bounds() != image.Rect(0, 0, 32, 20) {
			t.Fatalf("%d × %d: %v, %v", c.w, c.h, out.Bounds(), err)
		}
		if r, g, _, _ := out.At(16, 10).RGBA(); c.w > 1 && c.h > 1 && (r > g) {
			t.Errorf("%d × %d: the middle is red", c.w, c.h)
		}
	}
	if _, err := media.Fill(bytes.NewReader([]byte("\x89PNG\r\n")), 32, 20); err == nil {
		t.Error("half a picture is scaled")
	}
	blank := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	var b bytes.Buffer
	if err := png.Encode(&b, blank); err != nil {
		t.Fatal(err)
	}
	out, err := media.Fill(&b, 4, 4)
	if err != nil || out.At(2, 2) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("what is transparent is %v: %v", out.At(2, 2), err)
	}
}

func TestAJPEGKeepsToItsBytes(t *testing.T) {
	noise := image.NewRGBA(image.Rect(0, 0, 320, 200))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise.Pix {
		noise.Pix[i] = byte(r.Uint32())
	}
	large, err := media.JPEGWithin(noise, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	small, err := media.JPEGWithin(noise, len(large)/2)
	if err != nil || len(small) > len(large)/2 {
		t.Errorf("%d bytes of %d: %v", len(small), len(large), err)
	}
	if img, err := jpeg.Decode(bytes.NewReader(small)); err != nil || img.Bounds() != noise.Bounds() {
		t.Errorf("it cannot be read again: %v", err)
	}
}

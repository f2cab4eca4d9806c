package media

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"

	"golang.org/x/image/draw"
)

// Fill reads a picture, as Inspect lets it in, and makes one of just that size of
// it: what is too much at two sides is cut off, and what is transparent is white.
// It takes four bytes for each pixel of the source while it works.
func Fill(content io.Reader, width, height int) (*image.RGBA, error) {
	src, _, err := image.Decode(content)
	if err != nil {
		return nil, fmt.Errorf("picture to be scaled to %d × %d: %w", width, height, err)
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.CatmullRom.Scale(out, out.Bounds(), src, cut(src.Bounds(), width, height), draw.Over, nil)
	return out, nil
}

// cut is the middle of a picture that has the proportions of width to height.
func cut(b image.Rectangle, width, height int) image.Rectangle {
	if b.Dx()*height > b.Dy()*width {
		w := max(1, b.Dy()*width/height)
		x := b.Min.X + (b.Dx()-w)/2
		return image.Rect(x, b.Min.Y, x+w, b.Max.Y)
	}
	h := max(1, b.Dx()*height/width)
	y := b.Min.Y + (b.Dy()-h)/2
	return image.Rect(b.Min.X, y, b.Max.X, y+h)
}

// JPEGWithin is a picture as a JPEG of at most so many bytes: as good as that
// allows, and the least quality of all where even that has more.
func JPEGWithin(img image.Image, limit int) ([]byte, error) {
	var b bytes.Buffer
	for quality := 80; ; quality -= 10 {
		b.Reset()
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, err
		}
		if b.Len() <= limit || quality <= 10 {
			return b.Bytes(), nil
		}
	}
}

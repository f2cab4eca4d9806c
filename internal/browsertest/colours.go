package browsertest

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// fewColours draws a picture with the 256 colours that it has most of, each other
// one with the nearest of them: a page in a third of the bytes.
func fewColours(m image.Image) *image.Paletted {
	count := make(map[color.RGBA]int)
	each(m, func(_, _ int, c color.RGBA) { count[c]++ })
	all := make([]color.RGBA, 0, len(count))
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	nearest := make(map[color.RGBA]uint8, len(all))
	for _, c := range all {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(m.Bounds(), palette)
	each(m, func(x, y int, c color.RGBA) { out.SetColorIndex(x, y, nearest[c]) })
	return out
}

func each(m image.Image, do func(x, y int, c color.RGBA)) {
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			do(x, y, color.RGBAModel.Convert(m.At(x, y)).(color.RGBA))
		}
	}
}

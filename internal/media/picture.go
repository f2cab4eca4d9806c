package media

import (
	"bytes"
	"encoding/binary"
	"image"
	_ "image/jpeg" // for DecodeConfig
	_ "image/png"  // likewise

	_ "golang.org/x/image/webp" // likewise
)

// What a picture may have: one that is larger costs its viewer's memory (four
// bytes a pixel) whatever its file's size.
const (
	sideLimit  = 10_000     // pixels
	pixelLimit = 40_000_000 // 160 MB unpacked
)

func readPicture(f *file) *Refusal {
	if r := holdsMarkup(f.head); r != nil {
		return r
	}
	c, format, err := image.DecodeConfig(f.section())
	if err != nil {
		return refuse(RuleBroken, "it cannot be read as %s: %v", f.kind, err)
	}
	if format != string(f.kind) {
		return refuse(RuleMismatch, "its name says %s, it is %s", f.kind, format)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > sideLimit || c.Height > sideLimit || c.Width*c.Height > pixelLimit {
		return refuse(RulePicture, "it has %d × %d pixels, want at most %d a side and %d in all", c.Width, c.Height, sideLimit, pixelLimit)
	}
	f.media.Width, f.media.Height = c.Width, c.Height
	switch f.kind {
	case PNG:
		return endsWithPNG(f)
	case WebP:
		return endsWithRIFF(f)
	}
	return nil
}

// endsWithPNG walks the chunks (PNG §5.3): after IEND nothing may follow, for
// that is where a second file hides.
func endsWithPNG(f *file) *Refusal {
	for at := int64(8); ; {
		var head [8]byte
		if _, err := f.content.ReadAt(head[:], at); err != nil {
			return refuse(RuleBroken, "it breaks off at byte %d", min(at, f.size))
		}
		at += 12 + int64(binary.BigEndian.Uint32(head[:4]))
		if bytes.Equal(head[4:], []byte("IEND")) {
			return ends(f, at)
		}
	}
}

// endsWithRIFF compares the file's size with what its header says (padded to even).
func endsWithRIFF(f *file) *Refusal {
	size := int64(binary.LittleEndian.Uint32(f.head[4:8]))
	return ends(f, 8+size+size&1)
}

func ends(f *file, at int64) *Refusal {
	switch {
	case f.size > at:
		return refuse(RulePolyglot, "%d bytes follow its end", f.size-at)
	case f.size < at:
		return refuse(RuleBroken, "%d bytes are missing at its end", at-f.size)
	}
	return nil
}

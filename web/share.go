package web

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/proofmark/proofmark/campaigns"
)

// shareCards draws the pictures that others show of a campaign, with the Go fonts,
// whose licence (BSD) allows that. What was drawn is kept until the campaign moves.
type shareCards struct {
	fonts func() (shareFonts, error)

	mu   sync.Mutex
	kept map[string][]byte
}

type shareFonts struct{ title, text, small font.Face }

// The size that pages ask for (Open Graph), in pixels.
const (
	shareWidth, shareHeight, shareEdge = 1200, 630, 72
	shareMost                          = 200 // pictures that are kept
)

var (
	shareGround = color.RGBA{0x0f, 0x2f, 0x28, 0xff}
	shareInk    = color.RGBA{0xf4, 0xf8, 0xf6, 0xff}
	shareSoft   = color.RGBA{0xa9, 0xcf, 0xc2, 0xff}
	shareBrand  = color.RGBA{0x6f, 0xd3, 0xb5, 0xff}
	shareTrack  = color.RGBA{0x2b, 0x51, 0x48, 0xff}
)

func newShareCards() *shareCards {
	return &shareCards{kept: map[string][]byte{}, fonts: sync.OnceValues(func() (f shareFonts, err error) {
		for _, x := range []struct {
			to   *font.Face
			ttf  []byte
			size float64
		}{{&f.title, gobold.TTF, 64}, {&f.text, goregular.TTF, 36}, {&f.small, goregular.TTF, 28}} {
			parsed, err := opentype.Parse(x.ttf)
			if err != nil {
				return f, err
			}
			if *x.to, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: x.size, DPI: 72, Hinting: font.HintingFull}); err != nil {
				return f, err
			}
		}
		return f, nil
	})}
}

// card is the picture of a campaign as it is now.
func (s *shareCards) card(v *Visit, x campaigns.Shown) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock() // a face is one goroutine's at a time, and one drawing at a time is enough
	p := x.Progress()
	key := x.ID + " " + number64(x.TextVersion) + " " + number64(p.Permille()) + " " + string(x.State)
	if b, ok := s.kept[key]; ok {
		return b, nil
	}
	f, err := s.fonts()
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, shareWidth, shareHeight))
	fill(img, img.Bounds(), shareGround)
	write := func(face font.Face, c color.Color, y int, text string) {
		d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(shareEdge, y)}
		d.DrawString(text)
	}
	const wide = shareWidth - 2*shareEdge
	write(f.small, shareBrand, 96, v.Say("site.name")+"  ·  "+v.Say("share.certified"))
	y := 190
	for _, line := range wrap(f.title, x.Title, wide, 3) {
		write(f.title, shareInk, y, line)
		y += 76
	}
	for _, line := range wrap(f.text, v.Say("share.by", x.OrgName, amount(x.Price, x.Currency)), wide, 1) {
		write(f.text, shareSoft, y, line)
	}
	bar := image.Rect(shareEdge, 500, shareEdge+wide, 520)
	fill(img, bar, shareTrack)
	bar.Max.X = bar.Min.X + int(min(p.Permille(), 1000))*wide/1000
	fill(img, bar, shareBrand)
	said := v.Say("share.progress", p.Percent(), number(p.Backers))
	if x.State == campaigns.CampaignScheduled {
		said = v.Say("share.opens", istDay(x.OpensAt))
	}
	write(f.text, shareInk, 572, said)

	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		return nil, err
	}
	if len(s.kept) >= shareMost {
		clear(s.kept)
	}
	s.kept[key] = b.Bytes()
	return b.Bytes(), nil
}

func fill(img draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// wrap breaks a text into lines that are no wider, and ends the last with … if
// there is more.
func wrap(face font.Face, text string, wide, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		longer := strings.TrimSpace(line + " " + word)
		switch {
		case font.MeasureString(face, longer).Ceil() <= wide:
			line = longer
		case line == "":
			line = fit(face, word, wide)
		default:
			lines, line = append(lines, line), fit(face, word, wide)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = fit(face, lines[most-1]+" …", wide)
	}
	return lines
}

// fit cuts a text to a width.
func fit(face font.Face, text string, wide int) string {
	r := []rune(text)
	for len(r) > 1 && font.MeasureString(face, string(r)).Ceil() > wide {
		r = append(r[:len(r)-2], '…')
	}
	return string(r)
}

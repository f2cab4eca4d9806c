package web

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
)

// A page's first view takes 5 requests and 100 kB, whatever the makers upload: so
// their pictures are made into the sizes that pages show, each within its bytes, and
// the covers of a row of cards come as one file, one below the other.
const (
	coverWidth, coverHeight, coverBytes = 960, 600, 64 << 10
	thumbWidth, thumbHeight, thumbBytes = 208, 128, 8 << 10
	sheetWidth, sheetHeight             = 384, 240 // of each cover on a sheet
	sheetCovers, sheetBytes             = 6, 24 << 10

	sizedMost = 64 << 20 // bytes of pictures that are kept in memory
	sizedFor  = 24 * time.Hour
)

// sizes are the names of the sizes of a picture.
var sizes = map[string]struct{ width, height, bytes int }{
	"cover": {coverWidth, coverHeight, coverBytes},
	"thumb": {thumbWidth, thumbHeight, thumbBytes},
}

// sizedURL is a picture of a campaign in one of the sizes.
func sizedURL(campaign, sha256, size string) string {
	return "/campaigns/" + campaign + "/pictures/" + sha256 + "/" + size + ".jpg"
}

// sheets names the one file in which the covers of a row of cards are; each card
// knows its place on it.
func sheets(cards []CampaignCard) {
	for row := range slices.Chunk(cards, sheetCovers) {
		var ids, version []string
		for i := range row {
			if row[i].Picture != "" {
				ids, version = append(ids, row[i].ID), append(version, row[i].Picture[:8])
			}
		}
		for i, at := 0, 0; i < len(row); i++ {
			if row[i].Picture != "" {
				row[i].Sheet, row[i].Place = "/covers/"+strings.Join(ids, ",")+".jpg?v="+strings.Join(version, ""), at
				at++
			}
		}
	}
}

// sizedPictures makes pictures, and keeps those that were asked for last.
type sizedPictures struct {
	blobs blob.Store

	making sync.Mutex // one at a time: a picture of 40 million pixels takes 160 MB
	mu     sync.Mutex
	bytes  int
	kept   map[string][]byte
	order  []string // of kept, the oldest first
}

func newSizedPictures(blobs blob.Store) *sizedPictures {
	return &sizedPictures{blobs: blobs, kept: map[string][]byte{}}
}

func (s *sizedPictures) find(key string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.kept[key]
	return b, ok
}

func (s *sizedPictures) keep(key string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[key], s.order = b, append(s.order, key)
	for s.bytes += len(b); s.bytes > sizedMost; s.order = s.order[1:] {
		s.bytes -= len(s.kept[s.order[0]])
		delete(s.kept, s.order[0])
	}
}

// made gives what is kept under a key, or has it drawn.
func (s *sizedPictures) made(key string, limit int, drawn func() (image.Image, error)) ([]byte, error) {
	if b, ok := s.find(key); ok {
		return b, nil
	}
	s.making.Lock()
	defer s.making.Unlock()
	if b, ok := s.find(key); ok { // while this one waited
		return b, nil
	}
	img, err := drawn()
	if err != nil {
		return nil, err
	}
	b, err := media.JPEGWithin(img, limit)
	if err == nil {
		s.keep(key, b)
	}
	return b, err
}

func (s *sizedPictures) fill(ctx context.Context, sha256 string, width, height int) (*image.RGBA, error) {
	file, _, err := s.blobs.Open(ctx, sha256)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return media.Fill(file, width, height)
}

func (s *sizedPictures) one(ctx context.Context, sha256 string, width, height, limit int) ([]byte, error) {
	return s.made(sha256+" "+strconv.Itoa(width), limit, func() (image.Image, error) { return s.fill(ctx, sha256, width, height) })
}

// sheet has a place for each of sheetCovers; one whose file is not there stays grey.
func (s *sizedPictures) sheet(ctx context.Context, all []string) ([]byte, error) {
	return s.made(strings.Join(all, " "), sheetBytes, func() (image.Image, error) {
		out := image.NewRGBA(image.Rect(0, 0, sheetWidth, sheetHeight*sheetCovers))
		draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{0xd8}), image.Point{}, draw.Src)
		for i, sha256 := range all {
			img, err := s.fill(ctx, sha256, sheetWidth, sheetHeight)
			if errors.Is(err, blob.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			draw.Draw(out, image.Rect(0, i*sheetHeight, sheetWidth, (i+1)*sheetHeight), img, image.Point{}, draw.Src)
		}
		return out, nil
	})
}

// sizedPicture answers with a picture of a campaign that the visitor may see.
func (s *Shop) sizedPicture(v *Visit) error {
	size, ok := sizes[v.Param("size")]
	if !ok {
		return errAbsent
	}
	c, err := s.desk.Campaign(v.Context(), v.party(), v.Param("id"))
	if err != nil {
		return err
	}
	sha256 := v.Param("sha256")
	if !slices.ContainsFunc(c.Page.Pictures, func(p campaigns.Picture) bool { return p.SHA256 == sha256 }) {
		return errAbsent
	}
	b, err := s.sized.one(v.Context(), sha256, size.width, size.height, size.bytes)
	if err != nil {
		return err
	}
	return v.picture(b, c.Public())
}

// covers answers with the covers of a row of campaigns that everybody may see.
func (s *Shop) covers(v *Visit) error {
	ids := strings.Split(v.Param("ids"), ",")
	if len(ids) > sheetCovers {
		return errAbsent
	}
	var all []string
	for _, id := range ids {
		c, err := s.desk.Campaign(v.Context(), campaigns.Actor{}, id)
		if err != nil {
			return err
		}
		if len(c.Page.Pictures) == 0 {
			return errAbsent
		}
		all = append(all, c.Page.Pictures[0].SHA256)
	}
	b, err := s.sized.sheet(v.Context(), all)
	if err != nil {
		return err
	}
	return v.picture(b, true)
}

// picture answers with one; a browser may keep what everybody may see, for its
// address says what it is of.
func (v *Visit) picture(b []byte, public bool) error {
	h := v.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "private, no-cache")
	if public {
		h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(sizedFor.Seconds())))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	http.ServeContent(v.w, v.r, "", time.Time{}, strings.NewReader(string(b)))
	return nil
}

package web

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

// pictured makes live campaigns with a picture each.
func (m *market) pictured(n int) (all []campaigns.Campaign) {
	m.Helper()
	r := rand.New(rand.NewPCG(7, uint64(n)))
	for range n {
		img := image.NewRGBA(image.Rect(0, 0, 1200, 500))
		for i := range img.Pix {
			img.Pix[i] = byte(r.Uint32()) // nothing packs worse
		}
		img.Set(0, 0, color.White)
		var b bytes.Buffer
		must(m, png.Encode(&b, img))
		ref, err := m.blobs.Put(m.Context(), &b, 64<<20)
		must(m, err)
		c := m.campaign
		c.ID = id.New("cmp")
		c.Page.Pictures = []campaigns.Picture{
			{SHA256: ref.SHA256, Media: "image/png", Width: 1200, Height: 500, Alt: "noise"}, {SHA256: strings.Repeat("0", 64), Media: "image/png", Width: 9, Height: 9, Alt: "not stored"},
		}
		c, err = m.db.Campaigns().CreateCampaign(m.Context(), c)
		must(m, err)
		all = append(all, c)
	}
	return all
}

// size checks that an answer is a JPEG of that size and of at most so many bytes.
func (a answer) size(t *testing.T, width, height, most int) {
	t.Helper()
	img, err := jpeg.Decode(strings.NewReader(a.body))
	if err != nil {
		t.Fatalf("%s: %d, %v", a.Request.URL, a.StatusCode, err)
	}
	if b := img.Bounds(); b.Dx() != width || b.Dy() != height || len(a.body) > most {
		t.Errorf("%s: %v in %d bytes, want at most %d", a.Request.URL, b, len(a.body), most)
	}
}

func TestPicturesComeInTheSizeThatIsShown(t *testing.T) {
	m := openMarket(t)
	all := m.pictured(7)
	guest := m.browser()
	page := guest.get("/campaigns/" + all[0].ID)
	cover := regexp.MustCompile(`<img class="cover" src="([^"]+)"`).FindStringSubmatch(page.body)
	if cover == nil {
		t.Fatal("there is no cover")
	}
	w := guest.get(cover[1])
	w.size(t, coverWidth, coverHeight, 2*coverBytes) // noise: no picture is as bad
	if !strings.Contains(w.Header.Get("Cache-Control"), "public") {
		t.Errorf("it is kept by nobody: %q", w.Header.Get("Cache-Control"))
	}
	guest.get(strings.Replace(cover[1], "cover.jpg", "thumb.jpg", 1)).size(t, thumbWidth, thumbHeight, thumbBytes)
	for _, path := range []string{
		strings.Replace(cover[1], "cover.jpg", "huge.jpg", 1),        // no such size
		sizedURL(all[0].ID, all[1].Page.Pictures[0].SHA256, "cover"), // another's
		sizedURL(all[0].ID, strings.Repeat("0", 64), "cover"),        // its file is not there
		sizedURL("cmp_none", all[0].Page.Pictures[0].SHA256, "cover"),
		"/covers/cmp_none.jpg", "/covers/" + m.campaign.ID + ".jpg", "/covers/,.jpg",
	} {
		guest.get(path).says(t, http.StatusNotFound)
	}

	// The cards of a row have one file between them.
	front := guest.get("/campaigns?shelf=live")
	found := map[string]bool{}
	for _, x := range regexp.MustCompile(`<img class="cover place-\d" src="([^"]+)"`).FindAllStringSubmatch(front.body, -1) {
		found[x[1]] = true
	}
	if len(found) != 2 { // eight cards, one of them without a picture
		t.Fatalf("%d files: %v", len(found), found)
	}
	for path := range found {
		guest.get(path).size(t, sheetWidth, sheetHeight*sheetCovers, 2*sheetBytes)
	}
}

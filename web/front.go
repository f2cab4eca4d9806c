package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
)

// FrontPage is what there is to back now, soon and before, and what is certified.
// With words, a category or a shelf it is what was found.
type FrontPage struct {
	Page
	Query, Category string
	Categories      []Option
	Found           bool // it was looked for
	Shelves         []ShelfView
	Certified       []CertificateRow
}

// Any says whether anything is on the page.
func (p *FrontPage) Any() bool {
	for _, s := range p.Shelves {
		if len(s.Cards) > 0 {
			return true
		}
	}
	return false
}

// ShelfView is a row of campaigns.
type ShelfView struct {
	Name  string // live, upcoming, past
	Cards []CampaignCard
	More  string // address of the rest; empty: these are all
}

// CampaignCard is a campaign in a list.
type CampaignCard struct {
	ID, Title, Tagline, Org, Category string
	State                             string
	Held                              bool
	Picture                           string // the hash of its cover; empty: it has none
	Sheet                             string // where its cover is, on a sheet with others
	Place                             int    // on the sheet, from 0
	Price, Retail                     string
	Progress                          ProgressView
	Opens, Closes                     time.Time
}

const (
	cardsPerShelf = 6
	cardsPerPage  = 24
	certifiedMost = 6
)

var shelfNames = []campaigns.ShelfName{campaigns.ShelfLive, campaigns.ShelfUpcoming, campaigns.ShelfPast}

func (s *Shop) front(v *Visit) error {
	ctx := v.Context()
	query := url.Values{}
	for _, name := range []string{"q", "category", "shelf", "after"} {
		if text := strings.TrimSpace(v.Query(name)); text != "" {
			query.Set(name, clipped(text, 200))
		}
	}
	p := &FrontPage{
		Page:  Page{Title: v.Say("front.title"), Description: v.Say("front.lead"), Canonical: s.url + "/"},
		Query: query.Get("q"), Category: query.Get("category"), Found: len(query) > 0,
	}
	p.Categories = s.categories(v)
	if !oneOf(p.Categories, p.Category) {
		p.Category = ""
	}
	for _, name := range shelfNames {
		if only := query.Get("shelf"); only != "" && only != string(name) {
			continue
		}
		q := campaigns.ShelfQuery{Shelf: name, Words: p.Query, Category: campaigns.Category(p.Category), Limit: cardsPerShelf + 1}
		if query.Get("shelf") != "" {
			q.After, q.Limit = query.Get("after"), cardsPerPage+1
		}
		found, err := s.desk.Shelf(ctx, q)
		if err != nil {
			return err
		}
		shelf := ShelfView{Name: string(name)}
		for i, x := range found {
			if i == q.Limit-1 {
				more := url.Values{"shelf": {string(name)}}
				for _, name := range []string{"q", "category"} {
					if query.Has(name) {
						more.Set(name, query.Get(name))
					}
				}
				if query.Get("shelf") != "" { // further down; from the front page, all of it
					more.Set("after", found[i-1].Cursor)
				}
				shelf.More = "/campaigns?" + more.Encode()
				break
			}
			shelf.Cards = append(shelf.Cards, cardOf(x))
		}
		sheets(shelf.Cards)
		p.Shelves = append(p.Shelves, shelf)
	}
	if !p.Found {
		certified, err := s.certs.CertificatePage(ctx, certification.CertificateFilter{State: certification.Active, Limit: certifiedMost})
		if err != nil {
			return err
		}
		for _, x := range certified {
			p.Certified = append(p.Certified, rowOf(x))
		}
	}
	return v.Show("front", p)
}

func (s *Shop) categories(v *Visit) []Option {
	out := []Option{{"", v.Say("category.any")}}
	for _, c := range campaigns.Categories {
		out = append(out, Option{string(c), v.Say(fmt.Sprintf("category.%s", c))})
	}
	return out
}

func oneOf(options []Option, value string) bool {
	for _, o := range options {
		if o.Value == value {
			return true
		}
	}
	return false
}

func cardOf(x campaigns.Shown) CampaignCard {
	c := CampaignCard{
		ID: x.ID, Title: x.Title, Tagline: x.Page.Tagline, Org: x.OrgName, Category: string(x.Category), State: string(x.State), Held: x.Held,
		Price: amount(x.Price, x.Currency), Progress: progressView(x.Progress()), Opens: x.OpensAt, Closes: x.ClosesAt,
	}
	if x.RetailPrice > x.Price {
		c.Retail = amount(x.RetailPrice, x.Currency)
	}
	if len(x.Page.Pictures) > 0 {
		c.Picture = x.Page.Pictures[0].SHA256
	}
	return c
}

func pictureURL(campaign, sha256 string) string {
	return "/api/v1/campaigns/" + campaign + "/pictures/" + sha256
}

package web

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/money"
	"github.com/proofmark/proofmark/registry"
)

// DraftPage is where a campaign is written.
type DraftPage struct {
	OrgPage
	Campaign      campaigns.Campaign // none: a new one
	Form          *Form
	Products      []Option
	Categories    []Option
	Regions       []Option
	Promises      []Option // what the ship promise counts from
	Variants, FAQ []int    // numbers of the rows
	Pictures      []DraftPicture
}

// DraftPicture is a picture among the fields.
type DraftPicture struct {
	N   int
	URL string
}

// The rows that a form has beyond those filled in, to add without JavaScript.
const spareRows = 3

// The text that a moment and a day have in a form: Indian time, as on the page.
const (
	momentLayout = "2006-01-02T15:04"
	dayLayout    = time.DateOnly
)

func momentText(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(india).Format(layout)
}

func countText(n int64) string {
	if n == 0 {
		return ""
	}
	return number64(n)
}

func shareText(bp int) string {
	if bp == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(bp)/100, 'f', -1, 64)
}

func priceText(minor int64, currency string) string {
	if minor == 0 {
		return ""
	}
	return amountPlain(minor, cmp.Or(currency, "INR"))
}

// draftValues are what stands in the form of a draft: pairs of field and value.
func draftValues(d campaigns.Draft) []string {
	values := []string{
		"title", d.Title, "category", string(d.Category), "tagline", d.Page.Tagline, "story", d.Page.Story, "risks", d.Page.Risks,
		"price", priceText(d.Price, d.Currency), "retail", priceText(d.RetailPrice, d.Currency),
		"target", countText(d.TargetUnits), "stock", countText(d.StockLimit), "limit", countText(d.PerBackerLimit), "spares", countText(d.Spares),
		"opens", momentText(d.OpensAt, momentLayout), "closes", momentText(d.ClosesAt, momentLayout),
		"ship", string(d.Ship.Kind), "ship-by", momentText(d.Ship.By, dayLayout), "ship-days", countText(int64(d.Ship.Days)),
		"at-success", shareText(d.Schedule.Share(campaigns.AdvanceAtSuccess)), "at-handover", shareText(d.Schedule.Share(campaigns.AdvanceAtHandover)),
	}
	for _, r := range d.Regions {
		values = append(values, "regions", r)
	}
	for i, x := range d.Variants {
		n := strconv.Itoa(i + 1)
		values = append(values, "variant-id-"+n, x.ID, "variant-"+n, x.Name, "variant-stock-"+n, countText(x.StockLimit))
	}
	for i, q := range d.Page.FAQ {
		n := strconv.Itoa(i + 1)
		values = append(values, "ask-"+n, q.Ask, "answer-"+n, q.Answer)
	}
	for i, p := range d.Page.Pictures {
		n := strconv.Itoa(i + 1)
		values = append(values, "picture-"+n, p.SHA256, "alt-"+n, p.Alt, "place-"+n, n)
	}
	return values
}

// draftReader reads a draft from what was typed. What the form shows shorter than it
// is, such as a moment to the minute, stays as it was where nobody changed it.
type draftReader struct {
	v   *Visit
	f   *Form
	was map[string]string
}

func (r *draftReader) count(name string, most int64) int64 {
	if r.f.Get(name) == "" {
		return 0
	}
	return wholeNumber(r.v, r.f, name, 0, most)
}

// price is an amount in the currency; hundredths of a percent are read likewise.
func (r *draftReader) price(name, currency string) int64 {
	text := r.f.Get(name)
	if text == "" {
		return 0
	}
	m, err := money.Parse(text, currency)
	if err != nil {
		r.f.Refuse(name, sentence(err.Error()))
	}
	return m.Minor
}

func (r *draftReader) moment(name, layout string, was time.Time) time.Time {
	text := r.f.Get(name)
	if text == r.was[name] || text == "" {
		if text == "" {
			return time.Time{}
		}
		return was
	}
	t, err := time.ParseInLocation(layout, text, india)
	if err != nil {
		r.f.Refuse(name, r.v.Say("draft.moment", clipped(text, 40), layout))
	}
	return t
}

// rows are the numbers of the rows with something in one of the fields; the form has
// them from 1 on afterwards, as the domain counts them.
func (r *draftReader) rows(most int, fields ...string) int {
	n := 0
	for i := 1; i <= most+spareRows; i++ {
		typed := slices.ContainsFunc(fields, func(f string) bool { return r.f.Get(f+strconv.Itoa(i)) != "" })
		if !typed {
			continue
		}
		n++
		for _, f := range fields {
			text := r.f.Raw(f + strconv.Itoa(i))
			r.f.Values.Del(f + strconv.Itoa(i))
			r.f.Values.Set(f+strconv.Itoa(n), text)
		}
	}
	return n
}

// The most rows that a form is read for; the domain says which are too many.
const mostRows = 60

// draftOf reads what was typed; was is the draft that the form was made from. What is
// no number, amount or day is refused in the form.
func draftOf(v *Visit, f *Form, was campaigns.Draft) campaigns.Draft {
	r := &draftReader{v, f, map[string]string{}}
	for pairs := draftValues(was); len(pairs) > 0; pairs = pairs[2:] {
		r.was[pairs[0]] = pairs[1]
	}
	currency := cmp.Or(was.Currency, "INR")
	const most = 1_000_000_000
	d := campaigns.Draft{
		Title: f.Get("title"), Category: campaigns.Category(f.Get("category")),
		Page:    campaigns.Page{Tagline: f.Get("tagline"), Story: f.Raw("story"), Risks: f.Raw("risks")},
		Regions: f.Values["regions"], Price: r.price("price", currency), RetailPrice: r.price("retail", currency), Currency: currency,
		TargetUnits: r.count("target", most), StockLimit: r.count("stock", most), PerBackerLimit: r.count("limit", most), Spares: r.count("spares", most),
		OpensAt: r.moment("opens", momentLayout, was.OpensAt), ClosesAt: r.moment("closes", momentLayout, was.ClosesAt),
		Ship: campaigns.ShipPromise{Kind: campaigns.ShipKind(f.Get("ship"))},
	}
	if d.Ship.Kind == campaigns.ShipByDate {
		if by := r.moment("ship-by", dayLayout, was.Ship.By); by.Equal(was.Ship.By) {
			d.Ship.By = by
		} else {
			d.Ship.By = endOf(by)
		}
	} else {
		d.Ship.Days = int(r.count("ship-days", 365))
	}
	for _, a := range []campaigns.Advance{
		{When: campaigns.AdvanceAtSuccess, Share: int(r.price("at-success", "INR"))},
		{When: campaigns.AdvanceAtHandover, Share: int(r.price("at-handover", "INR"))},
	} {
		if a.Share != 0 {
			d.Schedule = append(d.Schedule, a)
		}
	}
	for i := range r.rows(mostRows, "variant-", "variant-stock-", "variant-id-") {
		n := strconv.Itoa(i + 1)
		d.Variants = append(d.Variants, campaigns.Variant{ID: f.Get("variant-id-" + n), Name: f.Get("variant-" + n), StockLimit: r.count("variant-stock-"+n, most)})
	}
	for i := range r.rows(mostRows, "ask-", "answer-") {
		n := strconv.Itoa(i + 1)
		d.Page.FAQ = append(d.Page.FAQ, campaigns.Question{Ask: f.Get("ask-" + n), Answer: f.Raw("answer-" + n)})
	}
	d.Page.Pictures = r.pictures()
	return d
}

// pictures are those that stay, in the order that was asked for.
func (r *draftReader) pictures() []campaigns.Picture {
	type placed struct {
		campaigns.Picture
		place int64
	}
	var all []placed
	for i := 1; i <= mostRows; i++ {
		n := strconv.Itoa(i)
		sha := r.f.Get("picture-" + n)
		if sha == "" {
			continue
		}
		if !r.f.Checked("drop-" + n) {
			all = append(all, placed{campaigns.Picture{SHA256: sha, Alt: r.f.Get("alt-" + n)}, r.count("place-"+n, mostRows)})
		}
		for _, field := range []string{"picture-", "alt-", "place-", "drop-"} {
			r.f.Values.Del(field + n)
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	var out []campaigns.Picture
	for i, p := range all {
		n := strconv.Itoa(i + 1)
		r.f.Values.Set("picture-"+n, p.SHA256)
		r.f.Values.Set("alt-"+n, p.Alt)
		r.f.Values.Set("place-"+n, n)
		out = append(out, p.Picture)
	}
	return out
}

// startsWith is the value behind the prefix that a text begins with: pairs of both.
func startsWith(text string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.HasPrefix(text, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}

var numbered = regexp.MustCompile(`^(the name of variant|question|the answer to question|the alternative text of picture) (\d+) `)

// draftField is the field that a refusal of a draft is about.
func draftField(r *certification.Refusal) string {
	if m := numbered.FindStringSubmatch(r.Detail); m != nil {
		return map[string]string{"the name of variant": "variant-", "question": "ask-", "the answer to question": "answer-", "the alternative text of picture": "alt-"}[m[1]] + m[2]
	}
	switch r.Rule {
	case "campaign-form":
		return startsWith(r.Detail, "the title", "title", "the tagline", "tagline", "category", "category", "the story", "story", "the risks", "risks")
	case "campaign-price":
		return startsWith(r.Detail, "the retail price", "retail", "", "price")
	case "campaign-target":
		return startsWith(r.Detail, "the target", "target", "", "spares")
	}
	return map[string]string{
		"campaign-stock": "stock", "campaign-limit": "limit", "campaign-variants": "variant-1", "campaign-regions": "regions", "campaign-window": "opens",
		"campaign-ship": "ship", "campaign-schedule": "at-success", "campaign-product": "product",
	}[r.Rule]
}

// editDraft shows the form of a draft; f is what was typed, or what there is.
func (s *Sellers) editDraft(v *Visit, c campaigns.Campaign, org string, f *Form) error {
	title := v.Say("draft.new")
	if c.ID != "" {
		title = v.Say("draft.title", c.Title)
	}
	head, err := orgHead(v, s.Auth, org, "campaigns", title)
	if err != nil {
		return err
	}
	p := &DraftPage{OrgPage: head, Campaign: c, Form: f}
	f.Rev = c.Version
	p.fill(v.Say)
	if c.ID == "" {
		products, err := s.Registry.ProductsOf(v.Context(), org, "", mostListed)
		if err != nil {
			return err
		}
		for _, x := range products {
			p.Products = append(p.Products, Option{x.ID, x.Name + " (" + x.Model + ")"})
		}
	}
	if f.OK() {
		return v.Show("draft", p)
	}
	return v.Again("draft", p)
}

// fill adds the choices and the rows.
func (p *DraftPage) fill(say func(string, ...any) string) {
	p.Categories = []Option{{"", say("draft.choose")}}
	for _, c := range campaigns.Categories {
		p.Categories = append(p.Categories, Option{string(c), say(fmt.Sprintf("category.%s", c))})
	}
	for _, r := range certification.Regions() {
		p.Regions = append(p.Regions, Option{r, r})
	}
	for _, k := range []campaigns.ShipKind{campaigns.ShipAfterSuccess, campaigns.ShipAfterOrder, campaigns.ShipByDate} {
		p.Promises = append(p.Promises, Option{string(k), say(fmt.Sprintf("draft.promise.%s", k))})
	}
	rows := func(field string, spare int) []int {
		var out []int
		for n := 1; n <= mostRows && (p.Form.Values.Has(field+strconv.Itoa(n)) || spare > 0); n++ {
			if p.Form.Get(field+strconv.Itoa(n)) == "" {
				spare--
			}
			out = append(out, n)
		}
		return out
	}
	p.Variants, p.FAQ = rows("variant-", spareRows), rows("ask-", spareRows)
	for _, n := range rows("picture-", 0) {
		p.Pictures = append(p.Pictures, DraftPicture{n, pictureURL(p.Campaign.ID, p.Form.Get("picture-"+strconv.Itoa(n)))})
	}
}

func (s *Sellers) begin(v *Visit) error {
	org := v.Param("org")
	return s.editDraft(v, campaigns.Campaign{}, org, v.NewForm("/orgs/"+org+"/campaigns/new", "ship", string(campaigns.ShipAfterSuccess), "regions", "IN", "product", v.Query("product")))
}

func (s *Sellers) create(v *Visit) error {
	org := v.Param("org")
	return v.act(func(f *Form) error { return s.editDraft(v, campaigns.Campaign{}, org, f) }, func(f *Form) (string, error) {
		if !v.Actor.MemberOf(org) {
			return "", auth.ErrNotYours
		}
		d := draftOf(v, f, campaigns.Draft{})
		if !f.OK() {
			return "", nil
		}
		to, err := v.Once(f, func() (string, error) {
			c, err := s.Desk.Create(v.Context(), v.party(), f.Get("product"), d)
			return sellPath + c.ID, err
		})
		if errors.Is(err, registry.ErrNotFound) {
			f.Refuse("product", sentence(err.Error()))
			return "", nil
		}
		return to, f.beside(err, draftField)
	})
}

func (s *Sellers) editor(v *Visit) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	return s.editDraft(v, x.Campaign, x.Org, v.NewForm(sellPath+x.ID+"/edit", draftValues(campaigns.DraftOf(&x.Campaign))...))
}

func (s *Sellers) edit(v *Visit) error {
	x, err := s.owned(v)
	if err != nil {
		return err
	}
	return v.act(func(f *Form) error { return s.editDraft(v, x.Campaign, x.Org, f) }, func(f *Form) (string, error) {
		d := draftOf(v, f, campaigns.DraftOf(&x.Campaign))
		if !f.OK() {
			return "", nil
		}
		c, err := s.Desk.Edit(v.Context(), v.party(), x.ID, f.Rev, d)
		if err == nil {
			v.Note("good", v.Say("draft.saved"))
		}
		return sellPath + c.ID, f.beside(err, draftField)
	})
}

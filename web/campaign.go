package web

import (
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// CampaignPage is one campaign, for everybody.
type CampaignPage struct {
	Page
	Card         CampaignCard
	Public       bool // not a draft that only some see
	HeldReason   string
	Reason       string // why it was cancelled
	Serial       string // of its certificate
	Model        string
	Alive        int64 // devices of the product in homes, at least; 0: not told
	CertState    string
	CertBadge    string
	Pictures     []PictureView
	Saving       string
	Ship         string
	Regions      []string
	Schedule     []string
	Story, Risks template.HTML
	FAQ          []QuestionView
	PerBacker    int64
	Decided      time.Time
	Texts        int64 // how many versions of the text there were
	Refunds      *RefundsView
	Stream       string // where its progress is heard of
	LD           any    // for search engines: schema.org, as JSON-LD

	Order   *Form // to support it; nil: not now
	Kinds   []Option
	Waiting []WaitingRow // the visitor's
	Wait    *Form        // to join the waiting list; nil: no need

	Interest *InterestView // of one that is to open
	Talk     TalkView
}

// PictureView is a picture with its words.
type PictureView struct {
	URL, Alt      string
	Width, Height int
	Cover, Thumb  string // addresses of its smaller sizes
}

// QuestionView is one that is asked often.
type QuestionView struct {
	Ask    string
	Answer template.HTML
}

// RefundsView is how far the refunds of a campaign are, in the open.
type RefundsView struct {
	Percent      string
	Done, All    int64
	Amount       string
	Oldest       int // days
	ByHand, Late int64
}

// WaitingRow is a place in the waiting list.
type WaitingRow struct {
	ID, Kind string
	Units    int64
	Ahead    int64
}

func (s *Shop) campaign(v *Visit) error { return s.showCampaign(v, v.Param("id"), nil) }

// showCampaign shows a campaign; with the form that was refused, if there is one.
func (s *Shop) showCampaign(v *Visit, campaign string, sent *Form) error {
	x, err := s.desk.Shown(v.Context(), v.party(), campaign)
	if err != nil {
		return err
	}
	p, err := s.campaignPage(v, x)
	if err != nil {
		return err
	}
	forms := newForms("/campaigns/" + x.ID).with(sent)
	if err := s.offer(v, x, p, forms); err != nil {
		return err
	}
	if p.Interest, err = s.register(v, x, forms); err != nil {
		return err
	}
	if p.Talk, err = s.talk(v, x, forms); err != nil {
		return err
	}
	if sent == nil {
		return v.Show("campaign", p)
	}
	if !forms.shown { // there is no form any more to say it in
		v.say(sent)
	}
	return v.Again("campaign", p)
}

func (s *Shop) campaignPage(v *Visit, x campaigns.Shown) (*CampaignPage, error) {
	path := "/campaigns/" + x.ID
	p := &CampaignPage{
		Page: Page{Title: x.Title, Path: path, Description: x.Page.Tagline, Watch: true, Quiet: !x.Public()},
		Card: cardOf(x), Public: x.Public(), HeldReason: x.HeldReason, Reason: x.Reason, Serial: x.Certificate, Model: x.Model,
		Ship: shipSentence(v, x.Ship), Regions: x.Regions, Story: prose(x.Page.Story), Risks: prose(x.Page.Risks), PerBacker: x.PerBackerLimit,
		Decided: x.DecidedAt, Texts: x.TextVersion,
	}
	if s.alive != nil && x.ProductID != "" {
		var err error
		if p.Alive, err = s.alive(v.Context(), x.ProductID); err != nil {
			return nil, err
		}
	}
	if x.Public() {
		p.Canonical, p.Picture = s.url+path, s.url+path+"/share.png"
		p.Stream = "/api/v1" + path + "/progress/stream"
		p.LD = s.linked(x)
	}
	if x.RetailPrice > x.Price {
		p.Saving = amount(x.RetailPrice-x.Price, x.Currency)
	}
	for _, pic := range x.Page.Pictures {
		p.Pictures = append(p.Pictures, PictureView{URL: pictureURL(x.ID, pic.SHA256), Alt: pic.Alt, Width: pic.Width, Height: pic.Height, Cover: sizedURL(x.ID, pic.SHA256, "cover"), Thumb: sizedURL(x.ID, pic.SHA256, "thumb")})
	}
	for _, q := range x.Page.FAQ {
		p.FAQ = append(p.FAQ, QuestionView{q.Ask, prose(q.Answer)})
	}
	p.Schedule = scheduleSentences(v, x.Schedule)
	cert, err := s.certs.Certificate(v.Context(), x.Certificate)
	switch {
	case err == nil:
		p.CertState = string(cert.State)
	case !errors.Is(err, registry.ErrNotFound): // a draft has none yet
		return nil, err
	}
	if x.State == campaigns.CampaignFailed || x.State == campaigns.CampaignCancelled {
		if p.Refunds, err = s.refundsOf(v, x); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func shipSentence(v *Visit, p campaigns.ShipPromise) string {
	switch p.Kind {
	case campaigns.ShipByDate:
		return v.Say("ship.date", istDay(p.By))
	case campaigns.ShipAfterSuccess:
		return v.Say("ship.success", p.Days)
	}
	return v.Say("ship.order", p.Days)
}

func (s *Shop) refundsOf(v *Visit, x campaigns.Shown) (*RefundsView, error) {
	r, err := s.pay.RefundProgress(v.Context(), x.ID)
	if err != nil || r.Amount == 0 {
		return nil, err
	}
	return &RefundsView{
		Percent: r.Percent(), Done: r.Done, All: r.Refunds, Amount: amount(r.Amount, x.Currency),
		Oldest: int(r.Pending() / (24 * time.Hour)), ByHand: r.ByHand, Late: r.Troubled,
	}, nil
}

// offer adds the form to support the campaign, or to wait, where that is possible.
func (s *Shop) offer(v *Visit, x campaigns.Shown, p *CampaignPage, forms *Forms) error {
	now := v.pages.now()
	open := x.State == campaigns.CampaignLive && !x.Held && !now.Before(x.OpensAt) && now.Before(x.ClosesAt)
	if !open {
		return nil
	}
	left := map[string]int64{}
	counters, err := s.store.VariantCounters(v.Context(), x.ID)
	if err != nil {
		return err
	}
	for _, c := range counters {
		if free, limited := c.Free(); limited {
			left[c.Variant] = max(0, free)
		}
	}
	soldOut := p.Card.Progress.Limited && p.Card.Progress.Left == 0 || p.Card.Progress.Waiting > 0
	for _, k := range x.Variants {
		label := k.Name
		if n, limited := left[k.ID]; limited {
			label = v.Say("campaign.kind-left", k.Name, number(n))
		}
		p.Kinds = append(p.Kinds, Option{k.ID, label})
	}
	first := ""
	if len(x.Variants) > 0 {
		first = x.Variants[0].ID
	}
	values := []string{"units", "1", "kind", first}
	if !soldOut || forms.Refused("orders") {
		p.Order = forms.Of("orders", values...)
		p.Order.Prefix = "" // the page's main form
		v.restore(p.Order)
		p.Order.Values.Set("price", number64(x.Price)) // what is shown now
	}
	if soldOut || forms.Refused("waiting") || forms.Refused("orders") {
		p.Wait = forms.Of("waiting", values...)
	}
	return s.waitingOf(v, x, p)
}

// waitingOf adds the visitor's places in the waiting list.
func (s *Shop) waitingOf(v *Visit, x campaigns.Shown, p *CampaignPage) error {
	if v.Actor.Account == "" {
		return nil
	}
	all, err := s.store.WaitingOfBacker(v.Context(), x.ID, v.Actor.Account)
	if err != nil {
		return err
	}
	for _, w := range all {
		if w.State != campaigns.WaitingWaits {
			continue
		}
		ahead, err := s.store.WaitingAhead(v.Context(), w)
		if err != nil {
			return err
		}
		p.Waiting = append(p.Waiting, WaitingRow{w.ID, variantName(x.Campaign, w.Variant), w.Units, ahead})
	}
	return nil
}

func variantName(c campaigns.Campaign, variant string) string {
	i := slices.IndexFunc(c.Variants, func(k campaigns.Variant) bool { return k.ID == variant })
	if i < 0 {
		return ""
	}
	return c.Variants[i].Name
}

// orderWithin is how long an order may wait for its commit.
const orderWithin = 10 * time.Second

// refusedOrders are with which field of the form an order's refusal belongs.
var refusedOrders = []Place{
	{campaigns.ErrLimit, "units"},
	{campaigns.ErrSoldOut, ""},
	{campaigns.ErrNotOpen, ""},
	{campaigns.ErrHeld, ""},
	{campaigns.ErrBadOrder, ""},
	{campaigns.ErrKeyReused, ""},
	{campaigns.ErrInStock, ""},
	{campaigns.ErrOverloaded, ""},
	{auth.ErrNotYours, ""},
}

// support orders units. The form's key is the order's: sent twice it is one order,
// on whichever node.
func (s *Shop) support(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	campaign := v.Param("id")
	units, price := wholeNumber(v, f, "units", 1, 1000), int64(0)
	if price, err = strconv.ParseInt(f.Get("price"), 10, 64); err != nil || price < 1 {
		f.Refuse("", v.Say("campaign.price-gone"))
	}
	if !f.OK() {
		return s.showCampaign(v, campaign, f)
	}
	made, err := s.do(v, &campaigns.Reserve{Order: campaigns.Order{
		ID: id.New("ord"), Campaign: campaign, Backer: v.Actor.Account, Key: f.Key, Variant: f.Get("kind"), Units: units, Price: price,
	}})
	if f.Took(err, refusedOrders...) {
		f.Key = newForm("", nil).Key // what was refused may be tried otherwise
		return s.showCampaign(v, campaign, f)
	}
	if err != nil {
		return err
	}
	return v.Go("/orders/" + made.Order.ID)
}

func wholeNumber(v *Visit, f *Form, field string, least, most int64) int64 {
	n, err := strconv.ParseInt(f.Get(field), 10, 64)
	if err != nil || n < least || n > most {
		f.Refuse(field, v.Say("form.number", least, most))
	}
	return n
}

func (s *Shop) wait(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	campaign := v.Param("id")
	units := wholeNumber(v, f, "units", 1, 1000)
	if !f.OK() {
		return s.showCampaign(v, campaign, f)
	}
	_, err = s.do(v, &campaigns.Join{Entry: campaigns.Waiting{ID: id.New("wtg"), Campaign: campaign, Variant: f.Get("kind"), Backer: v.Actor.Account, Units: units}})
	if f.Took(err, refusedOrders...) {
		return s.showCampaign(v, campaign, f)
	}
	if err != nil {
		return err
	}
	v.Note("good", v.Say("campaign.waits"))
	return v.Go("/campaigns/" + campaign)
}

func (s *Shop) leave(v *Visit) error {
	campaign := v.Param("id")
	if _, err := s.do(v, &campaigns.Leave{Campaign: campaign, EntryID: v.Param("entry"), Backer: v.Actor.Account}); err != nil {
		return err
	}
	v.Note("good", v.Say("campaign.left-list"))
	return v.Go("/campaigns/" + campaign)
}

// linked is the campaign for search engines (schema.org, as JSON-LD).
func (s *Shop) linked(x campaigns.Shown) any {
	availability := map[campaigns.CampaignState]string{
		campaigns.CampaignScheduled: "PreOrder", campaigns.CampaignLive: "PreOrder",
	}[x.State]
	if availability == "" || x.Held {
		availability = "OutOfStock"
	}
	address := s.url + "/campaigns/" + x.ID
	return map[string]any{
		"@context": "https://schema.org", "@type": "Product", "name": x.Title, "description": x.Page.Tagline, "model": x.Model,
		"brand": map[string]any{"@type": "Organization", "name": x.OrgName}, "image": address + "/share.png",
		"offers": map[string]any{
			"@type": "Offer", "url": address, "price": amountPlain(x.Price, x.Currency), "priceCurrency": x.Currency,
			"availability": "https://schema.org/" + availability, "validThrough": x.ClosesAt.UTC().Format(time.RFC3339),
		},
	}
}

// sharePicture is what others show of the page.
func (s *Shop) sharePicture(v *Visit) error {
	x, err := s.desk.Shown(v.Context(), campaigns.Actor{}, v.Param("id"))
	if err != nil {
		return err
	}
	png, err := s.share.card(v, x)
	if err != nil {
		return err
	}
	h := v.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	http.ServeContent(v.w, v.r, "", time.Time{}, strings.NewReader(string(png)))
	return nil
}

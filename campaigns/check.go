package campaigns

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/money"
)

// Bounds of a campaign; docs/campaigns.md says why.
const (
	mostTitle    = 100 // characters
	mostTagline  = 200
	mostText     = 50_000
	mostPictures = 20
	mostFAQ      = 50
	mostAsk      = 300
	mostAnswer   = 5_000
	mostAlt      = 300
	mostVariants = 50
	mostVariant  = 60
	mostTarget   = 10_000_000
	mostSpares   = 10 // percent of the target

	shortestWindow = time.Hour
	longestWindow  = 90 * 24 * time.Hour
	longestWait    = 365 * 24 * time.Hour // from the opening to the last promised unit, and from now to the opening

	mostAtSuccess = 5_000 // basis points of the price
	mostAdvanced  = 8_000
)

// Check says everything that is wrong with what a draft says and offers; none is
// the only good answer. It looks at the draft alone: not at the clock, not at what
// the startup has.
func (d *Draft) Check() certification.Refusals {
	var found refusals
	d.checkWords(&found)
	d.checkPage(&found)
	d.checkOffer(&found)
	d.checkVariants(&found)
	d.checkTimes(&found)
	return certification.Refusals(found)
}

// refusals gathers what is wrong.
type refusals certification.Refusals

func (rs *refusals) refuse(rule, format string, args ...any) {
	*rs = append(*rs, certification.Refuse(certification.ErrInvalid, rule, format, args...))
}

// err is nil if nothing was found.
func (rs refusals) err() error {
	if len(rs) == 0 {
		return nil
	}
	return certification.Refusals(rs)
}

// line holds one line of text to its length and to what can be printed.
func (rs *refusals) line(rule, what, text string, least, most int) {
	n := utf8.RuneCountInString(text)
	switch {
	case n < least || n > most:
		rs.refuse(rule, "%s has %d characters; want %d to %d", what, n, least, most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		rs.refuse(rule, "%s is %q; want one line of printable characters", what, text)
	case text != strings.TrimSpace(text):
		rs.refuse(rule, "%s is %q; want no space at either end", what, text)
	}
}

// text holds several lines.
func (rs *refusals) text(rule, what, text string, least, most int) {
	n := utf8.RuneCountInString(strings.TrimSpace(text))
	switch {
	case n < least || utf8.RuneCountInString(text) > most:
		rs.refuse(rule, "%s has %d characters; want %d to %d", what, n, least, most)
	case !plainText(text):
		rs.refuse(rule, "%s holds a control character or is no UTF-8; want plain text", what)
	}
}

// plainText has no controls but line breaks and tabs: nothing that a terminal, a
// mail or a CSV file would act on.
func plainText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	})
}

func (d *Draft) checkWords(rs *refusals) {
	rs.line("campaign-form", "the title", d.Title, 3, mostTitle)
	rs.line("campaign-form", "the tagline", d.Page.Tagline, 0, mostTagline)
	if d.Category != "" && !slices.Contains(Categories, d.Category) {
		rs.refuse("campaign-form", "category %q; want one of %v", d.Category, Categories)
	}
	rs.text("campaign-form", "the story", d.Page.Story, 0, mostText)
	rs.text("campaign-form", "the risks", d.Page.Risks, 0, mostText)
}

func (d *Draft) checkPage(rs *refusals) {
	if n := len(d.Page.Pictures); n > mostPictures {
		rs.refuse("campaign-form", "%d pictures; want at most %d", n, mostPictures)
	}
	for i, p := range d.Page.Pictures {
		if p.SHA256 == "" || p.Media == "" {
			rs.refuse("campaign-form", "picture %d is not one that was uploaded to this campaign", i+1)
		}
		rs.line("campaign-form", fmt.Sprintf("the alternative text of picture %d", i+1), p.Alt, 1, mostAlt)
	}
	if n := len(d.Page.FAQ); n > mostFAQ {
		rs.refuse("campaign-form", "%d questions; want at most %d", n, mostFAQ)
	}
	for i, q := range d.Page.FAQ {
		rs.line("campaign-form", fmt.Sprintf("question %d", i+1), q.Ask, 3, mostAsk)
		rs.text("campaign-form", fmt.Sprintf("the answer to question %d", i+1), q.Answer, 1, mostAnswer)
	}
}

func (d *Draft) checkOffer(rs *refusals) {
	if _, err := money.New(d.Price, d.Currency); err != nil {
		rs.refuse("campaign-price", "currency %q is not one of ISO 4217", d.Currency)
	}
	if d.Price < 1 || d.Price > MaxPrice {
		rs.refuse("campaign-price", "the price is %d; want 1 to %d minor units", d.Price, int64(MaxPrice))
	}
	if d.RetailPrice != 0 && (d.RetailPrice < d.Price || d.RetailPrice > MaxPrice) {
		rs.refuse("campaign-price", "the retail price is %d; want 0, or from the price of %d on", d.RetailPrice, d.Price)
	}
	if d.TargetUnits < 1 || d.TargetUnits > mostTarget {
		rs.refuse("campaign-target", "the target is %d units; want 1 to %d", d.TargetUnits, mostTarget)
	}
	if most := d.TargetUnits / (100 / mostSpares); d.Spares < 0 || d.Spares > most {
		rs.refuse("campaign-target", "%d spare units of a target of %d; want 0 to %d", d.Spares, d.TargetUnits, most)
	}
	if d.StockLimit != 0 && (d.StockLimit < d.TargetUnits || d.StockLimit > mostTarget) {
		rs.refuse("campaign-stock", "the stock limit is %d units; want 0 for none, or from the target of %d to %d", d.StockLimit, d.TargetUnits, mostTarget)
	}
	if d.PerBackerLimit < 0 || d.PerBackerLimit > maxUnits {
		rs.refuse("campaign-limit", "the limit per backer is %d; want 0 for none, or 1 to %d", d.PerBackerLimit, maxUnits)
	}
	for i, region := range d.Regions {
		if !slices.Contains(certification.Regions(), region) || slices.Contains(d.Regions[:i], region) {
			rs.refuse("campaign-regions", "region %q; want each once of %s", region, strings.Join(certification.Regions(), ", "))
		}
	}
	if len(d.Regions) == 0 {
		rs.refuse("campaign-regions", "no region is named to sell in; want one of %s", strings.Join(certification.Regions(), ", "))
	}
}

func (d *Draft) checkVariants(rs *refusals) {
	if n := len(d.Variants); n > mostVariants {
		rs.refuse("campaign-variants", "%d variants; want at most %d", n, mostVariants)
		return
	}
	var sum int64
	limited := true // every variant is
	for i, v := range d.Variants {
		rs.line("campaign-variants", fmt.Sprintf("the name of variant %d", i+1), v.Name, 1, mostVariant)
		if slices.ContainsFunc(d.Variants[:i], func(o Variant) bool { return strings.EqualFold(o.Name, v.Name) }) {
			rs.refuse("campaign-variants", "two variants are called %q", v.Name)
		}
		if v.StockLimit < 0 || v.StockLimit > mostTarget || d.StockLimit > 0 && v.StockLimit > d.StockLimit {
			rs.refuse("campaign-variants", "the stock limit of variant %q is %d; want 0 for none, or up to the campaign's", v.Name, v.StockLimit)
		}
		limited, sum = limited && v.StockLimit > 0, sum+v.StockLimit
	}
	if len(d.Variants) > 0 && limited && sum < d.TargetUnits {
		rs.refuse("campaign-stock", "the variants have %d units together; the target is %d", sum, d.TargetUnits)
	}
}

func (d *Draft) checkTimes(rs *refusals) {
	if open := d.ClosesAt.Sub(d.OpensAt); d.OpensAt.IsZero() || open < shortestWindow || open > longestWindow {
		rs.refuse("campaign-window", "open from %s to %s; want %s to %d days", moment(d.OpensAt), moment(d.ClosesAt), shortestWindow, longestWindow/(24*time.Hour))
	} else {
		d.checkShip(rs)
	}
	if err := d.Schedule.Check(); err != nil {
		rs.refuse("campaign-schedule", "%v", err)
		return
	}
	atSuccess, advanced := d.Schedule.Share(AdvanceAtSuccess), d.Schedule.Share(AdvanceAtSuccess)+d.Schedule.Share(AdvanceAtHandover)
	if atSuccess > mostAtSuccess || advanced > mostAdvanced {
		rs.refuse("campaign-schedule", "%d basis points are advanced at success and %d before the delivery; want at most %d and %d", atSuccess, advanced, mostAtSuccess, mostAdvanced)
	}
}

func (d *Draft) checkShip(rs *refusals) {
	c := Campaign{OpensAt: d.OpensAt, ClosesAt: d.ClosesAt, Ship: d.Ship}
	latest := c.Latest()
	switch {
	case d.Ship.Kind != ShipByDate && d.Ship.Kind != ShipAfterSuccess && d.Ship.Kind != ShipAfterOrder:
		rs.refuse("campaign-ship", "the promise counts from %q; want %s, %s or %s", d.Ship.Kind, ShipByDate, ShipAfterSuccess, ShipAfterOrder)
	case d.Ship.Kind != ShipByDate && (d.Ship.Days < 1 || d.Ship.Days > 365):
		rs.refuse("campaign-ship", "the last unit is promised for %d days after; want 1 to 365, and less than 365 days after the opening in all", d.Ship.Days)
	case !latest.After(d.ClosesAt) || latest.Sub(d.OpensAt) >= longestWait:
		rs.refuse("campaign-ship", "the last unit is promised for %s; want a day after the deadline (%s) and less than 365 days after the opening (%s)",
			moment(latest), moment(d.ClosesAt), moment(d.OpensAt))
	}
}

// moment is an instant in a message.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// complete says what a campaign lacks for its review.
func (c *Campaign) complete(rs *refusals) {
	for _, part := range []struct {
		name string
		has  bool
	}{
		{"tagline", c.Page.Tagline != ""},
		{"category", c.Category != ""},
		{"story", strings.TrimSpace(c.Page.Story) != ""},
		{"statement of its risks", strings.TrimSpace(c.Page.Risks) != ""},
		{"picture", len(c.Page.Pictures) > 0},
	} {
		if !part.has {
			rs.refuse("campaign-complete", "campaign %s has no %s", c.ID, part.name)
		}
	}
}

// ahead says whether its window lies ahead of now, and not too far.
func (c *Campaign) ahead(rs *refusals, now time.Time) {
	if !c.OpensAt.After(now) || c.OpensAt.Sub(now) > longestWait {
		rs.refuse("campaign-window", "campaign %s opens at %s; it is %s now, want a moment that lies ahead, within 365 days", c.ID, moment(c.OpensAt), moment(now))
	}
}

package certification

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// regulatoryRules refuse a regulatory document, or the sale in a region.
var regulatoryRules = []Rule{
	{"region-known", "Regions are those of docs/regulatory.md."},
	{"scheme-known", "A regulatory document is of a scheme of docs/regulatory.md, and in that scheme's region."},
	{"regulatory-form", "A regulatory document has a number, a holder, the models and hardware revisions that it covers, and a day of issue that has come."},
	{"regulatory-term", "A document ends after it was issued, within the longest term of its scheme, and has not ended; where its issuer looks again, that is due within the scheme's interval from today."},
	{"regulatory-file", "The document itself is uploaded with it."},
	{"regulatory-state", "A document is verified or refused once; what was verified can be withdrawn, or runs out."},
	{"regulatory-tie", "Who verifies a document is a reviewer and no member of the organisation that it is of."},
}

// RegulatoryState is where a regulatory document stands.
type RegulatoryState string

// The states of a regulatory document.
const (
	RegulatorySubmitted RegulatoryState = "submitted"
	RegulatoryVerified  RegulatoryState = "verified"
	RegulatoryRefused   RegulatoryState = "refused"   // final
	RegulatoryExpired   RegulatoryState = "expired"   // final
	RegulatoryWithdrawn RegulatoryState = "withdrawn" // final
)

// RegulatoryMoves is the one table of what may become of a regulatory document.
var RegulatoryMoves = []Move[RegulatoryState]{
	{RegulatorySubmitted, RegulatoryVerified, []Mover{ByReviewer}, "a reviewer has checked it with its issuer"},
	{RegulatorySubmitted, RegulatoryRefused, []Mover{ByReviewer}, "with the reason"},
	{RegulatorySubmitted, RegulatoryWithdrawn, []Mover{ByVendor}, ""},
	{RegulatoryVerified, RegulatoryWithdrawn, []Mover{ByVendor, ByReviewer}, "it no longer holds, with the reason"},
	{RegulatoryVerified, RegulatoryExpired, []Mover{ByProgramme}, "its last day has passed"},
	{RegulatorySubmitted, RegulatoryExpired, []Mover{ByProgramme}, "likewise"},
}

// RegulatoryDocument is what an authority, or the maker before one, says of models
// for a region.
type RegulatoryDocument struct {
	ID       string          `json:"id"` // reg_…
	Org      string          `json:"org"`
	Region   string          `json:"region"`
	Scheme   string          `json:"scheme"`
	Number   string          `json:"number"`
	Holder   string          `json:"holder"`
	Models   []string        `json:"models"`
	Hardware []string        `json:"hardware"`                  // revisions; empty: all of these models
	Issued   time.Time       `json:"issued"`                    // the first moment at which it holds
	Expires  time.Time       `json:"expires,omitzero"`          // the last moment; zero: no end
	Follow   time.Time       `json:"surveillance_due,omitzero"` // by when its issuer has to have looked again
	Reminded int             `json:"reminded,omitempty"`        // how many days before the next of both its holder was last reminded
	File     Document        `json:"file"`
	State    RegulatoryState `json:"state"`
	Reason   string          `json:"reason,omitempty"`
	Rev      int64           `json:"rev"`

	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	DecidedBy string    `json:"decided_by,omitempty"`
	DecidedAt time.Time `json:"decided_at,omitzero"`
}

// Check says what is wrong with a document's own words at that moment.
func (d RegulatoryDocument) Check(now time.Time) error {
	scheme, ok := SchemeOf(d.Scheme)
	switch {
	case !slices.Contains(Regions(), d.Region):
		return Refuse(ErrInvalid, "region-known", "region %q: want one of %s", d.Region, strings.Join(Regions(), ", "))
	case !ok || scheme.Region != d.Region:
		return Refuse(ErrInvalid, "scheme-known", "scheme %q in %s: want one of %s", d.Scheme, d.Region, schemeNames(d.Region))
	}
	for _, words := range []struct{ name, text string }{{"number", d.Number}, {"holder", d.Holder}} {
		if words.text == "" {
			return Refuse(ErrInvalid, "regulatory-form", "a document of %s names no %s", d.Scheme, words.name)
		}
		if err := checkWords(words.name, words.text, longestName); err != nil {
			return err
		}
	}
	for _, list := range [][]string{d.Models, d.Hardware} {
		for _, text := range list {
			if err := checkWords("model or hardware revision", text, longestName); err != nil {
				return err
			}
		}
	}
	switch {
	case len(d.Models) == 0:
		return Refuse(ErrInvalid, "regulatory-form", "%s %s names no model", d.Scheme, d.Number)
	case d.Issued.IsZero() || d.Issued.After(now):
		return Refuse(ErrInvalid, "regulatory-form", "%s %s is issued on %s: want a day that has come", d.Scheme, d.Number, day(d.Issued))
	}
	return d.checkTerm(scheme, now)
}

func (d RegulatoryDocument) checkTerm(scheme Scheme, now time.Time) error {
	switch {
	case d.Expires.IsZero() && scheme.Most > 0:
		return Refuse(ErrInvalid, "regulatory-term", "%s %s has no end: %s holds %d years at most", d.Scheme, d.Number, d.Scheme, int(scheme.Most/year))
	case d.Expires.IsZero():
	case !d.Expires.After(d.Issued):
		return Refuse(ErrInvalid, "regulatory-term", "%s %s ends on %s, before it was issued on %s", d.Scheme, d.Number, day(d.Expires), day(d.Issued))
	case scheme.Most > 0 && d.Expires.Sub(d.Issued) > scheme.Most:
		return Refuse(ErrInvalid, "regulatory-term", "%s %s holds from %s to %s: %s holds %d years at most", d.Scheme, d.Number, day(d.Issued), day(d.Expires), d.Scheme, int(scheme.Most/year))
	case !d.Expires.After(now):
		return Refuse(ErrInvalid, "regulatory-term", "%s %s ended on %s", d.Scheme, d.Number, day(d.Expires))
	}
	if scheme.Follow > 0 && d.Follow.IsZero() {
		return Refuse(ErrInvalid, "regulatory-term", "%s %s names no day for its yearly follow-up (surveillance_due)", d.Scheme, d.Number)
	}
	return d.checkFollow(scheme, now)
}

func (d RegulatoryDocument) checkFollow(scheme Scheme, now time.Time) error {
	last := now.Add(scheme.Follow + leap)
	switch {
	case d.Follow.IsZero():
		return nil
	case scheme.Follow == 0:
		return Refuse(ErrInvalid, "regulatory-term", "%s %s names %s for a follow-up (surveillance_due), which %s does not know", d.Scheme, d.Number, day(d.Follow), d.Scheme)
	case !d.Follow.After(now) || d.Follow.After(last):
		return Refuse(ErrInvalid, "regulatory-term", "the follow-up of %s %s is due on %s: want a day after today and by %s", d.Scheme, d.Number, day(d.Follow), day(last))
	}
	return nil
}

// Stands says why the document does not stand for the model and the revisions
// from now until then; empty where it does.
func (d RegulatoryDocument) Stands(model string, hardware []string, now, until time.Time) string {
	switch {
	case d.State != RegulatoryVerified:
		return fmt.Sprintf("%s %s is %s", d.Scheme, d.Number, d.State)
	case !slices.Contains(d.Models, model):
		return fmt.Sprintf("%s %s does not name the model %s", d.Scheme, d.Number, model)
	case now.Before(d.Issued):
		return fmt.Sprintf("%s %s begins on %s", d.Scheme, d.Number, day(d.Issued))
	case !d.Expires.IsZero() && !d.Expires.After(until):
		return fmt.Sprintf("%s %s ends on %s, it has to hold until %s", d.Scheme, d.Number, day(d.Expires), day(until))
	case !d.Follow.IsZero() && !d.Follow.After(now):
		return fmt.Sprintf("the follow-up of %s %s was due on %s", d.Scheme, d.Number, day(d.Follow))
	}
	for _, h := range hardware {
		if len(d.Hardware) > 0 && !slices.Contains(d.Hardware, h) {
			return fmt.Sprintf("%s %s does not name the hardware revision %s", d.Scheme, d.Number, h)
		}
	}
	return ""
}

// RegionStand is whether the law of a region is met.
type RegionStand struct {
	Region  string               `json:"region"`
	Holds   bool                 `json:"holds"`
	Missing []string             `json:"missing,omitempty"` // why not, a sentence per scheme
	Papers  []RegulatoryDocument `json:"papers,omitempty"`  // those that stand
}

// StandIn looks at an organisation's documents: does the set of the region stand
// for the model and all revisions, from now until then? A revision may be covered
// by one document and another one by another.
func StandIn(region, model string, hardware []string, radio bool, docs []RegulatoryDocument, now, until time.Time) RegionStand {
	stand := RegionStand{Region: region}
	if len(hardware) == 0 {
		hardware = []string{""}
	}
	for _, scheme := range AskedIn(region, radio) {
		for _, h := range hardware {
			paper, why := find(scheme.ID, model, h, docs, now, until)
			if why != "" {
				stand.Missing = append(stand.Missing, why)
				break
			}
			if !slices.ContainsFunc(stand.Papers, func(p RegulatoryDocument) bool { return p.ID == paper.ID }) {
				stand.Papers = append(stand.Papers, paper)
			}
		}
	}
	stand.Holds = len(stand.Missing) == 0
	return stand
}

// find is the document of a scheme that stands the longest, or why none does.
func find(scheme, model, hardware string, docs []RegulatoryDocument, now, until time.Time) (best RegulatoryDocument, why string) {
	var revision []string
	if hardware != "" {
		revision = []string{hardware}
	}
	why = fmt.Sprintf("no document of %s for the model %s", scheme, model)
	for _, d := range docs {
		if d.Scheme != scheme {
			continue
		}
		if reason := d.Stands(model, revision, now, until); reason != "" {
			if slices.Contains(d.Models, model) { // the nearest miss says the most
				why = reason
			}
			continue
		}
		if best.ID == "" || outlasts(d, best) {
			best = d
		}
	}
	if best.ID != "" {
		return best, ""
	}
	return best, why
}

func outlasts(a, b RegulatoryDocument) bool {
	return !b.Expires.IsZero() && (a.Expires.IsZero() || a.Expires.After(b.Expires))
}

func schemeNames(region string) string {
	var names []string
	for _, s := range Schemes {
		if s.Region == region {
			names = append(names, s.ID)
		}
	}
	return strings.Join(names, ", ")
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

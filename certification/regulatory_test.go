package certification

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func days(n int) time.Time { return noon.AddDate(0, 0, n) }

// papered is a document that stands for two years, changed by edit.
func papered(scheme string, edit func(*RegulatoryDocument)) RegulatoryDocument {
	s, _ := SchemeOf(scheme)
	d := RegulatoryDocument{
		ID: "reg_" + scheme, Region: s.Region, Scheme: scheme, Number: "R-1", Holder: "Aurora Air Private Limited",
		Models: []string{"aurora-pure1"}, Issued: days(-30), State: RegulatoryVerified,
	}
	if s.Most > 0 {
		d.Expires = days(600)
	}
	if s.Follow > 0 {
		d.Follow = days(300)
	}
	if edit != nil {
		edit(&d)
	}
	return d
}

func TestADocumentIsRefusedByItsRule(t *testing.T) {
	for _, c := range []struct {
		name, rule string
		scheme     string
		edit       func(*RegulatoryDocument)
	}{
		{"as it should be", "", "BIS-CRS", nil},
		{"without an end where none is asked for", "", "WPC-ETA", nil},
		{"unknown region", "region-known", "BIS-CRS", func(d *RegulatoryDocument) { d.Region = "XX" }},
		{"unknown scheme", "scheme-known", "BIS-CRS", func(d *RegulatoryDocument) { d.Scheme = "BIS" }},
		{"another region's scheme", "scheme-known", "BIS-CRS", func(d *RegulatoryDocument) { d.Region = "CN" }},
		{"no number", "regulatory-form", "BIS-CRS", func(d *RegulatoryDocument) { d.Number = "" }},
		{"no holder", "regulatory-form", "BIS-CRS", func(d *RegulatoryDocument) { d.Holder = "" }},
		{"no model", "regulatory-form", "BIS-CRS", func(d *RegulatoryDocument) { d.Models = nil }},
		{"issued tomorrow", "regulatory-form", "BIS-CRS", func(d *RegulatoryDocument) { d.Issued = days(1) }},
		{"without an end", "regulatory-term", "BIS-CRS", func(d *RegulatoryDocument) { d.Expires = time.Time{} }},
		{"ended", "regulatory-term", "BIS-CRS", func(d *RegulatoryDocument) { d.Expires = days(-1) }},
		{"ended before it began", "regulatory-term", "FCC", func(d *RegulatoryDocument) { d.Expires = days(-60) }},
		{"longer than its scheme allows", "regulatory-term", "BIS-CRS", func(d *RegulatoryDocument) { d.Expires = days(800) }},
		{"no follow-up", "regulatory-term", "CCC", func(d *RegulatoryDocument) { d.Follow = time.Time{} }},
		{"control characters", "submission-form", "FCC", func(d *RegulatoryDocument) { d.Holder = "a\x07b" }},
	} {
		err := papered(c.scheme, c.edit).Check(noon)
		var r *Refusal
		switch {
		case c.rule == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.rule != "" && (!errors.As(err, &r) || r.Rule != c.rule):
			t.Errorf("%s: %v, want rule %s", c.name, err, c.rule)
		}
	}
}

func TestARegionHoldsWhereItsWholeSetStands(t *testing.T) {
	bis, eta := papered("BIS-CRS", nil), papered("WPC-ETA", nil)
	both := []RegulatoryDocument{bis, eta}
	for _, c := range []struct {
		name    string
		region  string
		docs    []RegulatoryDocument
		radio   bool
		until   time.Time
		missing string // a part of the sentence; empty: it holds
	}{
		{"both", "IN", both, true, days(100), ""},
		{"nothing", "IN", nil, true, days(100), "no document of BIS-CRS"},
		{"one of two", "IN", both[:1], true, days(100), "no document of WPC-ETA"},
		{"one of two, without a radio", "IN", both[:1], false, days(100), ""},
		{"not for so long", "IN", both, true, days(700), "has to hold until"},
		{"another model's", "IN", []RegulatoryDocument{eta, papered("BIS-CRS", func(d *RegulatoryDocument) { d.Models = []string{"aurora-pure2"} })}, true, days(1), "no document of BIS-CRS"},
		{"not verified", "IN", []RegulatoryDocument{eta, papered("BIS-CRS", func(d *RegulatoryDocument) { d.State = RegulatorySubmitted })}, true, days(1), "is submitted"},
		{"a revision that it does not name", "IN", []RegulatoryDocument{eta, papered("BIS-CRS", func(d *RegulatoryDocument) { d.Hardware = []string{"R1"} })}, true, days(1), "hardware revision R2"},
		{"two documents, a revision each", "IN", []RegulatoryDocument{
			eta, papered("BIS-CRS", func(d *RegulatoryDocument) { d.Hardware = []string{"R1"} }),
			papered("BIS-CRS", func(d *RegulatoryDocument) { d.ID, d.Hardware = "reg_2", []string{"R2"} }),
		}, true, days(1), ""},
		{"follow-up missed", "CN", []RegulatoryDocument{papered("CCC", func(d *RegulatoryDocument) { d.Follow = days(-1) })}, true, days(1), "follow-up"},
	} {
		stand := StandIn(c.region, "aurora-pure1", []string{"R1", "R2"}, c.radio, c.docs, noon, c.until)
		if stand.Holds != (c.missing == "") || !strings.Contains(strings.Join(stand.Missing, "; "), c.missing) {
			t.Errorf("%s: %+v, want %q", c.name, stand, c.missing)
		}
	}
}

func TestTheDocumentThatLastsLongestIsShown(t *testing.T) {
	docs := []RegulatoryDocument{
		papered("FCC", func(d *RegulatoryDocument) { d.ID, d.Expires = "reg_short", days(10) }),
		papered("FCC", func(d *RegulatoryDocument) { d.ID = "reg_endless" }),
		papered("FCC", func(d *RegulatoryDocument) { d.ID, d.Expires = "reg_long", days(900) }),
	}
	stand := StandIn("US", "aurora-pure1", nil, true, docs, noon, days(5))
	if len(stand.Papers) != 1 || stand.Papers[0].ID != "reg_endless" {
		t.Errorf("%+v", stand)
	}
}

func TestEverySchemeIsWhole(t *testing.T) {
	for _, s := range Schemes {
		if s.ID == "" || s.Name == "" || s.Source == "" || len(s.Region) != 2 {
			t.Errorf("%+v", s)
		}
	}
}

package certification

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func carrier(edit func(*Certificate)) Certificate {
	c := Certificate{
		Serial: "PM-2026-000001", Org: "org_1", Model: "aurora-pure1", Hardware: []string{"R1"}, Regions: []string{"IN"},
		State: Active, ExpiresAt: days(900),
	}
	if edit != nil {
		edit(&c)
	}
	return c
}

func TestTheGateNamesEveryReason(t *testing.T) {
	papers := []RegulatoryDocument{papered("BIS-CRS", nil), papered("WPC-ETA", nil)}
	ask := GateQuestion{Org: "org_1", Model: "aurora-pure1", Regions: []string{"IN"}, Until: days(200)}
	for _, c := range []struct {
		name         string
		certificates []Certificate
		papers       []RegulatoryDocument
		ask          func(*GateQuestion)
		reasons      []string // none: it is open
	}{
		{"open", []Certificate{carrier(nil)}, papers, nil, nil},
		{"no certificate", nil, papers, nil, []string{"has no certificate"}},
		{"another organisation's", []Certificate{carrier(func(c *Certificate) { c.Org = "org_2" })}, papers, nil, []string{"has no certificate"}},
		{"suspended", []Certificate{carrier(func(c *Certificate) { c.State, c.Since, c.Reason = Suspended, noon, "drift" })}, papers, nil, []string{"is suspended since 2026-11-29: drift"}},
		{"too short", []Certificate{carrier(func(c *Certificate) { c.ExpiresAt = days(200) })}, papers, nil, []string{"has to hold until"}},
		{"not for the region", []Certificate{carrier(nil)}, papers, func(q *GateQuestion) { q.Regions = []string{"IN", "EU"} }, []string{"not for the region EU"}},
		{"no region", []Certificate{carrier(nil)}, papers, func(q *GateQuestion) { q.Regions = nil }, []string{"no region"}},
		{"region lost", []Certificate{carrier(func(c *Certificate) { c.LostRegions = []string{"IN"} })}, papers, nil, []string{"has lost the region IN"}},
		{"papers gone", []Certificate{carrier(nil)}, nil, nil, []string{"IN: no document of BIS-CRS for the model aurora-pure1, no document of WPC-ETA"}},
		{"everything", []Certificate{carrier(func(c *Certificate) { c.ExpiresAt = days(1) })}, nil, nil, []string{"expires on", "BIS-CRS", "WPC-ETA"}},
		{"a superseded one before the active one", []Certificate{carrier(func(c *Certificate) { c.Serial, c.State = "PM-2026-000000", Superseded }), carrier(nil)}, papers, nil, nil},
	} {
		q := ask
		if c.ask != nil {
			c.ask(&q)
		}
		got, err := Admit(q, c.certificates, c.papers, noon)
		var r *Refusal
		if len(c.reasons) == 0 {
			if err != nil || got.Serial != "PM-2026-000001" {
				t.Errorf("%s: %s, %v", c.name, got.Serial, err)
			}
			continue
		}
		if !errors.As(err, &r) || r.Rule != "gate-closed" {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.reasons {
			if !strings.Contains(r.Detail, want) {
				t.Errorf("%s: %q lacks %q", c.name, r.Detail, want)
			}
		}
	}
}

// facts is a store that counts how often the gate looks.
type facts struct {
	certificate Certificate
	looks       int
}

func (c *facts) CertificatesOf(context.Context, string) ([]Certificate, error) {
	c.looks++
	return []Certificate{c.certificate}, nil
}

func (c *facts) RegulatoryOf(context.Context, string, RegulatoryState) ([]RegulatoryDocument, error) {
	return []RegulatoryDocument{papered("BIS-CRS", nil), papered("WPC-ETA", nil)}, nil
}

func TestTheGateForgetsAtAnEventAndAfterASecond(t *testing.T) {
	now := noon
	store := &facts{certificate: carrier(nil)}
	g := NewGate(store, func() time.Time { return now })
	ask := GateQuestion{Org: "org_1", Model: "aurora-pure1", Regions: []string{"IN"}, Until: days(200)}
	open := func(want bool) {
		t.Helper()
		if _, err := g.Check(t.Context(), ask); (err == nil) != want {
			t.Errorf("open is %v, want %v (%v)", err == nil, want, err)
		}
	}
	open(true)
	open(true)
	if store.looks != 1 {
		t.Errorf("%d looks, want 1", store.looks)
	}
	store.certificate.State = Suspended
	open(true) // nobody told it yet
	g.Forget()
	open(false)
	store.certificate.State = Active
	now = now.Add(gateFresh)
	open(true)
}

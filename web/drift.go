package web

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry/firmware"
)

// Drift are the reviewers' pages about delivered devices: the queue of flags, and
// what is decided about one.
type Drift struct{ DriftOptions }

// DriftOptions are what the pages work with; all are needed.
type DriftOptions struct {
	Auth         *auth.Service
	Field        *health.Desk
	Firmware     *firmware.Service
	Certificates CertificateSource
	Desk         *campaigns.Desk
}

// NewDrift makes the section.
func NewDrift(o DriftOptions) *Drift { return &Drift{o} }

// DriftQueuePage is the queue of flags.
type DriftQueuePage struct {
	Page
	States []health.State
	State  health.State
	Rows   []DriftRow
	Next   string
}

// DriftRow is one flag of the queue.
type DriftRow struct {
	health.Flag
	Standing StandingView
}

// DriftPage is a flag with its evidence, and what hangs on it.
type DriftPage struct {
	Page
	Flag        health.Flag
	Standing    StandingView
	Certificate certification.Certificate
	OrgName     string
	Campaigns   []campaigns.Campaign // of the model, that a suspension holds
	Rollouts    []firmware.Rollout   // of the model, live
	Others      []StandingView       // how the firmware stands by other rules now
	MayDecide   bool
	People      Names
	Forms       *Forms
}

const driftPath = "/review/drift"

// Mount implements Section.
func (s *Drift) Mount(p *Pages) {
	reviewer := Only(auth.RoleReviewer)
	p.Get(driftPath, reviewer, s.queue)
	const at = driftPath + "/{flag}"
	p.Get(at, reviewer, func(v *Visit) error { return s.flag(v, nil) })
	type decide func(ctx context.Context, who certification.Actor, flag string, f *Form) error
	for place, do := range map[string]decide{"ask": s.ask, "dismiss": s.dismiss, "uphold": s.uphold} {
		p.Post(at+"/"+place, reviewer, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.flag(v, f) }, func(f *Form) (string, error) {
				flag := v.Param("flag")
				return driftPath + "/" + flag, f.ruled(do(v.Context(), v.party(), flag, f), map[string]string{"flag-reason": "reason", "certificate-reason": "reason", "flag-quiet": "until"})
			})
		})
	}
}

func (s *Drift) queue(v *Visit) error {
	p := &DriftQueuePage{Page: Page{Title: v.Say("drift.title"), Wide: true}, States: []health.State{health.Open, health.Upheld, health.Dismissed}, State: health.State(v.Query("state"))}
	if !slices.Contains(p.States, p.State) {
		p.State = health.Open
	}
	found, err := s.Field.Queue(v.Context(), p.State, v.Query("after"), rowsPerPage+1)
	if err != nil {
		return err
	}
	if len(found) > rowsPerPage {
		found = found[:rowsPerPage]
		p.Next = "?" + url.Values{"state": {string(p.State)}, "after": {found[rowsPerPage-1].ID}}.Encode()
	}
	for _, f := range found {
		p.Rows = append(p.Rows, DriftRow{f, standingView(f.Standing, nil)})
	}
	return v.Show("drift-queue", p)
}

func (s *Drift) flag(v *Visit, sent *Form) error {
	ctx, who := v.Context(), v.party()
	f, err := s.Field.Flag(ctx, who, v.Param("flag"))
	if err != nil {
		return err
	}
	if who.Of(f.Org) { // they see it as the maker
		return v.Go("/flags/" + f.ID)
	}
	p := &DriftPage{
		Page: Page{Title: v.Say("flag.title", f.Firmware) + " · " + f.Model, Wide: true}, Flag: f, Standing: standingView(f.Standing, nil), OrgName: f.Org,
		MayDecide: f.State == health.Open, People: v.people(speakers(f)...), Forms: newForms(driftPath + "/" + f.ID).at(f.Rev).with(sent),
	}
	if o, err := s.Auth.Org(ctx, auth.System, f.Org); err == nil {
		p.OrgName = o.Name
	}
	if p.Certificate, err = s.Certificates.Certificate(ctx, f.Serial); err != nil {
		return err
	}
	all, err := s.Desk.CampaignsOf(ctx, who, f.Org, "", mostListed)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Model == f.Model && !c.State.Final() {
			p.Campaigns = append(p.Campaigns, c)
		}
	}
	rollouts, err := s.Firmware.Rollouts(ctx, f.Product, 10)
	if err != nil {
		return err
	}
	for _, r := range rollouts {
		if r.State.Live() || r.Version == f.Firmware {
			p.Rollouts = append(p.Rollouts, r)
		}
	}
	view, err := s.Field.View(ctx, f.Product)
	if err != nil {
		return err
	}
	for _, st := range view.Standings {
		if st.Firmware == f.Firmware {
			p.Others = append(p.Others, standingView(st, view.Flags))
		}
	}
	if sent != nil {
		return v.Again("drift", p)
	}
	return v.Show("drift", p)
}

func (s *Drift) ask(ctx context.Context, who certification.Actor, flag string, f *Form) error {
	_, err := s.Field.Ask(ctx, who, flag, f.Rev, f.Get("reason"))
	return err
}

func (s *Drift) uphold(ctx context.Context, who certification.Actor, flag string, f *Form) error {
	_, err := s.Field.Uphold(ctx, who, flag, f.Rev, f.Get("reason"))
	return err
}

func (s *Drift) dismiss(ctx context.Context, who certification.Actor, flag string, f *Form) error {
	var until time.Time
	if f.Get("until") != "" {
		if until = endOf(f.day("until")); !f.OK() {
			return nil
		}
	}
	_, err := s.Field.Dismiss(ctx, who, flag, f.Rev, f.Get("reason"), until)
	return err
}

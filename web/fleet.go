package web

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/firmware"
)

// Fleets are the pages about delivered devices: how they are, the firmware that is
// brought to them, and how more of them are made.
type Fleets struct{ FleetsOptions }

// FleetsOptions are what the pages work with; all are needed.
type FleetsOptions struct {
	Auth      *auth.Service
	Registry  *registry.Registry
	Field     *health.Desk
	Firmware  *firmware.Service
	Factory   *factory.Service
	Programme *certification.Programme
	Desk      *campaigns.Desk
	Blobs     blob.Store
	Bus       bus.Bus
}

// NewFleets makes the section.
func NewFleets(o FleetsOptions) *Fleets { return &Fleets{o} }

// Mount implements Section.
func (s *Fleets) Mount(p *Pages) {
	member := Only(auth.RoleStartup)
	p.Get("/orgs/{org}/fleet", member, s.fleets)
	p.Get("/products/{product}/fleet", member, s.fleet)
	p.Get("/products/{product}/fleet/devices", member, s.offenders)
	s.mountFirmware(p, member)
	s.mountFactory(p, member)
	p.Get("/flags/{flag}", func(a auth.Actor) bool { return member(a) || a.Is(auth.RoleReviewer) }, func(v *Visit) error { return s.flag(v, nil) })
	p.Post("/flags/{flag}/answer", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.flag(v, f) }, func(f *Form) (string, error) {
			flag := v.Param("flag")
			_, err := s.Field.Answer(v.Context(), v.party(), flag, f.Rev, f.Get("text"))
			return "/flags/" + flag, beside(f, err, "flag-reason", "text")
		})
	})
}

// ProductHead is what the pages of a product's fleet have in common.
type ProductHead struct {
	Page
	Product registry.Product
	Tab     string
}

// FleetsPage are the fleets of an organisation's products.
type FleetsPage struct {
	OrgPage
	Rows []FleetRow
	Next string
}

// FleetRow is one product with devices in homes.
type FleetRow struct {
	Product registry.Product
	Alive   int64 // on the last day, of all its firmware
	Open    int   // flags
	Rollout *firmware.Rollout
	Worst   *StandingView
}

// FleetPage is how the delivered devices of a product are.
type FleetPage struct {
	ProductHead
	View      health.View
	Fleets    []FleetView
	Standings []StandingView
	Next      []StepText
	Rollout   *firmware.Rollout // the live one
}

// FleetView is a firmware with its devices by day.
type FleetView struct {
	health.Fleet
	Trend Bars
}

// StandingView is how a firmware stands by a rule, with what draws it.
type StandingView struct {
	health.Standing
	Text  string // of the rule
	Range Interval
	Trend Bars
	Flag  string // that is open
	At    string // of its devices
}

// StepText is what the programme does next, in words.
type StepText struct {
	Kind string // good, warn, bad, info
	Text string
	Flag string
}

// OffendersPage are the devices that broke a rule.
type OffendersPage struct {
	ProductHead
	Standing *StandingView
	Firmware string
	Rule     health.Rule
	Rows     []health.Evidence
}

// FlagPage is a flag as the maker sees it.
type FlagPage struct {
	ProductHead
	Flag     health.Flag
	Standing StandingView
	People   Names
	Forms    *Forms
}

// product is a product of the visitor's. One of others is as if it were not there.
func (s *Fleets) product(v *Visit, id, tab, title string) (ProductHead, error) {
	p, err := s.Registry.Product(v.Context(), id)
	if err == nil && !v.Actor.MemberOf(p.Org) && !v.Actor.Is(auth.RoleOperator) {
		err = errAbsent
	}
	return ProductHead{Page{Title: title + " · " + p.Name, Wide: true}, p, tab}, err
}

func (s *Fleets) fleets(v *Visit) error {
	head, err := orgHead(v, s.Auth, v.Param("org"), "fleet", v.Say("fleet.title"))
	if err != nil {
		return err
	}
	p := &FleetsPage{OrgPage: head}
	products, err := s.Registry.ProductsOf(v.Context(), head.Org.ID, v.Query("after"), rowsPerPage+1)
	if err != nil {
		return err
	}
	if len(products) > rowsPerPage {
		products = products[:rowsPerPage]
		p.Next = "?" + url.Values{"after": {products[rowsPerPage-1].ID}}.Encode()
	}
	for _, product := range products {
		row := FleetRow{Product: product}
		view, err := s.Field.View(v.Context(), product.ID)
		if err == nil {
			row.Rollout, err = s.live(v.Context(), product.ID)
		}
		if err != nil {
			return err
		}
		row.Alive = aliveIn(view.Fleets)
		for _, f := range view.Flags {
			if f.State == health.Open {
				row.Open++
			}
		}
		if len(view.Standings) > 0 {
			worst := standingView(view.Standings[0], view.Flags)
			row.Worst = &worst
		}
		p.Rows = append(p.Rows, row)
	}
	return v.Show("fleets", p)
}

// aliveIn is how many devices were there on the last day on which there were any.
func aliveIn(fleets []health.Fleet) (n int64) {
	if len(fleets) == 0 {
		return 0
	}
	last := slices.MaxFunc(fleets, func(a, b health.Fleet) int { return a.Day.Compare(b.Day) }).Day
	for _, f := range fleets {
		if f.Day.Equal(last) {
			n += f.Devices
		}
	}
	return n
}

// live is the rollout of a product that can still go on; nil: there is none.
func (s *Fleets) live(ctx context.Context, product string) (*firmware.Rollout, error) {
	newest, err := s.Firmware.Rollouts(ctx, product, 1)
	if err != nil || len(newest) == 0 || !newest[0].State.Live() {
		return nil, err
	}
	return &newest[0], nil
}

func (s *Fleets) fleet(v *Visit) error {
	head, err := s.product(v, v.Param("product"), "fleet", v.Say("fleet.title"))
	if err != nil {
		return err
	}
	p := &FleetPage{ProductHead: head}
	if p.View, err = s.Field.View(v.Context(), head.Product.ID); err != nil {
		return err
	}
	if p.Rollout, err = s.live(v.Context(), head.Product.ID); err != nil {
		return err
	}
	p.fill(v.Say)
	return v.Show("fleet", p)
}

// fill makes what draws the view.
func (p *FleetPage) fill(say func(string, ...any) string) {
	for _, f := range p.View.Fleets {
		p.Fleets = append(p.Fleets, FleetView{f, aliveBars(f.Days)})
	}
	for _, st := range p.View.Standings {
		p.Standings = append(p.Standings, standingView(st, p.View.Flags))
	}
	for _, step := range p.View.Next {
		p.Next = append(p.Next, stepText(say, step))
	}
}

// stepText says a step of the programme.
func stepText(say func(string, ...any) string, s health.Step) StepText {
	out := StepText{Flag: s.Flag}
	switch s.Kind {
	case health.StepDecide:
		out.Kind, out.Text = "bad", say("fleet.next.decide", s.Firmware, s.Rule, date(s.At), s.Firmware, s.Serial)
	case health.StepAnswer:
		out.Kind, out.Text = "bad", say("fleet.next.answer", s.Firmware, date(s.At), s.Reason)
	case health.StepMend:
		out.Kind, out.Text = "bad", say("fleet.next.mend", s.Serial, date(s.At), s.Reason)
	case health.StepFlag:
		out.Kind, out.Text = "warn", say("fleet.next.flag", s.Firmware, s.Rule, health.LeastDevices)
	case health.StepNear:
		out.Kind, out.Text = "warn", say("fleet.next.near", s.Firmware, s.Rule, date(s.At))
	case health.StepQuiet:
		out.Kind, out.Text = "info", say("fleet.next.quiet", s.Rule, s.Firmware, s.Reason, clock(s.At))
	case health.StepExpires:
		out.Kind, out.Text = "info", say("fleet.next.expires", s.Serial, date(s.At))
	}
	return out
}

// standingView draws a standing; flags are those of its product.
func standingView(s health.Standing, flags []health.Flag) StandingView {
	r, _ := health.RuleOf(s.Rule)
	out := StandingView{Standing: s, Text: r.Text, Range: intervalOf(s), Trend: rateBars(s), At: "?" + url.Values{"firmware": {s.Firmware}, "rule": {s.Rule}}.Encode()}
	for _, f := range flags {
		if f.State == health.Open && f.Firmware == s.Firmware && f.Rule == s.Rule {
			out.Flag = f.ID
		}
	}
	return out
}

// mostOffenders is how many devices a page lists.
const mostOffenders = 100

func (s *Fleets) offenders(v *Visit) error {
	head, err := s.product(v, v.Param("product"), "fleet", v.Say("fleet.devices"))
	if err != nil {
		return err
	}
	p := &OffendersPage{ProductHead: head, Firmware: v.Query("firmware")}
	rule, ok := health.RuleOf(v.Query("rule"))
	if !ok {
		return errAbsent
	}
	p.Rule = rule
	view, err := s.Field.View(v.Context(), head.Product.ID)
	if err != nil {
		return err
	}
	for _, st := range view.Standings {
		if st.Firmware == p.Firmware && st.Rule == rule.ID {
			x := standingView(st, view.Flags)
			p.Standing = &x
		}
	}
	if p.Rows, err = s.Field.Devices(v.Context(), v.party(), head.Product, p.Firmware, rule.ID, mostOffenders); err != nil {
		return err
	}
	return v.Show("offenders", p)
}

func (s *Fleets) flag(v *Visit, sent *Form) error {
	f, err := s.Field.Flag(v.Context(), v.party(), v.Param("flag"))
	if err != nil {
		return err
	}
	head, err := s.product(v, f.Product, "fleet", v.Say("fleet.flag"))
	if errors.Is(err, errAbsent) && v.party().Reviewer {
		return v.Go("/review/drift/" + f.ID)
	}
	if err != nil {
		return err
	}
	p := &FlagPage{ProductHead: head, Flag: f.Public(), Standing: standingView(f.Standing, nil), People: v.people(speakers(f)...), Forms: newForms("/flags/" + f.ID).at(f.Rev).with(sent)}
	if sent != nil {
		return v.Again("flag", p)
	}
	return v.Show("flag", p)
}

// speakers are whose names a flag's page says.
func speakers(f health.Flag) []string {
	out := []string{f.DecidedBy}
	for _, r := range f.Talk {
		out = append(out, r.By)
	}
	return out
}

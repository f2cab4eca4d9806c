package web

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/webhook"
)

// Operators are the pages of those who run the installation.
type Operators struct{ OperatorsOptions }

// OperatorsOptions are what the pages work with; all are needed but Now.
type OperatorsOptions struct {
	Auth     *auth.Service
	Audit    AuditLog
	Jobs     JobList
	Webhooks *webhook.Service
	Reviews  *certification.Reviews
	Keys     func(ctx context.Context) (signing.Keyring, error)
	// Ready tells of each part whether it is there (nil: it is).
	Ready func(ctx context.Context) map[string]error
	// Runs are those of devices, by state; Here those on this node, and Refused the
	// connections that no bench took.
	Runs    func(ctx context.Context) (map[certification.RunState]int64, error)
	Here    func() (here int, refused int64)
	Leaves  func(ctx context.Context) (int64, error)         // of the transparency log
	KeptOut func(ctx context.Context, most int) (int, error) // devices, as there may be copies of them
	Version string
	Now     func() time.Time
}

// JobList is what operators do with jobs.
type JobList interface {
	Counts(ctx context.Context) ([]jobs.Count, error)
	Dead(ctx context.Context, limit int) ([]jobs.Job, error)
	Retry(ctx context.Context, id string, now time.Time, entry audit.Entry) error
}

// NewOperators makes the section.
func NewOperators(o OperatorsOptions) *Operators {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Operators{o}
}

// OperatorPage is the state of the installation in one page.
type OperatorPage struct {
	Page
	Sound   bool
	Parts   []PartView
	Figures []FigureView
	Runs    []Counted
	Version string
}

// PartView is a part that requests need.
type PartView struct{ Name, Err string }

// FigureView is one number.
type FigureView struct{ Name, Value, Path string }

// PeoplePage lists accounts.
type PeoplePage struct {
	Page
	Email   string
	Rows    []auth.Standing
	Granted []auth.Role
	Next    string
	Forms   *Forms
}

// OperatorOrgsPage lists organisations.
type OperatorOrgsPage struct {
	Page
	Rows  []auth.Org
	Next  string
	Forms *Forms
}

// JobsPage is what waits, and what was given up.
type JobsPage struct {
	Page
	Counts []JobCount
	Dead   []jobs.Job
	Forms  *Forms
}

// JobCount is a line of the jobs' table.
type JobCount struct {
	Kind, State string
	N           int64
	Due         time.Time
}

// AuditPage is a page of the audit log.
type AuditPage struct {
	Page
	Head                audit.Head
	HeadHash            string
	Actor, Subject, Org string
	Rows                []audit.Chained
	People              Names
	Next                string
}

// KeysPage are the keys that sign.
type KeysPage struct {
	Page
	Purposes []PurposeView
}

// PurposeView are the keys of one purpose, the newest first.
type PurposeView struct {
	Name string
	Keys []signing.Key
}

// Mount implements Section.
func (s *Operators) Mount(p *Pages) {
	operator := Only(auth.RoleOperator)
	p.Get("/operator", operator, s.health)
	p.Get("/operator/people", operator, func(v *Visit) error { return s.people(v, nil) })
	p.Post("/operator/people/{account}/roles/{role}", operator, func(v *Visit) error {
		return s.changePeople(v, func(f *Form, account string) error {
			role := auth.Role(v.Param("role"))
			if f.Get("do") == "revoke" {
				return s.Auth.RevokeRole(v.Context(), v.Actor, account, role)
			}
			return s.Auth.GrantRole(v.Context(), v.Actor, account, role)
		})
	})
	p.Post("/operator/people/{account}/block", operator, func(v *Visit) error {
		return s.changePeople(v, func(f *Form, account string) error {
			if f.Get("do") == "unblock" {
				return s.Auth.UnblockAccount(v.Context(), v.Actor, account, f.Get("reason"))
			}
			return s.Auth.BlockAccount(v.Context(), v.Actor, account, f.Get("reason"))
		})
	})
	p.Get("/operator/organisations", operator, func(v *Visit) error { return s.orgs(v, nil) })
	p.Post("/operator/organisations/{org}/block", operator, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.orgs(v, f) }, func(f *Form) (string, error) {
			do := s.Auth.BlockOrg
			if f.Get("do") == "unblock" {
				do = s.Auth.UnblockOrg
			}
			return "/operator/organisations", do(v.Context(), v.Actor, v.Param("org"), f.Get("reason"))
		}, peoplePlaces...)
	})
	p.Get("/operator/jobs", operator, func(v *Visit) error { return s.jobs(v, nil) })
	p.Post("/operator/jobs/{job}", operator, s.retry)
	p.Get("/operator/audit", operator, s.audit)
	p.Get("/operator/keys", operator, s.keys)
	h := &hooks{s.Webhooks, func(v *Visit) (OrgPage, string, error) {
		return OrgPage{Page: Page{Title: v.Say("hooks.title"), Wide: true}}, "/operator/webhooks", nil
	}}
	h.mount(p, "/operator/webhooks", operator)
}

var peoplePlaces = []Place{{auth.ErrConflict, ""}, {auth.ErrNotYours, ""}, {auth.ErrScope, ""}, {auth.ErrBadName, "reason"}}

// readyWithin bounds what the page waits for a part that does not answer.
const readyWithin = 2 * time.Second

func (s *Operators) health(v *Visit) error {
	ctx, cancel := context.WithTimeout(v.Context(), readyWithin)
	defer cancel()
	p := &OperatorPage{Page: Page{Title: v.Say("operator.title"), Wide: true}, Sound: true, Version: s.Version}
	for name, err := range s.Ready(ctx) {
		part := PartView{Name: name}
		if err != nil {
			part.Err, p.Sound = err.Error(), false
		}
		p.Parts = append(p.Parts, part)
	}
	slices.SortFunc(p.Parts, func(a, b PartView) int { return strings.Compare(a.Name, b.Name) })
	if !p.Sound { // the figures are read from what is away
		return v.Show("operator", p)
	}
	return s.figures(v, p)
}

func (s *Operators) figures(v *Visit, p *OperatorPage) error {
	ctx := v.Context()
	head, err := s.Audit.Head(ctx)
	if err != nil {
		return err
	}
	level, err := s.Reviews.ServiceLevel(ctx)
	if err != nil {
		return err
	}
	dead, err := s.Jobs.Dead(ctx, mostListed)
	if err != nil {
		return err
	}
	leaves, err := s.Leaves(ctx)
	if err != nil {
		return err
	}
	ends, err := s.Webhooks.Endpoints(ctx, "", "", mostListed)
	if err != nil {
		return err
	}
	failing := 0
	for _, e := range ends {
		if !e.Failing.IsZero() {
			failing++
		}
	}
	kept, err := s.KeptOut(ctx, mostListed)
	if err != nil {
		return err
	}
	here, refused := s.Here()
	p.Figures = []FigureView{
		{"waiting", number(level.Waiting), "/review"},
		{"oldest", span(level.Oldest), ""},
		{"log", number(leaves), "/certificates"},
		{"audit", number(head.Seq), "/operator/audit"},
		{"dead", number(len(dead)), "/operator/jobs"},
		{"failing", number(failing), "/operator/webhooks"},
		{"kept-out", number(kept), quarantineBase},
		{"here", number(here), ""},
		{"refused", number(refused), ""},
	}
	counts, err := s.Runs(ctx)
	for state, n := range counts {
		if n > 0 {
			p.Runs = append(p.Runs, Counted{string(state), int(n)})
		}
	}
	slices.SortFunc(p.Runs, func(a, b Counted) int { return strings.Compare(a.Verdict, b.Verdict) })
	if err != nil {
		return err
	}
	return v.Show("operator", p)
}

func (s *Operators) people(v *Visit, sent *Form) error {
	p := &PeoplePage{
		Page: Page{Title: v.Say("operator.tab.people"), Wide: true}, Email: strings.TrimSpace(v.Query("email")), Granted: []auth.Role{auth.RoleReviewer, auth.RoleOperator},
		Forms: newForms("/operator/people").with(sent),
	}
	var err error
	if p.Email != "" {
		a, err := s.Auth.AccountByEmail(v.Context(), p.Email)
		if err == nil {
			var one auth.Standing
			if one, err = s.Auth.Standing(v.Context(), a.ID); err == nil {
				p.Rows = []auth.Standing{one}
			}
		}
		if err != nil && !errors.Is(err, auth.ErrNotFound) && !errors.Is(err, auth.ErrBadEmail) {
			return err
		}
	} else if p.Rows, err = s.Auth.Accounts(v.Context(), v.Query("after"), rowsPerPage+1); err != nil {
		return err
	}
	if len(p.Rows) > rowsPerPage {
		p.Rows = p.Rows[:rowsPerPage]
		p.Next = "/operator/people?" + url.Values{"after": {p.Rows[rowsPerPage-1].Account.ID}}.Encode()
	}
	if sent != nil {
		return v.Again("operator-people", p)
	}
	return v.Show("operator-people", p)
}

func (s *Operators) changePeople(v *Visit, do func(f *Form, account string) error) error {
	return v.act(func(f *Form) error { return s.people(v, f) }, func(f *Form) (string, error) {
		return "/operator/people", do(f, v.Param("account"))
	}, peoplePlaces...)
}

func (s *Operators) orgs(v *Visit, sent *Form) error {
	p := &OperatorOrgsPage{Page: Page{Title: v.Say("operator.tab.orgs"), Wide: true}, Forms: newForms("/operator/organisations").with(sent)}
	var err error
	if p.Rows, err = s.Auth.Orgs(v.Context(), v.Actor, v.Query("after"), rowsPerPage+1); err != nil {
		return err
	}
	if len(p.Rows) > rowsPerPage {
		p.Rows = p.Rows[:rowsPerPage]
		p.Next = "/operator/organisations?" + url.Values{"after": {p.Rows[rowsPerPage-1].ID}}.Encode()
	}
	if sent != nil {
		return v.Again("operator-orgs", p)
	}
	return v.Show("operator-orgs", p)
}

func (s *Operators) jobs(v *Visit, sent *Form) error {
	p := &JobsPage{Page: Page{Title: v.Say("operator.tab.jobs"), Wide: true}, Forms: newForms("/operator/jobs").with(sent)}
	counts, err := s.Jobs.Counts(v.Context())
	if err != nil {
		return err
	}
	for _, c := range counts {
		if c.State != jobs.StateDead {
			p.Counts = append(p.Counts, JobCount{c.Kind, c.State, c.N, c.Next})
		}
	}
	if p.Dead, err = s.Jobs.Dead(v.Context(), mostListed); err != nil {
		return err
	}
	if sent != nil {
		return v.Again("operator-jobs", p)
	}
	return v.Show("operator-jobs", p)
}

func (s *Operators) retry(v *Visit) error {
	return v.act(func(f *Form) error { return s.jobs(v, f) }, func(*Form) (string, error) {
		id, now := v.Param("job"), s.Now()
		entry, err := audit.New(now, v.Actor.Account, "job.retried", id, "", nil)
		if err == nil {
			err = s.Jobs.Retry(v.Context(), id, now, entry)
		}
		if err == nil {
			v.Note("good", v.Say("operator.jobs.retried"))
		}
		return "/operator/jobs", err
	}, Place{jobs.ErrAlive, ""})
}

const auditRows = 50

func (s *Operators) audit(v *Visit) error {
	p := &AuditPage{Page: Page{Title: v.Say("operator.tab.audit"), Wide: true}, Actor: v.Query("actor"), Subject: v.Query("subject"), Org: v.Query("org")}
	var err error
	if p.Head, err = s.Audit.Head(v.Context()); err != nil {
		return err
	}
	p.HeadHash = hex.EncodeToString(p.Head.Hash[:])
	if p.Rows, err = s.Audit.Entries(v.Context(), audit.Query{Subject: p.Subject, Actor: p.Actor, Org: p.Org, After: v.Query("after"), Limit: auditRows + 1}); err != nil {
		return err
	}
	if len(p.Rows) > auditRows {
		p.Rows = p.Rows[:auditRows]
		p.Next = "/operator/audit?" + url.Values{"actor": {p.Actor}, "subject": {p.Subject}, "org": {p.Org}, "after": {p.Rows[auditRows-1].ID}}.Encode()
	}
	var accounts []string
	for _, e := range p.Rows {
		accounts = append(accounts, e.Actor)
	}
	p.People = v.people(accounts...)
	return v.Show("operator-audit", p)
}

func (s *Operators) keys(v *Visit) error {
	ring, err := s.Keys(v.Context())
	if err != nil {
		return err
	}
	p := &KeysPage{Page: Page{Title: v.Say("operator.keys.title")}}
	for _, purpose := range signing.Purposes {
		view := PurposeView{Name: fmt.Sprint(purpose)}
		for _, k := range ring {
			if k.Purpose == purpose {
				view.Keys = append(view.Keys, k)
			}
		}
		slices.SortFunc(view.Keys, func(a, b signing.Key) int { return b.CreatedAt.Compare(a.CreatedAt) })
		p.Purposes = append(p.Purposes, view)
	}
	return v.Show("operator-keys", p)
}

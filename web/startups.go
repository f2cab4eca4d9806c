package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Startups are the pages of organisations: products, submissions, certificates,
// regulatory documents, people and webhooks.
type Startups struct{ StartupsOptions }

// StartupsOptions are what the pages work with; all are needed.
type StartupsOptions struct {
	Auth       *auth.Service
	Registry   *registry.Registry
	Programme  *certification.Programme
	Reviews    *certification.Reviews
	Rig        *rig.Rig
	Life       *certification.Life
	Regulatory *certification.Regulatory
	Webhooks   *webhook.Service
	Blobs      blob.Store
	Bus        bus.Bus
	Holders    CertificateHolders
	Audit      AuditLog
	URL        string // of this site, for what others paste
}

// CertificateHolders lists certificates of an organisation.
type CertificateHolders interface {
	CertificatesOfOrg(ctx context.Context, org string) ([]certification.Certificate, error)
}

// AuditLog is the record of decisions.
type AuditLog interface {
	Entries(ctx context.Context, q audit.Query) ([]audit.Chained, error) // by id
	Head(ctx context.Context) (audit.Head, error)
}

// NewStartups makes the section.
func NewStartups(o StartupsOptions) *Startups { return &Startups{o} }

// Mount implements Section.
func (s *Startups) Mount(p *Pages) {
	member := Only(auth.RoleStartup)
	p.Get("/startup", LoggedIn, s.begin)
	p.Get("/orgs/{org}", member, s.overview)
	p.Get("/orgs/{org}/products", member, s.products)
	p.Get("/orgs/{org}/products/new", member, s.newProduct)
	p.Post("/orgs/{org}/products/new", member, s.addProduct)
	p.Get("/products/{product}", member, s.product)
	p.Get("/products/{product}/specs/{version}", member, s.spec)
	p.Get("/products/{product}/spec", member, s.newSpec)
	p.Post("/products/{product}/spec", member, s.addSpec)
	p.Post("/products/{product}/submissions", member, s.draft)
	p.Post("/spec/lint", member, s.lint)
	p.Get("/orgs/{org}/submissions", member, s.submissions)
	s.mountSubmission(p, member)
	s.mountOrg(p, member)
	s.mountHooks(p, member)
	involved := func(a auth.Actor) bool { return member(a) || a.Is(auth.RoleReviewer) }
	s.mountRun(p, involved)
}

// party is the visitor as the certificate programme knows people.
func (v *Visit) party() certification.Actor {
	a := certification.Actor{Account: v.Actor.Account, Reviewer: v.Actor.Is(auth.RoleReviewer), Operator: v.Actor.Is(auth.RoleOperator)}
	for _, m := range v.Actor.Orgs {
		a.Orgs = append(a.Orgs, m.Org)
	}
	return a
}

// people are the names of accounts; one that is not known keeps its id.
func (v *Visit) people(accounts ...string) Names {
	p := Names{audit.System: v.Say("work.system")}
	for _, id := range accounts {
		if id == "" || p[id] != "" {
			continue
		}
		if a, err := v.pages.auth.Known(v.Context(), id); err == nil {
			p[id] = a.Name
		}
	}
	return p
}

// begin leads to the visitor's organisation, or to founding one.
func (s *Startups) begin(v *Visit) error {
	if len(v.Actor.Orgs) == 0 {
		return v.Go("/account/organisations")
	}
	return v.Go("/orgs/" + v.Actor.Orgs[0].Org)
}

// org is the organisation of the address, for its members and operators.
func (s *Startups) org(v *Visit, tab, title string) (OrgPage, error) {
	return orgHead(v, s.Auth, v.Param("org"), tab, title)
}

const mostListed = 200 // of what a page lists without pages of its own

func (s *Startups) overview(v *Visit) error {
	head, err := s.org(v, "overview", v.Say("startup.tab.overview"))
	if err != nil {
		return err
	}
	ctx, org := v.Context(), head.Org.ID
	head.Title = head.Org.Name
	p := &StartupPage{OrgPage: head}
	var papers []certification.RegulatoryDocument
	for _, step := range []func() error{
		func() (err error) { p.Orgs, err = s.Auth.Orgs(ctx, v.Actor, "", 20); return err },
		func() (err error) { p.Products, err = s.Registry.ProductsOf(ctx, org, "", mostListed); return err },
		func() (err error) {
			p.Submissions, err = s.Programme.Submissions(ctx, v.party(), certification.SubmissionFilter{Org: org})
			return err
		},
		func() (err error) { p.Certificates, err = s.Holders.CertificatesOfOrg(ctx, org); return err },
		func() (err error) { papers, err = s.Regulatory.Documents(ctx, v.party(), org, ""); return err },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	slices.Reverse(p.Submissions)
	p.Steps = onboarding(org, p.Products, p.Submissions, p.Certificates, papers)
	return v.Show("startup", p)
}

func (s *Startups) products(v *Visit) error {
	head, err := s.org(v, "products", v.Say("products.title"))
	if err != nil {
		return err
	}
	p := &ProductsPage{OrgPage: head}
	p.Rows, err = s.Registry.ProductsOf(v.Context(), head.Org.ID, v.Query("after"), rowsPerPage+1)
	if len(p.Rows) > rowsPerPage {
		p.Rows = p.Rows[:rowsPerPage]
		p.Next = "?" + url.Values{"after": {p.Rows[rowsPerPage-1].ID}}.Encode()
	}
	if err != nil {
		return err
	}
	return v.Show("products", p)
}

func (s *Startups) submissions(v *Visit) error {
	head, err := s.org(v, "submissions", v.Say("startup.submissions"))
	if err != nil {
		return err
	}
	p := &SubmissionsPage{OrgPage: head}
	p.Rows, err = s.Programme.Submissions(v.Context(), v.party(), certification.SubmissionFilter{Org: head.Org.ID, After: v.Query("after"), Limit: rowsPerPage + 1})
	if len(p.Rows) > rowsPerPage {
		p.Rows = p.Rows[:rowsPerPage]
		p.Next = "?" + url.Values{"after": {p.Rows[rowsPerPage-1].ID}}.Encode()
	}
	if err != nil {
		return err
	}
	return v.Show("submissions", p)
}

// newProduct shows the editor with the document to start from.
func (s *Startups) newProduct(v *Visit) error {
	template := v.Query("template")
	if !slices.Contains(miot.SampleNames(), template) {
		template = "lamp"
	}
	f := v.NewForm("/orgs/"+v.Param("org")+"/products/new", "spec", string(miot.Sample(template)))
	return s.editSpec(v, &SpecEditPage{Template: template, Form: f}, nil)
}

// editSpec shows the editor; before is the version that the document replaces.
func (s *Startups) editSpec(v *Visit, p *SpecEditPage, before *registry.SpecVersion) error {
	p.Title, p.Wide, p.Live, p.Templates = v.Say("startup.new-product"), true, true, miot.SampleNames()
	org := v.Param("org")
	if p.Product.ID != "" {
		p.Title, org = v.Say("spec.new-version"), p.Product.Org
	}
	var err error
	if p.Org, err = s.Auth.Org(v.Context(), v.Actor, org); err != nil {
		return err
	}
	var older []byte
	version := 0
	if before != nil {
		older, version = before.Document, before.Version
	}
	p.Lint = lintOf([]byte(p.Form.Raw("spec")), older, version)
	if p.Form.OK() {
		return v.Show("spec-edit", p)
	}
	return v.Again("spec-edit", p)
}

func (s *Startups) addProduct(v *Visit) error {
	again := func(f *Form) error { return s.editSpec(v, &SpecEditPage{Form: f}, nil) }
	f, err := v.Form()
	if err != nil || f.Checked("check") {
		return orAgain(err, f, again)
	}
	return v.actOn(f, again, func(f *Form) (string, error) {
		to, err := v.Once(f, func() (string, error) {
			org := v.Param("org")
			if !v.Actor.MemberOf(org) {
				return "", auth.ErrNotYours
			}
			p, _, err := s.Registry.CreateProductOf(v.Context(), org, f.Get("name"), []byte(f.Raw("spec")))
			return "/products/" + p.ID, err
		})
		return to, refusedSpec(f, err)
	}, Place{registry.ErrExists, "spec"}, Place{registry.ErrBadRequest, "name"})
}

// orAgain shows a form again of which only a check was asked for.
func orAgain(err error, f *Form, again func(*Form) error) error {
	if err != nil {
		return err
	}
	return again(f)
}

// refusedSpec puts what is wrong with a document beside its field; the check below
// says the same line by line.
func refusedSpec(f *Form, err error) error {
	var (
		refused *registry.SpecRefused
		shape   *miot.ShapeError
		syntax  *miot.SyntaxError
	)
	if errors.As(err, &refused) || errors.As(err, &shape) || errors.As(err, &syntax) {
		f.Refuse("spec", sentence(err.Error()))
		return nil
	}
	return err
}

// owned is a product of the visitor's. One of others is as if it were not there.
func (s *Startups) owned(v *Visit) (registry.Product, []registry.SpecVersion, error) {
	p, err := s.Registry.Product(v.Context(), v.Param("product"))
	if err == nil && !v.Actor.MemberOf(p.Org) && !v.Actor.Is(auth.RoleOperator) {
		err = errAbsent
	}
	if err != nil {
		return p, nil, err
	}
	specs, err := s.Registry.Specs(v.Context(), p.ID)
	slices.SortFunc(specs, func(a, b registry.SpecVersion) int { return b.Version - a.Version })
	return p, specs, err
}

func (s *Startups) product(v *Visit) error { return s.showProduct(v, nil) }

func (s *Startups) showProduct(v *Visit, sent *Form) error {
	product, specs, err := s.owned(v)
	if err != nil {
		return err
	}
	p := &ProductPage{Page: Page{Title: product.Name, Wide: true}, Product: product, Specs: specs, Forms: newForms("/products/" + product.ID).with(sent)}
	if p.Submissions, err = s.Programme.Submissions(v.Context(), v.party(), certification.SubmissionFilter{Org: product.Org, Model: product.Model}); err != nil {
		return err
	}
	slices.Reverse(p.Submissions)
	held, err := s.Holders.CertificatesOfOrg(v.Context(), product.Org)
	if err != nil {
		return err
	}
	for _, c := range held {
		if c.Model == product.Model {
			p.Certificates = append(p.Certificates, c)
		}
	}
	if len(specs) > 0 {
		if spec, err := miot.Parse(specs[0].Document); err == nil {
			d := Draw(product.Model, spec, Drawing{OfSpec: true})
			p.Device = &d
		}
	}
	if sent != nil {
		return v.Again("product", p)
	}
	return v.Show("product", p)
}

func (s *Startups) spec(v *Visit) error {
	product, specs, err := s.owned(v)
	if err != nil {
		return err
	}
	for i, spec := range specs {
		if number64(int64(spec.Version)) != v.Param("version") {
			continue
		}
		var before []byte
		version := 0
		if i+1 < len(specs) {
			before, version = specs[i+1].Document, specs[i+1].Version
		}
		return v.Show("spec", &SpecPage{
			Page: Page{Title: v.Say("product.spec-title", spec.Version), Wide: true}, Product: product, Spec: spec,
			Text: string(spec.Document), Lint: lintOf(spec.Document, before, version),
		})
	}
	return errAbsent
}

func (s *Startups) newSpec(v *Visit) error {
	product, specs, err := s.owned(v)
	if err != nil {
		return err
	}
	f := v.NewForm("/products/" + product.ID + "/spec")
	p := &SpecEditPage{Product: product, Form: f}
	if len(specs) == 0 {
		return s.editSpec(v, p, nil)
	}
	if f.Raw("spec") == "" {
		f.Values.Set("spec", string(specs[0].Document))
	}
	return s.editSpec(v, p, &specs[0])
}

func (s *Startups) addSpec(v *Visit) error {
	product, specs, err := s.owned(v)
	if err != nil {
		return err
	}
	again := func(f *Form) error {
		p := &SpecEditPage{Product: product, Form: f}
		if len(specs) == 0 {
			return s.editSpec(v, p, nil)
		}
		return s.editSpec(v, p, &specs[0])
	}
	f, err := v.Form()
	if err != nil || f.Checked("check") {
		return orAgain(err, f, again)
	}
	return v.actOn(f, again, func(f *Form) (string, error) {
		_, _, err := s.Registry.AddSpec(v.Context(), product.ID, []byte(f.Raw("spec")))
		return "/products/" + product.ID, refusedSpec(f, err)
	}, Place{registry.ErrExists, "spec"})
}

// lint answers the editor, as it is typed in.
func (s *Startups) lint(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	var before []byte
	version := 0
	if id := f.Get("before"); id != "" {
		p, err := s.Registry.Product(v.Context(), id)
		if err == nil && v.Actor.MemberOf(p.Org) {
			specs, err := s.Registry.Specs(v.Context(), p.ID)
			if err != nil {
				return err
			}
			for _, spec := range specs {
				if spec.Version > version {
					before, version = spec.Document, spec.Version
				}
			}
		}
	}
	return v.part("spec-edit", "lint", lintOf([]byte(f.Raw("spec")), before, version))
}

// draft makes a submission of a product, with its newest document.
func (s *Startups) draft(v *Visit) error {
	product, specs, err := s.owned(v)
	if err != nil {
		return err
	}
	again := func(f *Form) error { return s.showProduct(v, f) }
	return v.act(again, func(f *Form) (string, error) {
		return v.Once(f, func() (string, error) {
			e := certification.Edit{Product: &product.Name}
			if len(specs) > 0 {
				e.Spec = specs[0].Document
			}
			sub, err := s.Programme.CreateSubmission(v.Context(), v.party(), product.Org, e)
			return "/submissions/" + sub.ID, err
		})
	})
}

// listed are the members of a list that is written with commas, or one a line.
func listed(text string) []string {
	out := []string{}
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

package web

import (
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// OrgPage is what the pages of an organisation have in common.
type OrgPage struct {
	Page
	Org auth.Org
	Tab string
}

// OrgTab is a part of an organisation's pages.
type OrgTab struct{ Name, Path string }

var orgTabs = []OrgTab{
	{"overview", ""},
	{"products", "/products"},
	{"submissions", "/submissions"},
	{"certificates", "/certificates"},
	{"papers", "/papers"},
	{"campaigns", "/campaigns"},
	{"fleet", "/fleet"},
	{"team", "/team"},
	{"hooks", "/webhooks"},
}

// OrgTabs are all of them.
func (p *OrgPage) OrgTabs() []OrgTab { return orgTabs }

// StartupPage is where a startup begins: how far it is on the way to a certificate.
type StartupPage struct {
	OrgPage
	Orgs         []auth.Org // of the visitor
	Steps        []StepView
	Products     []registry.Product
	Submissions  []certification.Submission
	Certificates []certification.Certificate
}

// StepView is one step on the way.
type StepView struct {
	Name  string
	State string // done, now, later
	Path  string // where it is done
	Said  string // a fact, such as a number
}

// ProductsPage lists an organisation's products.
type ProductsPage struct {
	OrgPage
	Rows []registry.Product
	Next string
}

// SubmissionsPage lists an organisation's submissions.
type SubmissionsPage struct {
	OrgPage
	Rows []certification.Submission
	Next string
}

// ProductPage is one product.
type ProductPage struct {
	Page
	Product      registry.Product
	Specs        []registry.SpecVersion // the newest first
	Submissions  []certification.Submission
	Certificates []certification.Certificate
	Devices      []registry.Device
	Device       *DeviceView // what the newest version can do
	Forms        *Forms
}

// SpecEditPage writes a spec document: of a new product, or a new version.
type SpecEditPage struct {
	Page
	Org       auth.Org
	Product   registry.Product // none: a new one
	Templates []string
	Template  string
	Form      *Form
	Lint      LintView
}

// SpecPage shows a version of a document.
type SpecPage struct {
	Page
	Product registry.Product
	Spec    registry.SpecVersion
	Text    string
	Lint    LintView
}

// onboarding is how far an organisation is. Of several submissions the one that is the
// farthest counts.
func onboarding(org string, products []registry.Product, subs []certification.Submission, certs []certification.Certificate, papers []certification.RegulatoryDocument) []StepView {
	far, sub := -1, certification.Submission{}
	for _, s := range subs {
		if at := farOf(s.State); at > far {
			far, sub = at, s
		}
	}
	verified := 0
	for _, d := range papers {
		if d.State == certification.RegulatoryVerified {
			verified++
		}
	}
	at := func(path string) string { return "/submissions/" + sub.ID + path }
	steps := []struct {
		name, path string
		done       bool
	}{
		{"product", "/orgs/" + org + "/products/new", len(products) > 0},
		{"draft", "", far >= 0},
		{"submit", at("#facts"), far >= farOf(certification.Testing)},
		{"run", at("#bench"), far >= farOf(certification.InReview)},
		{"review", at("#talk"), far >= farOf(certification.Approved)},
		{"certificate", "/orgs/" + org + "/certificates", len(certs) > 0},
		{"papers", "/orgs/" + org + "/papers", verified > 0},
	}
	if len(products) > 0 {
		steps[1].path = "/products/" + products[0].ID
	}
	var out []StepView
	now := false
	for _, s := range steps {
		v := StepView{Name: s.name, State: "later"}
		switch {
		case s.done:
			v.State = "done"
		case !now:
			now, v.State, v.Path = true, "now", s.path
		case s.name == "papers": // it does not wait for the others
			v.Path = s.path
		}
		out = append(out, v)
	}
	return out
}

// farOf counts how far a state is on the way to a certificate.
func farOf(s certification.SubmissionState) int {
	switch s {
	case certification.Draft, certification.Submitted, certification.Screening:
		return 0
	case certification.Testing, certification.ChangesRequested:
		return 1
	case certification.InReview:
		return 2
	case certification.Approved, certification.Issuing, certification.Certified:
		return 3
	}
	return -1
}

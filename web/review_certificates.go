package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/certification"
)

// ReviewPapersPage are the regulatory documents that wait for a reviewer.
type ReviewPapersPage struct {
	Page
	Rows  []certification.RegulatoryDocument
	Forms *Forms
}

// ReviewCertificatesPage lists certificates for those who may change them.
type ReviewCertificatesPage struct {
	Page
	Query, State string
	States       []string
	Rows         []certification.Certificate
	Next         string
}

// ReviewCertificatePage is a certificate and what may become of it.
type ReviewCertificatePage struct {
	Page
	Certificate certification.Certificate
	Events      []EventView
	Acts        []CertificateAct
	People      Names
	Forms       *Forms
}

// CertificateAct is something that the visitor may do to a certificate.
type CertificateAct struct {
	Name           string
	Reason, Danger bool
}

func (s *Reviewers) mountPapers(p *Pages, reviewer Access) {
	p.Get("/review/papers", reviewer, func(v *Visit) error { return s.papers(v, nil) })
	p.Post("/review/papers/{paper}", reviewer, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.papers(v, f) }, func(f *Form) (string, error) {
			decide := s.Regulatory.Refuse
			if f.Get("do") == "verify" {
				decide = s.Regulatory.Verify
			}
			_, err := decide(v.Context(), v.party(), v.Param("paper"), f.number("rev"), f.Get("reason"))
			return "/review/papers", err
		})
	})
}

func (s *Reviewers) papers(v *Visit, sent *Form) error {
	rows, err := s.Regulatory.Queue(v.Context(), v.party())
	if err != nil {
		return err
	}
	p := &ReviewPapersPage{Page: Page{Title: v.Say("paper.title")}, Rows: rows, Forms: newForms("/review/papers").with(sent)}
	if sent != nil {
		return v.Again("review-papers", p)
	}
	return v.Show("review-papers", p)
}

func (s *Reviewers) mountCertificates(p *Pages, reviewer Access) {
	p.Get("/review/certificates", reviewer, s.certificates)
	const at = "/review/certificates/{serial}"
	p.Get(at, reviewer, func(v *Visit) error { return s.certificate(v, nil) })
	p.Post(at+"/conditions/{condition}", reviewer, func(v *Visit) error {
		return s.decides(v, func(ctx context.Context, who certification.Actor, serial string, f *Form) error {
			_, err := s.Life.MeetCondition(ctx, who, serial, f.Rev, v.Param("condition"), f.Get("note"))
			return err
		})
	})
	type decide func(context.Context, certification.Actor, string, int64, string) (certification.Certificate, error)
	for name, do := range map[string]decide{"suspend": s.Life.Suspend, "reinstate": s.Life.Reinstate, "propose": s.Life.ProposeRevocation, "drop": s.Life.DropRevocation} {
		p.Post(at+"/"+name, reviewer, func(v *Visit) error {
			return s.decides(v, func(ctx context.Context, who certification.Actor, serial string, f *Form) error {
				_, err := do(ctx, who, serial, f.Rev, f.Get("reason"))
				return beside(f, err, "certificate-reason", "reason")
			})
		})
	}
	p.Post(at+"/revoke", reviewer, func(v *Visit) error {
		return s.decides(v, func(ctx context.Context, who certification.Actor, serial string, f *Form) error {
			_, err := s.Life.Revoke(ctx, who, serial, f.Rev)
			return err
		})
	})
}

func (s *Reviewers) decides(v *Visit, do func(ctx context.Context, who certification.Actor, serial string, f *Form) error) error {
	return v.act(func(f *Form) error { return s.certificate(v, f) }, func(f *Form) (string, error) {
		serial := v.Param("serial")
		return "/review/certificates/" + serial, do(v.Context(), v.party(), serial, f)
	})
}

func (s *Reviewers) certificates(v *Visit) error {
	p := &ReviewCertificatesPage{Page: Page{Title: v.Say("review.certs.title"), Wide: true}, Query: strings.TrimSpace(v.Query("q")), State: v.Query("state")}
	f := certification.CertificateFilter{Words: clipped(p.Query, 200), State: certification.CertificateState(p.State), Before: v.Query("before"), Limit: rowsPerPage + 1}
	if f.State != "" && !certification.KnownState(f.State) {
		f.State, p.State = "", ""
	}
	for _, state := range certification.CertificateStates {
		p.States = append(p.States, string(state))
	}
	var err error
	if p.Rows, err = s.Certificates.CertificatePage(v.Context(), f); err != nil {
		return err
	}
	if len(p.Rows) > rowsPerPage {
		p.Rows = p.Rows[:rowsPerPage]
		p.Next = "/review/certificates?" + url.Values{"q": {p.Query}, "state": {p.State}, "before": {p.Rows[rowsPerPage-1].Serial}}.Encode()
	}
	return v.Show("review-certificates", p)
}

func (s *Reviewers) certificate(v *Visit, sent *Form) error {
	ctx, serial := v.Context(), v.Param("serial")
	c, err := s.Certificates.Certificate(ctx, serial)
	if err != nil {
		return err
	}
	history, err := s.Certificates.CertificateHistory(ctx, serial)
	if err != nil {
		return err
	}
	p := &ReviewCertificatePage{
		Page: Page{Title: c.Serial}, Certificate: c, Events: eventViews(history), Acts: actsOn(c, v.Actor.Account),
		Forms: newForms("/review/certificates/" + serial).at(c.Rev).with(sent), People: v.people(),
	}
	if c.Proposed != nil {
		p.People = v.people(c.Proposed.By)
	}
	if sent != nil {
		return v.Again("review-certificate", p)
	}
	return v.Show("review-certificate", p)
}

// actsOn are what the table of states lets a reviewer do to a certificate. Whether
// this one may is for the domain to say.
func actsOn(c certification.Certificate, account string) []CertificateAct {
	may := func(to certification.CertificateState) bool {
		return certification.MayMove(certification.CertificateMoves, c.State, to, certification.ByReviewer)
	}
	var out []CertificateAct
	add := func(ok bool, name string, reason, danger bool) {
		if ok {
			out = append(out, CertificateAct{name, reason, danger})
		}
	}
	add(may(certification.Suspended), "suspend", true, true)
	add(may(certification.Active), "reinstate", true, false)
	add(may(certification.Revoked) && c.Proposed == nil, "propose", true, true)
	add(may(certification.Revoked) && c.Proposed != nil && c.Proposed.By != account, "revoke", false, true)
	add(c.Proposed != nil, "drop", true, false)
	return slices.Clip(out)
}

// eventViews are the leaves of a certificate as pages show them.
func eventViews(history []certification.CertificateEvent) []EventView {
	var out []EventView
	for _, e := range history {
		reason := e.Reason
		if e.Region != "" {
			reason = strings.TrimSuffix(e.Region+": "+reason, ": ")
		}
		out = append(out, EventView{strings.ReplaceAll(strings.TrimPrefix(e.Kind, "certificate."), "_", "-"), e.At, e.Index, reason})
	}
	return out
}

package web

import (
	"net/url"

	"github.com/proofmark/proofmark/internal/auth"
)

// InvitationPage asks whether somebody wants to become a member.
type InvitationPage struct {
	Page
	Form  *Form
	Org   string
	Role  auth.OrgRole
	Fault string // why it cannot be accepted
}

func (p *People) invitationPage(v *Visit) error {
	f := newForm("/invitation", url.Values{"code": {v.Query("code")}})
	i, o, err := p.auth.Invited(v.Context(), v.Actor, f.Get("code"), v.Client())
	page := &InvitationPage{Page: Page{Title: v.Say("invitation.title"), Quiet: true}, Form: f, Org: o.Name, Role: i.Role}
	if err == nil {
		return v.Show("invitation", page)
	}
	if !f.Took(err, Place{auth.ErrBadCode, ""}, Place{auth.ErrNotYours, ""}, Place{auth.ErrBlocked, ""}) {
		return err
	}
	page.Fault = f.Wrong[0]
	return v.Again("invitation", page)
}

func (p *People) acceptInvitation(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	o, err := p.auth.Accept(v.Context(), v.Actor, f.Get("code"), v.Client())
	if f.Took(err, Place{auth.ErrBadCode, ""}, Place{auth.ErrNotYours, ""}, Place{auth.ErrBlocked, ""}, Place{auth.ErrExists, ""}) {
		return v.Again("invitation", &InvitationPage{Page: Page{Title: v.Say("invitation.title")}, Form: f, Fault: f.Wrong[0]})
	}
	if err != nil {
		return err
	}
	v.Note("good", v.Say("invitation.done", o.Name))
	return v.Go("/account/organisations")
}

func init() {
	story("invitation", "invitation", func() Pager {
		return &InvitationPage{Page: Page{Title: "Invitation"}, Form: newForm("#", url.Values{"code": {"pmi_x"}}), Org: `Aurora <script>alert(1)</script>`, Role: auth.OrgOwner}
	})
	story("invitation-over", "invitation", func() Pager {
		return &InvitationPage{Page: Page{Title: "Invitation"}, Form: newForm("#", url.Values{}), Fault: "Code refused: the invitation was revoked at 2026-11-29T10:00:00Z."}
	})
}

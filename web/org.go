package web

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/media"
)

// OrgCertificatesPage lists an organisation's certificates.
type OrgCertificatesPage struct {
	OrgPage
	Rows  []certification.Certificate
	URL   string
	Badge string // address of every badge, in the story book; empty: each certificate's own
	Forms *Forms
}

// BadgeOf is where the badge of a certificate is.
func (p *OrgCertificatesPage) BadgeOf(c certification.Certificate) string {
	return cmp.Or(p.Badge, "/certificates/"+c.Serial+"/badge.svg")
}

// Embed is what others paste to show the state of a certificate.
func (p *OrgCertificatesPage) Embed(c certification.Certificate) string {
	return embedOf(p.URL, c.Serial, p.Site.Say("site.name"))
}

func embedOf(url, serial, alt string) string {
	at := url + "/certificates/" + serial
	return `<a href="` + at + `"><img src="` + at + `/badge.svg" alt="` + alt + `" height="24"></a>`
}

// PapersPage lists an organisation's regulatory documents, and takes one.
type PapersPage struct {
	OrgPage
	Rows          []certification.RegulatoryDocument
	SchemeOptions []Option
	Forms         *Forms
}

// TeamPage are the people of an organisation.
type TeamPage struct {
	OrgPage
	Owner       bool // the visitor is one
	Members     []auth.Member
	Invitations []auth.Invitation
	RoleOptions []Option
	OrgForm     *Form
	Forms       *Forms
}

func (s *Startups) mountOrg(p *Pages, member Access) {
	const at = "/orgs/{org}"
	p.Get(at+"/certificates", member, func(v *Visit) error { return s.certificates(v, nil) })
	p.Post(at+"/certificates/{serial}/give-back", member, s.giveBack)
	p.Get(at+"/papers", member, func(v *Visit) error { return s.papers(v, nil) })
	p.Post(at+"/papers/new", member, s.addPaper)
	p.Post(at+"/papers/{paper}/withdraw", member, s.withdrawPaper)
	p.Get(at+"/team", member, func(v *Visit) error { return s.team(v, nil) })
	for place, do := range map[string]func(v *Visit, org string, f *Form) error{
		"invite": func(v *Visit, org string, f *Form) error {
			_, err := s.Auth.Invite(v.Context(), v.Actor, org, f.Get("email"), auth.OrgRole(f.Get("role")), v.Client())
			return err
		},
		"invitations/{invitation}/revoke": func(v *Visit, org string, _ *Form) error {
			return s.Auth.RevokeInvitation(v.Context(), v.Actor, org, v.Param("invitation"))
		},
		"{account}/role": func(v *Visit, org string, f *Form) error {
			return s.Auth.SetMemberRole(v.Context(), v.Actor, org, v.Param("account"), auth.OrgRole(f.Get("role")))
		},
		"{account}/remove": func(v *Visit, org string, _ *Form) error {
			return s.Auth.RemoveMember(v.Context(), v.Actor, org, v.Param("account"))
		},
		"org": func(v *Visit, org string, f *Form) error {
			return s.Auth.ChangeOrg(v.Context(), v.Actor, auth.Org{ID: org, Name: f.Get("name"), LegalName: f.Get("legal"), Country: strings.ToUpper(f.Get("country"))})
		},
	} {
		p.Post(at+"/team/"+place, member, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.team(v, f) }, func(f *Form) (string, error) {
				org := v.Param("org")
				return "/orgs/" + org + "/team", do(v, org, f)
			}, teamPlaces...)
		})
	}
	p.Post(at+"/team/leave", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.team(v, f) }, func(*Form) (string, error) {
			return "/account", s.Auth.RemoveMember(v.Context(), v.Actor, v.Param("org"), v.Actor.Account)
		}, teamPlaces...)
	})
}

var teamPlaces = []Place{{auth.ErrLastOwner, ""}, {auth.ErrTooMany, ""}, {auth.ErrBadEmail, "email"}, {auth.ErrBadName, "name"}, {auth.ErrExists, "email"}, {auth.ErrConflict, ""}, {auth.ErrNotYours, ""}}

func (s *Startups) certificates(v *Visit, sent *Form) error {
	head, err := s.org(v, "certificates", v.Say("startup.certificates"))
	if err != nil {
		return err
	}
	p := &OrgCertificatesPage{OrgPage: head, URL: s.URL, Forms: newForms("/orgs/" + head.Org.ID + "/certificates").with(sent)}
	if p.Rows, err = s.Holders.CertificatesOfOrg(v.Context(), head.Org.ID); err != nil {
		return err
	}
	for i := range p.Rows {
		p.Rows[i] = p.Rows[i].Public()
	}
	slices.Reverse(p.Rows)
	if sent != nil {
		return v.Again("org-certificates", p)
	}
	return v.Show("org-certificates", p)
}

func (s *Startups) giveBack(v *Visit) error {
	return v.act(func(f *Form) error { return s.certificates(v, f) }, func(f *Form) (string, error) {
		_, err := s.Life.GiveBack(v.Context(), v.party(), v.Param("serial"), f.number("rev"), f.Get("reason"))
		return "/orgs/" + v.Param("org") + "/certificates", err
	})
}

// number is a field that holds one; 0 where it does not.
func (f *Form) number(name string) int64 {
	n, err := strconv.ParseInt(f.Get(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (s *Startups) papers(v *Visit, sent *Form) error {
	head, err := s.org(v, "papers", v.Say("papers.title"))
	if err != nil {
		return err
	}
	p := &PapersPage{OrgPage: head, Forms: newForms("/orgs/" + head.Org.ID + "/papers").with(sent)}
	if p.Rows, err = s.Regulatory.Documents(v.Context(), v.party(), head.Org.ID, ""); err != nil {
		return err
	}
	slices.Reverse(p.Rows)
	for _, scheme := range certification.Schemes {
		p.SchemeOptions = append(p.SchemeOptions, Option{scheme.ID, scheme.Region + ": " + scheme.Name})
	}
	if sent != nil {
		return v.Again("org-papers", p)
	}
	return v.Show("org-papers", p)
}

// A date is refused where it is none; one that may be empty then has no end.
var errDate = errors.New("want a day as 2026-11-29")

func (f *Form) day(name string) time.Time {
	text := f.Get(name)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		f.Refuse(name, sentence(fmt.Sprintf("%q: %v", clipped(text, 40), errDate)))
	}
	return t
}

func (s *Startups) addPaper(v *Visit) error {
	f, err := v.FormWithFiles(mostUploaded)
	if err != nil {
		return err
	}
	return v.actOn(f, func(f *Form) error { return s.papers(v, f) }, func(f *Form) (string, error) {
		org := v.Param("org")
		d := certification.RegulatoryDocument{
			Org: org, Scheme: f.Get("scheme"), Number: f.Get("number"), Holder: f.Get("holder"), Models: listed(f.Get("models")), Hardware: listed(f.Get("hardware")),
			Issued: f.day("issued"), Expires: endOf(f.day("expires")), Follow: endOf(f.day("follow")),
		}
		if scheme, ok := certification.SchemeOf(d.Scheme); ok {
			d.Region = scheme.Region
		}
		if !f.OK() {
			return "", nil
		}
		if err := s.Regulatory.MaySubmit(v.party(), d); err != nil {
			return "", err
		}
		file, err := v.take(s.Blobs, f, media.Documents)
		if err != nil {
			return "", err
		}
		_, err = s.Regulatory.Submit(v.Context(), v.party(), d, certification.Document{Name: file.Name, Media: string(file.Kind), Size: file.Size, SHA256: file.SHA256})
		return "/orgs/" + org + "/papers", err
	}, filePlaces...)
}

// endOf is the last moment of a day; of none it is none.
func endOf(day time.Time) time.Time {
	if day.IsZero() {
		return day
	}
	return day.Add(24*time.Hour - time.Microsecond)
}

func (s *Startups) withdrawPaper(v *Visit) error {
	return v.act(func(f *Form) error { return s.papers(v, f) }, func(f *Form) (string, error) {
		_, err := s.Regulatory.Withdraw(v.Context(), v.party(), v.Param("paper"), f.number("rev"), f.Get("reason"))
		return "/orgs/" + v.Param("org") + "/papers", err
	})
}

func (s *Startups) team(v *Visit, sent *Form) error {
	head, err := s.org(v, "team", v.Say("team.title"))
	if err != nil {
		return err
	}
	ctx, org := v.Context(), head.Org
	p := &TeamPage{OrgPage: head, Owner: v.Actor.OwnerOf(org.ID), Forms: newForms("/orgs/" + org.ID + "/team").with(sent)}
	p.RoleOptions = []Option{{string(auth.OrgMember), v.Say("team.role.member")}, {string(auth.OrgOwner), v.Say("team.role.owner")}}
	p.OrgForm = p.Forms.Of("org", "name", org.Name, "legal", org.LegalName, "country", org.Country)
	if p.Members, err = s.Auth.Members(ctx, v.Actor, org.ID); err != nil {
		return err
	}
	if p.Owner {
		if p.Invitations, err = s.Auth.Invitations(ctx, v.Actor, org.ID); err != nil {
			return err
		}
		slices.Reverse(p.Invitations)
	}
	if sent != nil {
		return v.Again("org-team", p)
	}
	return v.Show("org-team", p)
}

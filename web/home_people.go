package web

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// HomePeople is who lives in a home, and the links by which others come in.
type HomePeople struct {
	HomeFrame
	Members []MemberView
	Links   []LinkView
	Made    *SecretLink // the one that was just made: shown here and never again
	Roles   []Option    // by a link
	Least   string      // a guest's last day is this or later
	Most    string
	Forms   *Forms
}

// AllRoles are those that somebody in the home may have.
func (p *HomePeople) AllRoles() []Option {
	return append(slices.Clone(p.Roles), Option{string(homes.Owner), p.Site.Say("people.role.owner")})
}

// MemberView is somebody in a home.
type MemberView struct {
	homes.Membership
	Name, Until string // Until: the guest's last day, as a field has it
	Me          bool
}

// LinkView is a link by which somebody comes in.
type LinkView struct {
	homes.Link
	State string // open, used, revoked, over
	By    string // who came in by it
}

// dayField is a day as date fields have it, in India.
const dayField = "2006-01-02"

// untilOf reads a guest's last day, which ends at midnight in India. None is none: the
// domain says who needs one.
func untilOf(v *Visit, f *Form) (time.Time, bool) {
	text := f.Get("until")
	if text == "" || f.Get("role") != string(homes.Guest) {
		return time.Time{}, true
	}
	day, err := time.ParseInLocation(dayField, text, india)
	if err != nil {
		f.Refuse("until", v.Say("people.until-refused"))
		return time.Time{}, false
	}
	return day.AddDate(0, 0, 1), true
}

// lastDay is the day at whose end a stay ends.
func lastDay(end time.Time) string {
	if end.IsZero() {
		return ""
	}
	return end.Add(-time.Second).In(india).Format(dayField)
}

func linkState(l homes.Link, now time.Time) string {
	switch {
	case !l.UsedAt.IsZero():
		return "used"
	case !l.RevokedAt.IsZero():
		return "revoked"
	case !now.Before(l.ExpiresAt):
		return "over"
	}
	return "open"
}

func (s *Homes) people(v *Visit, sent *Form, made *SecretLink) error {
	frame, err := s.frame(v, "people", homes.See)
	if err != nil {
		return err
	}
	ctx, now := v.Context(), s.Now()
	p := &HomePeople{
		HomeFrame: frame, Made: made, Forms: newForms(frame.Base() + "/people").with(sent),
		Roles: []Option{{string(homes.Guest), v.Say("people.role.guest")}, {string(homes.Member), v.Say("people.role.member")}},
		Least: now.In(india).Format(dayField), Most: now.Add(homes.MaxStay).In(india).AddDate(0, 0, -1).Format(dayField),
	}
	members, err := s.Homes.Members(ctx, v.Actor.Account, frame.Home.ID)
	if err != nil {
		return err
	}
	for _, m := range members {
		name, err := s.nameOf(ctx, m.Account)
		if err != nil {
			return err
		}
		p.Members = append(p.Members, MemberView{m, name, lastDay(m.EndsAt), m.Account == v.Actor.Account})
	}
	if p.Decides() {
		links, err := s.Homes.Links(ctx, v.Actor.Account, frame.Home.ID)
		if err != nil {
			return err
		}
		for i := len(links) - 1; i >= 0; i-- {
			view := LinkView{Link: links[i], State: linkState(links[i], now)}
			if view.UsedBy != "" {
				if view.By, err = s.nameOf(ctx, view.UsedBy); err != nil {
					return err
				}
			}
			p.Links = append(p.Links, view)
		}
	}
	if made != nil {
		v.Header().Set("Cache-Control", "no-store")
	}
	if sent != nil && !sent.OK() {
		return v.Again("home-people", p)
	}
	p.Forms.with(nil)
	return v.Show("home-people", p)
}

// memberPlaces are where the refusals of a role and its end belong.
var memberPlaces = []Place{
	{registry.ErrBadRequest, "until"}, {registry.ErrFull, ""}, {registry.ErrInUse, ""}, {registry.ErrExists, ""}, {registry.ErrForbidden, ""},
}

func (s *Homes) addLink(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	until, ok := untilOf(v, f)
	if !ok {
		return s.people(v, f, nil)
	}
	text, expires := "", time.Time{}
	_, err = v.Once(f, func() (string, error) {
		l, secret, err := s.Homes.Invite(v.Context(), v.Actor.Account, v.Param("home"), homes.Role(f.Get("role")), until, 0)
		text, expires = secret, l.ExpiresAt
		return "", err
	})
	if err != nil {
		if !f.Took(err, memberPlaces...) {
			return err
		}
		return s.people(v, f, nil)
	}
	if text == "" { // sent twice: it was shown
		v.Note("info", v.Say("people.link-shown-once"))
		return v.Go("/homes/" + v.Param("home") + "/people")
	}
	return s.people(v, f, secretLink(s.URL, "/join", text, expires))
}

// inPeople does what a form of the page wants, and comes back to it.
func (s *Homes) inPeople(v *Visit, said string, do func(f *Form) error) error {
	return v.act(func(f *Form) error { return s.people(v, f, nil) }, func(f *Form) (string, error) {
		err := do(f)
		if err == nil && f.OK() {
			v.Note("good", said)
		}
		return "/homes/" + v.Param("home") + "/people", err
	}, memberPlaces...)
}

func (s *Homes) revokeLink(v *Visit) error {
	return s.inPeople(v, v.Say("people.link-revoked"), func(*Form) error {
		return s.Homes.RevokeLink(v.Context(), v.Actor.Account, v.Param("home"), v.Param("link"))
	})
}

func (s *Homes) setMember(v *Visit) error {
	return s.inPeople(v, v.Say("people.changed"), func(f *Form) error {
		until, ok := untilOf(v, f)
		if !ok {
			return nil
		}
		_, err := s.Homes.SetMember(v.Context(), v.Actor.Account, v.Param("home"), v.Param("account"), homes.Role(f.Get("role")), until)
		return err
	})
}

func (s *Homes) removeMember(v *Visit) error {
	account := v.Param("account")
	if account != v.Actor.Account {
		return s.inPeople(v, v.Say("people.removed"), func(*Form) error {
			return s.Homes.RemoveMember(v.Context(), v.Actor.Account, v.Param("home"), account)
		})
	}
	again := func(f *Form) error {
		v.say(f) // an owner has no form to leave with
		return s.people(v, f, nil)
	}
	return v.act(again, func(*Form) (string, error) {
		err := s.Homes.RemoveMember(v.Context(), account, v.Param("home"), account)
		if err == nil {
			v.Note("good", v.Say("people.left"))
		}
		return "/homes", err
	}, memberPlaces...)
}

// JoinPage asks whether somebody wants to come into a home.
type JoinPage struct {
	Page
	Form *Form
}

func (s *Homes) joinPage(v *Visit, f *Form) error {
	p := &JoinPage{Page: Page{Title: v.Say("join.title"), Quiet: true}, Form: f}
	if f == nil {
		p.Form = newForm("/join", pairsOf([]string{"code", v.Query("code")}))
		return v.Show("join", p)
	}
	return v.Again("join", p)
}

func (s *Homes) join(v *Visit) error {
	return v.act(func(f *Form) error { return s.joinPage(v, f) }, func(f *Form) (string, error) {
		place, err := s.Homes.Join(v.Context(), v.Actor.Account, f.Get("code"))
		if errors.Is(err, registry.ErrExists) {
			f.Refuse("", v.Say("join.already"))
			return "", nil
		}
		if err == nil {
			v.Note("good", v.Say("join.done", place.Name, v.Say(fmt.Sprintf("people.role.%s", place.Me.Role))))
		}
		return "/homes/" + place.ID, err
	}, Place{registry.ErrBadCode, "code"}, Place{registry.ErrFull, ""})
}

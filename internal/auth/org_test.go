package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/auth"
)

func TestAnOrganisationIsItsMembersOwn(t *testing.T) {
	w := newWorld(t)
	a, owner := w.person(t, asha)
	o, err := w.here.CreateOrg(ctx, owner, auth.Org{Name: " Aurora ", Country: "IN"})
	must(t, err)
	if o.Name != "Aurora" || o.LegalName != "Aurora" {
		t.Errorf("%+v", o)
	}
	owner = w.browser(t, a) // knows the new organisation at once
	b, friend := w.person(t, "ravi@example.com")
	_, err = w.here.Invite(ctx, friend, o.ID, "x@example.com", auth.OrgMember, home)
	wantError(t, err, auth.ErrNotYours)
	_, err = w.here.Invite(ctx, owner, o.ID, b.Email, "boss", home)
	wantError(t, err, auth.ErrBadName)
	_, err = w.here.Invite(ctx, owner, o.ID, "no address", auth.OrgMember, home)
	wantError(t, err, auth.ErrBadEmail)
	i, err := w.here.Invite(ctx, owner, o.ID, "RAVI@example.com", auth.OrgMember, home)
	must(t, err)
	code := w.code(t, b.Email)
	if strings.Contains(string(i.Hash), code) || !strings.HasPrefix(code, "pmi_"+i.ID+"_") {
		t.Errorf("code %q of %+v", code, i)
	}

	_, mallory := w.person(t, "mallory@example.com")
	_, err = w.here.Accept(ctx, mallory, code, home) // found the mail, has another address
	wantError(t, err, auth.ErrNotYours)
	_, err = w.here.Accept(ctx, friend, code[:len(code)-1]+string(code[len(code)-1]^1), home)
	wantError(t, err, auth.ErrBadCode)
	_, shown, err := w.here.Invited(ctx, friend, code, home)
	must(t, err)
	if shown.ID != o.ID {
		t.Errorf("invited to %+v", shown)
	}
	_, err = w.here.Accept(ctx, friend, code, home)
	must(t, err)
	_, err = w.here.Accept(ctx, friend, code, home)
	wantError(t, err, auth.ErrBadCode)

	friend = w.browser(t, b)
	if !friend.MemberOf(o.ID) || friend.OwnerOf(o.ID) || !friend.Is(auth.RoleStartup) {
		t.Errorf("%+v", friend)
	}
	wantError(t, w.here.ChangeOrg(ctx, friend, o), auth.ErrNotYours)
	wantError(t, w.here.RemoveMember(ctx, friend, o.ID, a.ID), auth.ErrNotYours)
	_, err = w.here.Members(ctx, mallory, o.ID)
	wantError(t, err, auth.ErrNotYours)
	wantError(t, w.here.RemoveMember(ctx, owner, o.ID, a.ID), auth.ErrLastOwner)
	must(t, w.here.SetMemberRole(ctx, owner, o.ID, b.ID, auth.OrgOwner))
	must(t, w.here.RemoveMember(ctx, owner, o.ID, a.ID)) // leaves
	if w.browser(t, a).MemberOf(o.ID) {
		t.Error("a member after leaving")
	}
	if got := w.actions(t, a.ID); !slices.Contains(got, a.ID+" member.left") {
		t.Errorf("audit %v", got)
	}
	if got := w.actions(t, i.ID); !slices.Equal(got, []string{a.ID + " invitation.sent", b.ID + " invitation.accepted"}) {
		t.Errorf("audit %v", got)
	}
}

func TestAnInvitationEnds(t *testing.T) {
	w := newWorld(t)
	a, owner := w.person(t, asha)
	b, friend := w.person(t, "ravi@example.com")
	o, err := w.here.CreateOrg(ctx, owner, auth.Org{Name: "Aurora", Country: "IN"})
	must(t, err)
	owner = w.browser(t, a)
	invite := func() (auth.Invitation, string) {
		i, err := w.here.Invite(ctx, owner, o.ID, b.Email, auth.OrgMember, home)
		must(t, err)
		return i, w.code(t, b.Email)
	}
	i, code := invite()
	wantError(t, w.here.RevokeInvitation(ctx, friend, o.ID, i.ID), auth.ErrNotYours)
	wantError(t, w.here.RevokeInvitation(ctx, owner, o.ID, "inv_none"), auth.ErrNotFound)
	must(t, w.here.RevokeInvitation(ctx, owner, o.ID, i.ID))
	wantError(t, w.here.RevokeInvitation(ctx, owner, o.ID, i.ID), auth.ErrConflict)
	_, err = w.here.Accept(ctx, friend, code, home)
	wantError(t, err, auth.ErrBadCode)

	_, code = invite()
	must(t, w.here.BlockOrg(ctx, auth.System, o.ID, "fraud"))
	_, err = w.here.Accept(ctx, friend, code, home)
	wantError(t, err, auth.ErrBlocked)
	if w.browser(t, a).MemberOf(o.ID) {
		t.Error("a member of what is blocked")
	}
	must(t, w.here.UnblockOrg(ctx, auth.System, o.ID, "no fraud"))

	w.now = w.now.Add(auth.InvitationLife)
	friend = w.browser(t, b)
	_, err = w.here.Accept(ctx, friend, code, home)
	wantError(t, err, auth.ErrBadCode)
	list, err := w.here.Invitations(ctx, owner, o.ID)
	must(t, err)
	if len(list) != 2 || list[0].State != auth.InvitationRevoked || list[1].State != auth.InvitationOpen {
		t.Errorf("%+v", list)
	}
}

func TestAnOrganisationIsNamedProperly(t *testing.T) {
	w := newWorld(t)
	a, owner := w.person(t, asha)
	for _, o := range []auth.Org{
		{Name: "", Country: "IN"},
		{Name: "A\nB", Country: "IN"},
		{Name: "Aurora", Country: "in"},
		{Name: "Aurora", Country: "XX"},
		{Name: "Aurora", Country: "EU"},
		{Name: "Aurora", LegalName: strings.Repeat("x", 201), Country: "IN"},
	} {
		if _, err := w.here.CreateOrg(ctx, owner, o); err == nil {
			t.Errorf("%+v was created", o)
		}
	}
	_, text, err := w.here.CreateToken(ctx, auth.NewToken{By: owner, Account: a.ID, Scopes: []auth.Scope{auth.ScopeApp}})
	must(t, err)
	app, err := w.here.Actor(ctx, auth.Credential{Token: text})
	must(t, err)
	_, err = w.here.CreateOrg(ctx, app, auth.Org{Name: "Aurora", Country: "IN"})
	wantError(t, err, auth.ErrNotYours)
}

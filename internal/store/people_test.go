package store_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
)

// person creates a confirmed account.
func (db *storeDB) person(t *testing.T) auth.Account {
	t.Helper()
	a := auth.Account{ID: id.New("acc"), Name: "Asha", CreatedAt: now, ConfirmedAt: now}
	a.Email = a.ID + "@example.com"
	must(t, db.Auth().CreatePerson(ctx, auth.Standing{Account: a}, "", auth.Identity{}, decision(a.ID)))
	return a
}

func newCode(a auth.Account, p auth.Purpose) auth.Code {
	return auth.Code{
		ID: id.New("cod"), Account: a.ID, Purpose: p, Email: a.Email, Hash: bytes.Repeat([]byte{7}, 32),
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

func newSession(account string) auth.Session {
	s := auth.Session{
		ID: id.New("ses"), Account: account, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(auth.SessionLife),
		Address: "192.0.2.1", Agent: "a browser",
	}
	s.Key = "key of " + s.ID
	return s
}

// sessionIDs are those of an account's sessions.
func (db *storeDB) sessionIDs(t *testing.T, account string) (ids []string) {
	t.Helper()
	for _, s := range get(db.Auth().Sessions(ctx, account))(t) {
		ids = append(ids, s.ID)
	}
	return ids
}

func second[T any](_ T, err error) error { return err }

var peopleCases = []conformanceCase{
	{"of a deleted person the id is left, and no organisation loses its last owner", func(t *testing.T, db *storeDB) {
		a, other := db.person(t), db.person(t)
		session, code := newSession(a.ID), newCode(a, auth.PurposeReset)
		must(t, db.Auth().CreateSession(ctx, session))
		must(t, db.Auth().CreateCode(ctx, code))
		must(t, db.Auth().GrantRole(ctx, a.ID, auth.RoleReviewer, now, decision(a.ID)))
		must(t, db.Auth().SetPassword(ctx, a.ID, "$argon2id$", "", now, decision(a.ID)))
		login := auth.Identity{Issuer: "https://login.example", Subject: a.ID, Account: a.ID, CreatedAt: now}
		must(t, db.Auth().LinkIdentity(ctx, login, decision(a.ID)))
		org := auth.Org{ID: id.New("org"), Name: "Aurora", LegalName: "Aurora", Country: "IN", CreatedAt: now}
		must(t, db.Auth().CreateOrg(ctx, org, a.ID, decision(org.ID)))
		wantError(t, db.Auth().DeletePerson(ctx, a.ID, auth.DeletedName, now, decision(a.ID)), auth.ErrLastOwner)
		same(t, get(db.Auth().Account(ctx, a.ID))(t), a)
		must(t, db.Auth().Invite(ctx, auth.Invitation{
			ID: "inv_1", Org: org.ID, Email: other.Email, Role: auth.OrgOwner, InvitedBy: a.ID, State: auth.InvitationOpen,
			Hash: code.Hash, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}, 1, decision(org.ID)))
		must(t, db.Auth().Accept(ctx, auth.Invitation{ID: "inv_1", Org: org.ID, Role: auth.OrgOwner}, other.ID, now, decision(org.ID)))

		must(t, db.Auth().DeletePerson(ctx, a.ID, auth.DeletedName, now, decision(a.ID)))
		same(t, get(db.Auth().Standing(ctx, a.ID))(t), auth.Standing{
			Account: auth.Account{ID: a.ID, Name: auth.DeletedName, CreatedAt: a.CreatedAt, BlockedAt: now},
		})
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "")
		same(t, len(db.sessionIDs(t, a.ID)), 0)
		same(t, len(get(db.Auth().Members(ctx, org.ID))(t)), 1)
		for what, err := range map[string]error{
			"code":     second(db.Auth().Code(ctx, code.ID)),
			"identity": second(db.Auth().AccountByIdentity(ctx, login.Issuer, login.Subject)),
			"address":  second(db.Auth().AccountByEmail(ctx, a.Email)),
		} {
			if !errors.Is(err, auth.ErrNotFound) {
				t.Errorf("its %s: %v", what, err)
			}
		}
		wantError(t, db.Auth().DeletePerson(ctx, a.ID, auth.DeletedName, now, decision(a.ID)), auth.ErrConflict)
	}},

	{"a person comes back with password and roles, and an address is one account's", func(t *testing.T, db *storeDB) {
		a := auth.Account{ID: id.New("acc"), Name: "Asha", Email: "asha@example.com", CreatedAt: now, ConfirmedAt: now.Add(time.Second)}
		st := auth.Standing{Account: a, Roles: []auth.Role{auth.RoleOperator, auth.RoleReviewer}}
		login := auth.Identity{Issuer: "https://login.example", Subject: "17", Account: a.ID, CreatedAt: now}
		must(t, db.Auth().CreatePerson(ctx, st, "$argon2id$", login, decision(a.ID)))
		same(t, get(db.Auth().AccountByEmail(ctx, a.Email))(t), a)
		same(t, get(db.Auth().AccountByIdentity(ctx, login.Issuer, login.Subject))(t), a)
		same(t, get(db.Auth().Standing(ctx, a.ID))(t), st)
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "$argon2id$")

		other := auth.Standing{Account: auth.Account{ID: id.New("acc"), Email: a.Email, CreatedAt: now}}
		e := decision(other.Account.ID)
		wantError(t, db.Auth().CreatePerson(ctx, other, "", auth.Identity{}, e), auth.ErrExists)
		same(t, len(db.entriesOf(t, e.Subject)), 0) // nothing was decided
		_, err := db.Auth().Standing(ctx, other.Account.ID)
		wantError(t, err, auth.ErrNotFound)
	}},
	{"accounts without an address are many", func(t *testing.T, db *storeDB) {
		db.account(t)
		db.account(t)
		_, err := db.Auth().AccountByEmail(ctx, "")
		wantError(t, err, auth.ErrNotFound)
	}},
	{"until it is confirmed, the newest sign-up of an address counts", func(t *testing.T, db *storeDB) {
		a := auth.Account{ID: id.New("acc"), Name: "First", Email: "twice@example.com", CreatedAt: now}
		first, second := newCode(a, auth.PurposeConfirm), newCode(a, auth.PurposeConfirm)
		must(t, db.Auth().SignUp(ctx, a, "one", first))
		a.Name, a.CreatedAt = "Second", now.Add(time.Minute)
		must(t, db.Auth().SignUp(ctx, a, "two", second))
		same(t, get(db.Auth().Account(ctx, a.ID))(t), a)
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "two")
		_, err := db.Auth().Code(ctx, first.ID)
		wantError(t, err, auth.ErrNotFound)
		same(t, get(db.Auth().Code(ctx, second.ID))(t), second)

		at := now.Add(2 * time.Minute)
		must(t, db.Auth().Confirm(ctx, second, at, decision(a.ID)))
		a.ConfirmedAt, second.UsedAt = at, at
		same(t, get(db.Auth().Account(ctx, a.ID))(t), a)
		same(t, get(db.Auth().Code(ctx, second.ID))(t), second)
		wantError(t, db.Auth().Confirm(ctx, second, at, decision(a.ID)), auth.ErrConflict)
		wantError(t, db.Auth().SignUp(ctx, a, "three", newCode(a, auth.PurposeConfirm)), auth.ErrConflict)
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "two")
	}},
	{"a code that is over does nothing", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		c := newCode(a, auth.PurposeReset)
		must(t, db.Auth().CreateCode(ctx, c))
		e := decision(a.ID + " over")
		wantError(t, db.Auth().Reset(ctx, c, "new", c.ExpiresAt, e), auth.ErrConflict)
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "")
		same(t, len(db.entriesOf(t, e.Subject)), 0)
	}},
	{"a code is used once, by whoever is first", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		c := newCode(a, auth.PurposeReset)
		must(t, db.Auth().CreateCode(ctx, c))
		won := 0
		for _, err := range together(4, func(int) error { return db.Auth().Reset(ctx, c, "new", now, decision(a.ID)) }) {
			if err == nil {
				won++
			} else {
				wantError(t, err, auth.ErrConflict)
			}
		}
		same(t, won, 1)
	}},
	{"a reset confirms, and ends all sessions", func(t *testing.T, db *storeDB) {
		a := auth.Account{ID: id.New("acc"), Email: "reset@example.com", CreatedAt: now}
		must(t, db.Auth().SignUp(ctx, a, "stranger's", newCode(a, auth.PurposeConfirm)))
		must(t, db.Auth().CreateSession(ctx, newSession(a.ID)))
		c := newCode(a, auth.PurposeReset)
		must(t, db.Auth().CreateCode(ctx, c))
		must(t, db.Auth().Reset(ctx, c, "owner's", now, decision(a.ID)))
		same(t, get(db.Auth().Account(ctx, a.ID))(t).Confirmed(), true)
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "owner's")
		same(t, len(db.sessionIDs(t, a.ID)), 0)
	}},
	{"a new password ends all other sessions", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		mine, other := newSession(a.ID), newSession(a.ID)
		must(t, db.Auth().CreateSession(ctx, mine))
		must(t, db.Auth().CreateSession(ctx, other))
		must(t, db.Auth().SetPassword(ctx, a.ID, "new", mine.ID, now, decision(a.ID)))
		same(t, db.sessionIDs(t, a.ID), []string{mine.ID})

		must(t, db.Auth().Rehash(ctx, a.ID, "new", "again"))
		must(t, db.Auth().Rehash(ctx, a.ID, "new", "too late"))
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "again")
	}},
	{"a login service's word confirms, and voids a password that was nobody's", func(t *testing.T, db *storeDB) {
		a := auth.Account{ID: id.New("acc"), Email: "linked@example.com", CreatedAt: now}
		must(t, db.Auth().SignUp(ctx, a, "stranger's", newCode(a, auth.PurposeConfirm)))
		login := auth.Identity{Issuer: "https://login.example", Subject: "18", Account: a.ID, CreatedAt: now}
		must(t, db.Auth().LinkIdentity(ctx, login, decision(a.ID)))
		same(t, get(db.Auth().AccountByIdentity(ctx, login.Issuer, "18"))(t).Confirmed(), true)
		same(t, get(db.Auth().Password(ctx, a.ID))(t), "")

		b := db.person(t)
		must(t, db.Auth().SetPassword(ctx, b.ID, "own", "", now, decision(b.ID)))
		must(t, db.Auth().LinkIdentity(ctx, auth.Identity{Issuer: login.Issuer, Subject: "19", Account: b.ID, CreatedAt: now}, decision(b.ID)))
		same(t, get(db.Auth().Password(ctx, b.ID))(t), "own")
		login.Account = b.ID
		wantError(t, db.Auth().LinkIdentity(ctx, login, decision(b.ID)), auth.ErrExists)
	}},
	{"roles are granted and revoked once, and listed", func(t *testing.T, db *storeDB) {
		before, a, after := db.person(t), db.person(t), db.person(t)
		must(t, db.Auth().GrantRole(ctx, a.ID, auth.RoleReviewer, now, decision(a.ID)))
		wantError(t, db.Auth().GrantRole(ctx, a.ID, auth.RoleReviewer, now, decision(a.ID)), auth.ErrConflict)
		must(t, db.Auth().GrantRole(ctx, after.ID, auth.RoleOperator, now, decision(after.ID)))
		listed := get(db.Auth().Accounts(ctx, before.ID, 2))(t)
		same(t, listed, []auth.Standing{{Account: a, Roles: []auth.Role{auth.RoleReviewer}}, {Account: after, Roles: []auth.Role{auth.RoleOperator}}})
		must(t, db.Auth().RevokeRole(ctx, a.ID, auth.RoleReviewer, decision(a.ID)))
		wantError(t, db.Auth().RevokeRole(ctx, a.ID, auth.RoleReviewer, decision(a.ID)), auth.ErrConflict)
		wantError(t, db.Auth().RevokeRole(ctx, "acc_none", auth.RoleReviewer, decision(a.ID)), auth.ErrNotFound)
		wantError(t, db.Auth().GrantRole(ctx, "acc_none", auth.RoleReviewer, now, decision(a.ID)), auth.ErrNotFound)
		same(t, len(get(db.Auth().Standing(ctx, a.ID))(t).Roles), 0)
	}},
	{"a block ends the sessions, and is set once", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		must(t, db.Auth().CreateSession(ctx, newSession(a.ID)))
		must(t, db.Auth().BlockAccount(ctx, a.ID, now, decision(a.ID)))
		same(t, get(db.Auth().Account(ctx, a.ID))(t).BlockedAt, now)
		same(t, len(db.sessionIDs(t, a.ID)), 0)
		wantError(t, db.Auth().BlockAccount(ctx, a.ID, now, decision(a.ID)), auth.ErrConflict)
		must(t, db.Auth().BlockAccount(ctx, a.ID, time.Time{}, decision(a.ID)))
		wantError(t, db.Auth().BlockAccount(ctx, a.ID, time.Time{}, decision(a.ID)), auth.ErrConflict)
		wantError(t, db.Auth().BlockAccount(ctx, "acc_none", now, decision(a.ID)), auth.ErrNotFound)
	}},
	{"sessions come back as they were given, and end one by one", func(t *testing.T, db *storeDB) {
		a, b := db.person(t), db.person(t)
		s, other := newSession(a.ID), newSession(b.ID)
		s.Data = []byte{0, 1, 255}
		must(t, db.Auth().CreateSession(ctx, s))
		must(t, db.Auth().CreateSession(ctx, other))
		must(t, db.Auth().SeeSessions(ctx, []auth.Use{{Key: s.Key, At: now.Add(time.Hour)}, {Key: "none", At: now}}))
		must(t, db.Auth().SeeSessions(ctx, []auth.Use{{Key: s.Key, At: now}}))
		s.SeenAt = now.Add(time.Hour)
		same(t, get(db.Auth().Session(ctx, s.Key))(t), s)
		must(t, db.Auth().SaveSession(ctx, s.Key, []byte("flash"), now, now))
		s.Data = []byte("flash")
		same(t, get(db.Auth().Session(ctx, s.Key))(t), s)
		wantError(t, db.Auth().EndSession(ctx, a.ID, other.ID, now), auth.ErrNotFound)
		must(t, db.Auth().EndSession(ctx, a.ID, s.ID, now))
		_, err := db.Auth().Session(ctx, s.Key)
		wantError(t, err, auth.ErrNotFound)
		must(t, db.Auth().DeleteSession(ctx, s.Key, now))
		same(t, db.sessionIDs(t, b.ID), []string{other.ID})
	}},
	{"what a page saves after the end of a session makes nobody's", func(t *testing.T, db *storeDB) {
		s := newSession(db.person(t).ID)
		must(t, db.Auth().CreateSession(ctx, s))
		must(t, db.Auth().EndSessions(ctx, s.Account, "", now))
		must(t, db.Auth().SaveSession(ctx, s.Key, []byte("late"), now, s.ExpiresAt))
		got := get(db.Auth().Session(ctx, s.Key))(t)
		same(t, got.Account, "")
		same(t, got.Data, []byte("late"))
		same(t, len(get(db.Auth().Sessions(ctx, ""))(t)), 0)
	}},
	{"a sweep takes what is over and nothing else", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		idle, over, live := newSession(a.ID), newSession(a.ID), newSession(a.ID)
		later := now.Add(auth.SessionIdle + time.Hour)
		over.SeenAt, over.ExpiresAt = later, later.Add(-time.Minute)
		live.SeenAt = later
		for _, s := range []auth.Session{idle, over, live} {
			must(t, db.Auth().CreateSession(ctx, s))
		}
		late := auth.Account{ID: id.New("acc"), Email: "late@example.com", CreatedAt: now}
		lateCode := newCode(late, auth.PurposeConfirm)
		must(t, db.Auth().SignUp(ctx, late, "x", lateCode))
		soon := auth.Account{ID: id.New("acc"), Email: "soon@example.com", CreatedAt: later.Add(-time.Hour)}
		soonCode := newCode(soon, auth.PurposeConfirm)
		soonCode.ExpiresAt = later.Add(time.Hour)
		must(t, db.Auth().SignUp(ctx, soon, "x", soonCode))

		must(t, db.Auth().Sweep(ctx, later))
		same(t, db.sessionIDs(t, a.ID), []string{live.ID})
		_, err := db.Auth().Account(ctx, late.ID)
		wantError(t, err, auth.ErrNotFound)
		same(t, get(db.Auth().Code(ctx, soonCode.ID))(t), soonCode)
		same(t, get(db.Auth().Account(ctx, soon.ID))(t), soon)
	}},
	{"live tokens are counted", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		ended, revoked, live, forever := newToken(a.ID), newToken(a.ID), newToken(a.ID), newToken(a.ID)
		ended.ExpiresAt, forever.ExpiresAt = now, time.Time{}
		for _, k := range []auth.Token{ended, revoked, live, forever} {
			must(t, db.Auth().CreateToken(ctx, k, decision(k.ID)))
		}
		must(t, db.Auth().RevokeToken(ctx, revoked.ID, now, decision(revoked.ID)))
		same(t, get(db.Auth().LiveTokens(ctx, a.ID, now))(t), 2)
		must(t, db.Auth().RevokeToken(ctx, revoked.ID, now, decision(revoked.ID+" again")))
		same(t, len(db.entriesOf(t, revoked.ID+" again")), 0) // it was no decision
	}},
}

func newInvitation(org, email string) auth.Invitation {
	return auth.Invitation{
		ID: id.New("inv"), Org: org, Email: email, Role: auth.OrgMember, InvitedBy: "acc_x", State: auth.InvitationOpen,
		Hash: bytes.Repeat([]byte{9}, 32), CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
}

// org creates an organisation.
func (db *storeDB) org(t *testing.T, owner auth.Account) auth.Org {
	t.Helper()
	o := auth.Org{ID: id.New("org"), Name: "Aurora", LegalName: "Aurora Pvt Ltd", Country: "IN", CreatedAt: now}
	must(t, db.Auth().CreateOrg(ctx, o, owner.ID, decision(o.ID)))
	return o
}

// join makes somebody a member by an invitation.
func (db *storeDB) join(t *testing.T, o auth.Org, a auth.Account, r auth.OrgRole) {
	t.Helper()
	i := newInvitation(o.ID, a.Email)
	i.Role = r
	must(t, db.Auth().Invite(ctx, i, 10, decision(i.ID)))
	must(t, db.Auth().Accept(ctx, i, a.ID, now, decision(i.ID)))
}

// memberships are the roles in an organisation, in the order of joining.
func (db *storeDB) memberships(t *testing.T, org string) (roles []auth.OrgRole) {
	t.Helper()
	for _, m := range get(db.Auth().Members(ctx, org))(t) {
		roles = append(roles, m.Role)
	}
	return roles
}

var orgCases = []conformanceCase{
	{"an organisation comes back with its owner", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		o := db.org(t, a)
		same(t, get(db.Auth().Org(ctx, o.ID))(t), o)
		same(t, get(db.Auth().OrgsOf(ctx, a.ID, "", 10))(t), []auth.Org{o})
		same(t, get(db.Auth().OrgsOf(ctx, a.ID, o.ID, 10))(t), []auth.Org{})
		same(t, get(db.Auth().Members(ctx, o.ID))(t), []auth.Member{{Org: o.ID, Account: a.ID, Name: a.Name, Email: a.Email, Role: auth.OrgOwner, Since: now}})
		same(t, get(db.Auth().Standing(ctx, a.ID))(t).Orgs, []auth.Membership{{Org: o.ID, Role: auth.OrgOwner}})
		o.Name, o.LegalName, o.Country = "Borealis", "Borealis GmbH", "DE"
		must(t, db.Auth().ChangeOrg(ctx, o, decision(o.ID)))
		same(t, slices.Contains(get(db.Auth().Orgs(ctx, "", 0))(t), o), true)
		wantError(t, db.Auth().ChangeOrg(ctx, auth.Org{ID: "org_none"}, decision("org_none")), auth.ErrNotFound)
		wantError(t, db.Auth().CreateOrg(ctx, auth.Org{ID: id.New("org")}, "acc_none", decision("org_x")), auth.ErrNotFound)
	}},
	{"a blocked organisation is nobody's", func(t *testing.T, db *storeDB) {
		a := db.person(t)
		o := db.org(t, a)
		must(t, db.Auth().BlockOrg(ctx, o.ID, now, decision(o.ID)))
		same(t, len(get(db.Auth().Standing(ctx, a.ID))(t).Orgs), 0)
		wantError(t, db.Auth().BlockOrg(ctx, o.ID, now, decision(o.ID)), auth.ErrConflict)
		must(t, db.Auth().BlockOrg(ctx, o.ID, time.Time{}, decision(o.ID)))
		same(t, len(get(db.Auth().Standing(ctx, a.ID))(t).Orgs), 1)
		wantError(t, db.Auth().BlockOrg(ctx, "org_none", now, decision(o.ID)), auth.ErrNotFound)
	}},
	{"an invitation is accepted once, and a newer one replaces it", func(t *testing.T, db *storeDB) {
		owner, a := db.person(t), db.person(t)
		o := db.org(t, owner)
		first, second := newInvitation(o.ID, a.Email), newInvitation(o.ID, a.Email)
		must(t, db.Auth().Invite(ctx, first, 1, decision(first.ID)))
		same(t, get(db.Auth().Invitation(ctx, first.ID))(t), first)
		must(t, db.Auth().Invite(ctx, second, 1, decision(second.ID)))
		wantError(t, db.Auth().Accept(ctx, first, a.ID, now, decision(first.ID)), auth.ErrConflict)
		other := newInvitation(o.ID, "other@example.com")
		wantError(t, db.Auth().Invite(ctx, other, 1, decision(other.ID)), auth.ErrTooMany)

		wantError(t, db.Auth().Accept(ctx, second, a.ID, second.ExpiresAt, decision(second.ID)), auth.ErrConflict)
		won := 0
		for _, err := range together(4, func(int) error { return db.Auth().Accept(ctx, second, a.ID, now, decision(second.ID)) }) {
			if err == nil {
				won++
			} else {
				wantError(t, err, auth.ErrConflict)
			}
		}
		same(t, won, 1)
		same(t, db.memberships(t, o.ID), []auth.OrgRole{auth.OrgOwner, auth.OrgMember})
		again := newInvitation(o.ID, a.Email)
		wantError(t, db.Auth().Invite(ctx, again, 1, decision(again.ID)), auth.ErrExists)
		wantError(t, db.Auth().RevokeInvitation(ctx, second.ID, now, decision(second.ID)), auth.ErrConflict)
		must(t, db.Auth().Invite(ctx, other, 1, decision(other.ID)))
		must(t, db.Auth().RevokeInvitation(ctx, other.ID, now.Add(time.Second), decision(other.ID)))
		list := get(db.Auth().Invitations(ctx, o.ID))(t)
		same(t, []auth.InvitationState{list[0].State, list[1].State, list[2].State},
			[]auth.InvitationState{auth.InvitationRevoked, auth.InvitationAccepted, auth.InvitationRevoked})
		same(t, list[2].EndedAt, now.Add(time.Second))
		wantError(t, db.Auth().Invite(ctx, newInvitation("org_none", "x@example.com"), 1, decision("inv_x")), auth.ErrNotFound)
	}},
	{"the last owner neither leaves nor becomes a member", func(t *testing.T, db *storeDB) {
		owner, member := db.person(t), db.person(t)
		o := db.org(t, owner)
		db.join(t, o, member, auth.OrgMember)
		e := decision(o.ID + " left")
		wantError(t, db.Auth().RemoveMember(ctx, o.ID, owner.ID, e), auth.ErrLastOwner)
		wantError(t, db.Auth().SetMemberRole(ctx, o.ID, owner.ID, auth.OrgMember, e), auth.ErrLastOwner)
		same(t, len(db.entriesOf(t, e.Subject)), 0)
		same(t, db.memberships(t, o.ID), []auth.OrgRole{auth.OrgOwner, auth.OrgMember})
		must(t, db.Auth().SetMemberRole(ctx, o.ID, member.ID, auth.OrgOwner, decision(o.ID)))
		wantError(t, db.Auth().SetMemberRole(ctx, o.ID, member.ID, auth.OrgOwner, decision(o.ID)), auth.ErrConflict)
		must(t, db.Auth().RemoveMember(ctx, o.ID, owner.ID, decision(o.ID)))
		wantError(t, db.Auth().RemoveMember(ctx, o.ID, owner.ID, decision(o.ID)), auth.ErrNotFound)
		wantError(t, db.Auth().SetMemberRole(ctx, o.ID, owner.ID, auth.OrgOwner, decision(o.ID)), auth.ErrNotFound)
		wantError(t, db.Auth().RemoveMember(ctx, "org_none", owner.ID, decision(o.ID)), auth.ErrNotFound)
	}},
	{"owners who all leave at once leave one behind", func(t *testing.T, db *storeDB) {
		owners := []auth.Account{db.person(t), db.person(t), db.person(t), db.person(t)}
		o := db.org(t, owners[0])
		for _, a := range owners[1:] {
			db.join(t, o, a, auth.OrgOwner)
		}
		stayed := 0
		for _, err := range together(len(owners), func(i int) error { return db.Auth().RemoveMember(ctx, o.ID, owners[i].ID, decision(o.ID)) }) {
			if err != nil {
				wantError(t, err, auth.ErrLastOwner)
				stayed++
			}
		}
		same(t, stayed, 1)
		same(t, db.memberships(t, o.ID), []auth.OrgRole{auth.OrgOwner})
	}},
}

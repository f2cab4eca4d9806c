package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/homes"
)

// village is a service of homes on a real store, with a clock of its own.
type village struct {
	*homes.Service
	*storeDB
	t   *testing.T
	now time.Time
}

func newVillage(t *testing.T, db *storeDB) *village {
	v := &village{storeDB: db, t: t, now: now}
	v.Service = homes.New(homes.Options{Store: db.Homes(), Now: func() time.Time { return v.now }})
	return v
}

func (v *village) account() string {
	v.t.Helper()
	a := auth.Account{ID: id.New("acc"), CreatedAt: now}
	e := get(audit.New(now, audit.System, "account.created", a.ID, "", nil))(v.t)
	must(v.t, v.Auth().CreateAccount(ctx, a, e))
	return a.ID
}

// joined lets somebody new in.
func (v *village) joined(owner, home string, role homes.Role, endsAt time.Time) string {
	v.t.Helper()
	_, text, err := v.Invite(ctx, owner, home, role, endsAt, 0)
	must(v.t, err)
	who := v.account()
	get(v.Join(ctx, who, text))(v.t)
	return who
}

// stands puts a device of an account into a home.
func (v *village) stands(home, account string) string {
	v.t.Helper()
	did := v.device(v.t)
	must(v.t, v.Write(ctx, "UPDATE device SET home = $1, account = $2 WHERE did = $3", home, account, did))
	return did
}

func (v *village) roles(by, home string) string {
	v.t.Helper()
	text := ""
	for _, m := range get(v.Members(ctx, by, home))(v.t) {
		text += string(m.Role) + " "
	}
	return text
}

var homeCases = []conformanceCase{
	{"a home has one owner, and who is no member is told that there is none", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann, bob := v.account(), v.account()
		p := get(v.Create(ctx, ann, "  By the sea "))(t)
		same(t, p.Name, "By the sea")
		same(t, get(v.Places(ctx, ann))(t), []homes.Place{p})
		same(t, get(v.Places(ctx, bob))(t), []homes.Place{})
		for _, err := range []error{
			second(v.Place(ctx, bob, p.ID)), second(v.Rooms(ctx, bob, p.ID)), v.Remove(ctx, bob, p.ID),
			second(v.Place(ctx, ann, "hom_none")), second(v.Place(ctx, "", p.ID)),
		} {
			wantError(t, err, registry.ErrNotFound)
		}
		name, on := "Inland", true
		get(v.Update(ctx, ann, p.ID, &name, &on))(t)
		p.Name, p.Discovery = name, true
		same(t, get(v.Place(ctx, ann, p.ID))(t), p)
		must(t, v.Remove(ctx, ann, p.ID))
		wantError(t, second(v.Place(ctx, ann, p.ID)), registry.ErrNotFound)
	}},
	{"a link lets one person in, once", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		l, text, err := v.Invite(ctx, ann, p.ID, homes.Member, time.Time{}, 0)
		must(t, err)
		people := []string{v.account(), v.account(), v.account(), v.account()}
		in := 0
		for _, err := range together(len(people), func(i int) error { return second(v.Join(ctx, people[i], text)) }) {
			if err == nil {
				in++
			} else {
				wantError(t, err, registry.ErrBadCode)
			}
		}
		same(t, in, 1)
		same(t, v.roles(ann, p.ID), "owner member ")
		wantError(t, second(v.Join(ctx, people[0], text[:len(text)-1]+string(text[len(text)-1]^1))), registry.ErrBadCode)
		wantError(t, second(v.Join(ctx, people[0], "pmt_"+id.New("hml")+text[len("pmt_")+len(l.ID):])), registry.ErrBadCode)
		wantError(t, second(v.Join(ctx, people[0], "nothing")), registry.ErrBadCode)
		wantError(t, v.RevokeLink(ctx, ann, p.ID, l.ID), registry.ErrConflict) // it was used
	}},
	{"a link ends by its date and by being taken back", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann, bob := v.account(), v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		l, text, err := v.Invite(ctx, ann, p.ID, homes.Member, time.Time{}, 0)
		must(t, err)
		must(t, v.RevokeLink(ctx, ann, p.ID, l.ID))
		wantError(t, second(v.Join(ctx, bob, text)), registry.ErrBadCode)
		_, text, err = v.Invite(ctx, ann, p.ID, homes.Member, time.Time{}, time.Hour)
		must(t, err)
		v.now = v.now.Add(time.Hour)
		wantError(t, second(v.Join(ctx, bob, text)), registry.ErrBadCode)
		same(t, v.roles(ann, p.ID), "owner ")
		// A guest's link does not outlive the stay.
		_, text, err = v.Invite(ctx, ann, p.ID, homes.Guest, v.now.Add(time.Minute), time.Hour)
		must(t, err)
		v.now = v.now.Add(time.Minute)
		wantError(t, second(v.Join(ctx, bob, text)), registry.ErrBadCode)
	}},
	{"a guest sees until the end date and not a moment longer; the job makes it final", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		end := v.now.Add(48 * time.Hour)
		guest := v.joined(ann, p.ID, homes.Guest, end)
		must(t, second(v.Membership(ctx, guest, p.ID, homes.See)))
		wantError(t, second(v.Membership(ctx, guest, p.ID, homes.Arrange)), registry.ErrForbidden)
		same(t, len(get(v.Members(ctx, guest, p.ID))(t)), 1)
		var due int64
		must(t, db.Pool().QueryRowContext(ctx, "SELECT due_at FROM job WHERE kind = $1 AND key LIKE $2", homes.GuestEndJob, p.ID+" "+guest+"%").Scan(&due))
		same(t, due, end.UnixMicro())

		v.now = end.Add(-time.Microsecond)
		same(t, get(v.MayEnter(ctx, guest, p.ID))(t), true)
		must(t, v.EndStay(ctx, homes.Stay{Home: p.ID, Account: guest}))
		same(t, get(v.MayEnter(ctx, guest, p.ID))(t), true) // too early: nothing happens
		v.now = end
		same(t, get(v.MayEnter(ctx, guest, p.ID))(t), false) // before any job
		same(t, get(v.Places(ctx, guest))(t), []homes.Place{})
		same(t, v.roles(ann, p.ID), "owner ")
		db.takeEvents(t)
		must(t, v.EndStay(ctx, homes.Stay{Home: p.ID, Account: guest}))
		same(t, db.takeEvents(t), []string{"notice.home.guest-ended", registry.HomeSubject(p.ID)})
		must(t, v.EndStay(ctx, homes.Stay{Home: p.ID, Account: guest})) // twice: nothing, and nobody is told
		same(t, db.takeEvents(t), []string{})
	}},
	{"a stay that is prolonged is not ended by the job of the earlier date", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		end := v.now.Add(time.Hour)
		guest := v.joined(ann, p.ID, homes.Guest, end)
		get(v.SetMember(ctx, ann, p.ID, guest, homes.Guest, end.Add(time.Hour)))(t)
		v.now = end
		must(t, v.EndStay(ctx, homes.Stay{Home: p.ID, Account: guest}))
		same(t, get(v.MayEnter(ctx, guest, p.ID))(t), true)
		v.now = end.Add(time.Hour)
		must(t, v.EndStay(ctx, homes.Stay{Home: p.ID, Account: guest}))
		same(t, get(v.MayEnter(ctx, guest, p.ID))(t), false)
	}},
	{"who leaves takes along what is his, with what stands behind it", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		bob := v.joined(ann, p.ID, homes.Member, time.Time{})
		hers, his := v.stands(p.ID, ann), v.stands(p.ID, bob)
		sub := v.stands(p.ID, "")
		must(t, v.Write(ctx, "UPDATE device SET parent = $1 WHERE did = $2", his, sub))
		wantError(t, v.RemoveMember(ctx, bob, p.ID, ann), registry.ErrForbidden)
		wantError(t, v.RemoveMember(ctx, ann, p.ID, ann), registry.ErrInUse)
		wantError(t, v.Remove(ctx, ann, p.ID), registry.ErrInUse)
		must(t, v.RemoveMember(ctx, bob, p.ID, bob))
		for did, home := range map[string]string{hers: p.ID, his: "", sub: ""} {
			same(t, get(db.Registry().Device(ctx, did))(t).Home, home)
		}
		wantError(t, v.RemoveMember(ctx, ann, p.ID, bob), registry.ErrNotFound)
	}},
	{"a home is given to another member, and never has two owners", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		bob := v.joined(ann, p.ID, homes.Guest, v.now.Add(time.Hour))
		wantError(t, second(v.SetMember(ctx, ann, p.ID, ann, homes.Member, time.Time{})), registry.ErrBadRequest)
		wantError(t, second(v.SetMember(ctx, bob, p.ID, ann, homes.Member, time.Time{})), registry.ErrForbidden)
		get(v.SetMember(ctx, ann, p.ID, bob, homes.Owner, time.Time{}))(t)
		same(t, v.roles(bob, p.ID), "member owner ")
		wantError(t, second(v.SetMember(ctx, ann, p.ID, bob, homes.Member, time.Time{})), registry.ErrForbidden)
		v.now = v.now.Add(2 * time.Hour)
		must(t, v.EndStay(ctx, homes.Stay{Home: p.ID, Account: bob})) // no guest any more
		same(t, v.roles(bob, p.ID), "member owner ")
	}},
	{"rooms have names of their own, and leave their devices in the home", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		hall, attic := get(v.AddRoom(ctx, ann, p.ID, "Hall"))(t), get(v.AddRoom(ctx, ann, p.ID, "Attic"))(t)
		wantError(t, second(v.AddRoom(ctx, ann, p.ID, "Hall")), registry.ErrExists)
		wantError(t, v.RenameRoom(ctx, ann, p.ID, attic.ID, "Hall"), registry.ErrExists)
		wantError(t, v.RenameRoom(ctx, ann, p.ID, id.New("rom"), "Cellar"), registry.ErrNotFound)
		did := v.stands(p.ID, ann)
		must(t, v.Write(ctx, "UPDATE device SET room = $1 WHERE did = $2", hall.ID, did))
		must(t, v.RemoveRoom(ctx, ann, p.ID, hall.ID))
		d := get(db.Registry().Device(ctx, did))(t)
		same(t, []string{d.Home, d.Room}, []string{p.ID, ""})
		same(t, get(v.Rooms(ctx, ann, p.ID))(t), []homes.Room{attic})
	}},
	{"there are bounds", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		ann := v.account()
		var p homes.Place
		for i := range homes.MostHomes {
			p = get(v.Create(ctx, ann, fmt.Sprint(i)))(t)
		}
		wantError(t, second(v.Create(ctx, ann, "one more")), registry.ErrFull)
		for range homes.MostLinks {
			_, _, err := v.Invite(ctx, ann, p.ID, homes.Member, time.Time{}, 0)
			must(t, err)
		}
		_, _, err := v.Invite(ctx, ann, p.ID, homes.Member, time.Time{}, 0)
		wantError(t, err, registry.ErrFull)
		for _, name := range []string{"", "  ", string(make([]byte, 3)), "a\u202eb", "a\nb", "\xff", "0123456789012345678901234567890123456789012345678901234567890"} {
			wantError(t, second(v.Create(ctx, v.account(), name)), registry.ErrBadRequest)
		}
		for _, s := range []struct {
			role homes.Role
			end  time.Time
		}{{homes.Guest, time.Time{}}, {homes.Guest, v.now}, {homes.Guest, v.now.Add(400 * 24 * time.Hour)}, {homes.Member, v.now.Add(time.Hour)}, {homes.Owner, time.Time{}}, {"king", time.Time{}}} {
			_, _, err := v.Invite(ctx, ann, p.ID, s.role, s.end, 0)
			wantError(t, err, registry.ErrBadRequest)
		}
	}},
	{"what another process changed holds here after a while, or at its word", func(t *testing.T, db *storeDB) {
		v := newVillage(t, db)
		other := newVillage(t, db)
		ann := v.account()
		p := get(v.Create(ctx, ann, "A"))(t)
		bob := v.joined(ann, p.ID, homes.Member, time.Time{})
		same(t, get(other.MayEnter(ctx, bob, p.ID))(t), true)
		must(t, v.RemoveMember(ctx, ann, p.ID, bob))
		same(t, get(v.MayEnter(ctx, bob, p.ID))(t), false)
		other.now = other.now.Add(homes.Staleness)
		same(t, get(other.MayEnter(ctx, bob, p.ID))(t), false)
	}},
}

package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/limit"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// desk takes claims on a real store; its devices answer or are offline as a test
// says, for what is tested here is what is kept.
type desk struct {
	*village
	*claims.Service
	online map[string]bool
	asked  []string
	orders map[string]claims.Ordered
}

func newDesk(t *testing.T, db *storeDB) *desk {
	s := &desk{village: newVillage(t, db), online: map[string]bool{}, orders: map[string]claims.Ordered{}}
	s.Service = claims.New(claims.Options{
		Store: db.Claims(), Devices: s, Homes: s.village.Service, Orders: s, Now: func() time.Time { return s.now },
	})
	return s
}

func (s *desk) Device(ctx context.Context, did string) (registry.Device, error) {
	return s.Registry().Device(ctx, did)
}

func (s *desk) Product(ctx context.Context, id string) (registry.Product, error) {
	return s.Registry().Product(ctx, id)
}

func (s *desk) Presence(_ context.Context, did string) (registry.Presence, error) {
	return registry.Presence{DID: did, Online: s.online[did]}, nil
}

func (s *desk) Ask(_ context.Context, did, method string, _ json.RawMessage) (miot.Response, error) {
	if !s.online[did] {
		return miot.Response{}, registry.ErrOffline
	}
	s.asked = append(s.asked, method)
	return miot.Response{}, nil
}

func (s *desk) Spec(ctx context.Context, id string) (registry.SpecVersion, error) {
	return s.Registry().Spec(ctx, id)
}

func (s *desk) RotateKey(_ context.Context, did string) (string, error) {
	s.asked = append(s.asked, "rotate")
	return "new secret of " + did, nil
}

func (s *desk) Changed(registry.Device) {}

func (s *desk) Ordered(_ context.Context, _, did string) (claims.Ordered, bool, error) {
	o, ok := s.orders[did]
	return o, ok, nil
}

// labelled is a device that is online, with its label's code.
func (s *desk) labelled() (did, code string) {
	s.t.Helper()
	did = s.device(s.t)
	s.online[did] = true
	c := newCredential(did)
	c.Kind = registry.KindFactory
	must(s.t, s.Registry().AddCredential(ctx, c, false))
	return did, get(s.Renew(ctx, "acc_operator", did))(s.t)
}

// live is an account with a home.
func (s *desk) lives() (account, home string) {
	s.t.Helper()
	account = s.account()
	return account, get(s.Create(ctx, account, "Home"))(s.t).ID
}

func (s *desk) wants(by, home, did, code string) claims.Wanted {
	return claims.Wanted{By: by, Address: "192.0.2.1", DID: did, Code: code, Home: home}
}

var claimCases = []conformanceCase{
	{"a label shows its device before it is claimed, and wrong codes count as in a claim", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		did, code := s.labelled()
		s.online[did] = false
		same(t, get(s.Look(ctx, s.wants(ann, home, did, code)))(t).DID, did)
		same(t, get(db.Registry().Device(ctx, did))(t).Account, "")
		for range 10 {
			wantError(t, second(s.Look(ctx, s.wants(ann, home, did, "0000-0000-0000-0000"))), registry.ErrBadCode)
		}
		var often *limit.Error
		if err := second(s.Look(ctx, s.wants(ann, home, did, code))); !errors.As(err, &often) {
			t.Errorf("after ten wrong codes: %v", err)
		}
	}},
	{"an owner exports a key of a device that is there, and that is recorded", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		bob, _ := s.lives()
		did, code := s.labelled()
		get(s.Claim(ctx, s.wants(ann, home, did, code)))(t)
		k := get(s.Export(ctx, ann, did))(t)
		spec := get(db.Registry().Spec(ctx, get(db.Registry().Device(ctx, did))(t).SpecID))(t)
		same(t, []string{k.DID, k.Secret, k.URN, string(k.Spec)}, []string{did, "new secret of " + did, spec.URN, string(spec.Document)})
		var n int
		must(t, db.Pool().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_entry WHERE subject = $1 AND action = 'device.exported' AND actor = $2", did, ann).Scan(&n))
		same(t, n, 1)
		wantError(t, second(s.Export(ctx, bob, did)), registry.ErrNotFound)
		s.online[did] = false
		wantError(t, second(s.Export(ctx, ann, did)), registry.ErrOffline)
	}},
	{"a handover shows its device while it is open", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		did, code := s.labelled()
		get(s.Claim(ctx, s.wants(ann, home, did, code)))(t)
		_, text, err := s.HandOver(ctx, ann, did)
		must(t, err)
		same(t, get(s.Offered(ctx, text))(t).DID, did)
		must(t, s.TakeBack(ctx, ann, did))
		wantError(t, second(s.Offered(ctx, text)), registry.ErrBadCode)
		_, text, err = s.HandOver(ctx, ann, did)
		must(t, err)
		s.now = s.now.Add(claims.HandoverLife)
		wantError(t, second(s.Offered(ctx, text)), registry.ErrBadCode)
	}},
	{"code and device in hand make an owner, once, and everybody concerned is told", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		did, code := s.labelled()
		s.orders[did] = claims.Ordered{Account: ann, Order: "ord_1"}
		db.takeEvents(t)
		w := s.wants(ann, home, did, strings.ToLower(strings.ReplaceAll(code, "-", " ")))
		c := get(s.Claim(ctx, w))(t)
		same(t, c, claims.Claim{ID: c.ID, DID: did, Account: ann, Home: home, Basis: claims.ByOrder, Order: "ord_1", CreatedAt: s.now})
		same(t, s.asked, []string{miot.MethodInfo, "rotate"})
		same(t, db.jobsOf(t, claims.ArrivedJob, c.ID), 1)
		d := get(db.Registry().Device(ctx, did))(t)
		same(t, []string{d.Account, d.Home, d.Name}, []string{ann, home, "Pure"})
		same(t, db.takeEvents(t), []string{"notice.device.claimed", registry.HomeSubject(home)})
		var data string
		must(t, db.Pool().QueryRowContext(ctx, "SELECT data FROM notice WHERE kind = 'device.claimed' AND subject = $1", did).Scan(&data))
		if strings.Contains(data, ann) || strings.Contains(data, home) {
			t.Errorf("the maker is told who: %s", data)
		}
		bob, other := s.lives()
		for _, again := range []claims.Wanted{w, s.wants(bob, other, did, code)} {
			wantError(t, second(s.Claim(ctx, again)), registry.ErrBadCode)
		}
		same(t, get(s.Live(ctx, ann, did))(t), c)
		wantError(t, second(s.Live(ctx, bob, did)), registry.ErrNotFound)
	}},
	{"of many who claim at once one gets it", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		did, code := s.labelled()
		var who [4]claims.Wanted
		for i := range who {
			a, h := s.lives()
			who[i] = s.wants(a, h, did, code)
			who[i].Address = fmt.Sprint("192.0.2.", i)
		}
		won := 0
		for i := range who { // Ask is no test's business here: one after the other is enough for it
			_, err := s.Claim(ctx, who[i])
			if err == nil {
				won++
			}
		}
		same(t, won, 1)
		// The transaction itself, raced.
		did, _ = s.labelled()
		won = 0
		for _, err := range together(4, func(i int) error {
			c := claims.Claim{ID: id.New("clm"), DID: did, Account: who[i].By, Home: who[i].Home, Basis: claims.Retail, CreatedAt: now}
			return db.Claims().Claim(ctx, c, claims.Placing{DID: did, Home: c.Home, Name: "x", Most: 10}, claims.Change{Entry: entryOf(t, did)})
		}) {
			if err == nil {
				won++
				continue
			}
			wantError(t, err, registry.ErrConflict)
		}
		same(t, won, 1)
		same(t, len(get(s.Claims(ctx, did))(t)), 1)
	}},
	{"a device that is not there proves nothing", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		did, code := s.labelled()
		s.online[did] = false
		wantError(t, second(s.Claim(ctx, s.wants(ann, home, did, code))), registry.ErrOffline)
		s.online[did] = true
		get(s.Claim(ctx, s.wants(ann, home, did, code)))(t) // the code is still good
	}},
	{"guessing ends: by account, by address, and for the device over all of them", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		did, code := s.labelled()
		var often *limit.Error
		wrong := strings.Repeat("0", codeLength)
		for range 10 {
			wantError(t, second(s.Claim(ctx, s.wants(ann, home, did, wrong))), registry.ErrBadCode)
		}
		_, err := s.Claim(ctx, s.wants(ann, home, did, code))
		wantAs(t, err, &often)
		// Others go on, from elsewhere, until the device has had enough.
		for i := range 10 {
			a, h := s.lives()
			w := s.wants(a, h, did, wrong)
			w.Address = fmt.Sprint("198.51.100.", i)
			wantError(t, second(s.Claim(ctx, w)), registry.ErrBadCode)
		}
		bob, other := s.lives()
		w := s.wants(bob, other, did, code)
		w.Address = "203.0.113.9"
		_, err = s.Claim(ctx, w)
		wantAs(t, err, &often)
		s.now = s.now.Add(time.Hour)
		get(s.Claim(ctx, w))(t)
		// What is no code, or no device, is answered like a wrong one.
		for _, w := range []claims.Wanted{s.wants(bob, other, "no-such-device", code), s.wants(bob, other, "../x", code), s.wants(bob, other, did, "short"), s.wants(bob, other, did, strings.Repeat("A-", 40)), s.wants(bob, other, did, "ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ-ÄÄÄÄ")} {
			w.Address = "203.0.113.10"
			wantError(t, second(s.Claim(ctx, w)), registry.ErrBadCode)
		}
	}},
	{"whoever did not order it gets it marked, unless it was handed over", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, _ := s.lives()
		bob, other := s.lives()
		grey, code := s.labelled()
		s.orders[grey] = claims.Ordered{Account: ann, Order: "ord_1"}
		c := get(s.Claim(ctx, s.wants(bob, other, grey, code)))(t)
		same(t, []string{string(c.Basis), c.Order}, []string{"grey", "ord_1"})
		same(t, db.jobsOf(t, claims.ArrivedJob, c.ID), 0) // ann has nothing in her hands
		same(t, get(s.Grey(ctx, "", 10))(t), []claims.Claim{c})

		gift, code := s.labelled()
		s.orders[gift] = claims.Ordered{Account: ann, Order: "ord_2"}
		wantError(t, second3(s.HandOver(ctx, bob, gift)), registry.ErrNotFound) // not his to give
		_, old, err := s.HandOver(ctx, ann, gift)
		must(t, err)
		_, text, err := s.HandOver(ctx, ann, gift)
		must(t, err)
		wantError(t, second(s.Take(ctx, bob, old, other, "")), registry.ErrBadCode) // taken back by the newer one
		same(t, get(s.Take(ctx, bob, text, other, ""))(t), claims.Claim{})
		wantError(t, second(s.Take(ctx, ann, text, other, "")), registry.ErrBadCode)
		same(t, get(s.Claim(ctx, s.wants(bob, other, gift, code)))(t).Basis, claims.ByGift)

		retail, code := s.labelled()
		same(t, get(s.Claim(ctx, s.wants(bob, other, retail, code)))(t).Basis, claims.Retail)
	}},
	{"an owner hands a device over, and what it told of the owner's life is gone", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		bob, other := s.lives()
		did, code := s.labelled()
		get(s.Claim(ctx, s.wants(ann, home, did, code)))(t)
		must(t, db.Registry().CommitReports(ctx, registry.Batch{Twin: []registry.TwinValue{{DID: did, SIID: 2, PIID: 1, Value: json.RawMessage("true"), At: now, ReceivedAt: now}}}))
		_, text, err := s.HandOver(ctx, ann, did)
		must(t, err)
		must(t, s.TakeBack(ctx, ann, did))
		wantError(t, s.TakeBack(ctx, ann, did), registry.ErrConflict)
		wantError(t, second(s.Take(ctx, bob, text, other, "")), registry.ErrBadCode)
		_, text, err = s.HandOver(ctx, ann, did)
		must(t, err)
		wantError(t, second(s.Take(ctx, bob, text, home, "")), registry.ErrNotFound) // not his home
		s.asked = nil
		c := get(s.Take(ctx, bob, text, other, ""))(t)
		same(t, s.asked, []string{"rotate"})
		same(t, c.Basis, claims.ByGift)
		d := get(db.Registry().Device(ctx, did))(t)
		same(t, []string{d.Account, d.Home}, []string{bob, other})
		same(t, get(db.Registry().TwinValues(ctx, did))(t), []registry.TwinValue{})
		all := get(s.Claims(ctx, did))(t)
		same(t, []string{all[0].Ended, all[1].Ended}, []string{"handed over", ""})
	}},
	{"a release makes it new: label and factory key are good again, all other keys dead", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		did, code := s.labelled()
		get(s.Claim(ctx, s.wants(ann, home, did, code)))(t)
		rotated := newCredential(did)
		must(t, db.Registry().AddCredential(ctx, rotated, true))
		must(t, db.Registry().UseCredential(ctx, rotated.ID, now))
		bob, other := s.lives()
		wantError(t, s.Release(ctx, bob, did, false), registry.ErrNotFound)
		s.online[did] = false
		wantError(t, s.Release(ctx, ann, did, false), registry.ErrOffline)
		s.online[did], s.asked = true, nil
		must(t, s.Release(ctx, ann, did, false))
		same(t, s.asked, []string{miot.MethodRestore})
		states := map[registry.CredentialKind]registry.CredentialState{}
		for _, c := range get(db.Registry().Credentials(ctx, did))(t) {
			states[c.Kind] = c.State
		}
		same(t, states, map[registry.CredentialKind]registry.CredentialState{registry.KindFactory: registry.CredentialActive, registry.KindSecret: registry.CredentialRevoked})
		d := get(db.Registry().Device(ctx, did))(t)
		same(t, []string{d.Account, d.Home, d.Name}, []string{"", "", did})
		wantError(t, s.Release(ctx, ann, did, true), registry.ErrNotFound)
		same(t, get(s.Claim(ctx, s.wants(bob, other, did, code)))(t).Account, bob)
		s.online[did] = false
		must(t, s.Release(ctx, bob, did, true)) // its button was pressed
		// What an operator revoked stays so.
		factory := get(db.Registry().Credentials(ctx, did))(t)[0]
		must(t, db.Registry().RevokeCredential(ctx, did, factory.ID, now))
		must(t, s.PutOut(ctx, "acc_operator", did, "stolen"))
		for _, c := range get(db.Registry().Credentials(ctx, did))(t) {
			same(t, c.State, registry.CredentialRevoked)
		}
	}},
	{"a device stands where its owner and the home's let it", func(t *testing.T, db *storeDB) {
		s := newDesk(t, db)
		ann, home := s.lives()
		bob := s.joined(ann, home, homes.Member, time.Time{})
		guest := s.joined(ann, home, homes.Guest, s.now.Add(time.Hour))
		his := get(s.Create(ctx, bob, "His"))(t).ID
		did, code := s.labelled()
		wantError(t, second(s.Claim(ctx, s.wants(guest, home, did, code))), registry.ErrForbidden)
		get(s.Claim(ctx, s.wants(bob, home, did, code)))(t)
		room := get(s.AddRoom(ctx, ann, home, "Hall"))(t).ID
		foreign := get(s.AddRoom(ctx, bob, his, "Hall"))(t).ID
		name := "  Lüfter 🌀 "
		d := get(s.Arrange(ctx, ann, did, &room, &name))(t)
		same(t, []string{d.Room, d.Name}, []string{room, "Lüfter 🌀"})
		wantError(t, second(s.Arrange(ctx, ann, did, &foreign, nil)), registry.ErrNotFound)
		wantError(t, second(s.Arrange(ctx, guest, did, &room, nil)), registry.ErrForbidden)
		wantError(t, second(s.Move(ctx, ann, did, "")), registry.ErrNotFound) // it is Bob's
		wantError(t, s.TakeOut(ctx, guest, home, did), registry.ErrForbidden)
		must(t, s.TakeOut(ctx, ann, home, did))
		wantError(t, s.TakeOut(ctx, ann, home, did), registry.ErrNotFound)
		d = get(s.Move(ctx, bob, did, his))(t)
		same(t, []string{d.Home, d.Room, d.Account}, []string{his, "", bob})
	}},
}

const codeLength = 16

func entryOf(t testing.TB, did string) audit.Entry {
	return get(audit.New(now, "acc_1", "test.done", did, "", nil))(t)
}

func second3[A, B any](_ A, _ B, err error) error { return err }

func wantAs[E error](t testing.TB, err error, target *E) {
	t.Helper()
	if !errors.As(err, target) {
		t.Fatalf("error is %v, want a %T", err, *target)
	}
}

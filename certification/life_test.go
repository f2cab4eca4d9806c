package certification_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/registry"
)

func TestACertificateLives(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		_, err := r.Suspend(ctx, ann, c.Serial, c.Rev+1, why)
		wantError(t, err, registry.ErrConflict)
		_, err = r.Suspend(ctx, tied(c), c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrForbidden, "certificate-tie")
		_, err = r.Suspend(ctx, holder(c), c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrForbidden, "certificate-tie")
		_, err = r.Suspend(ctx, certification.Actor{Account: "acc_x"}, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrForbidden, "reviewer-only")
		for _, bad := range []string{"", "too short", strings.Repeat("x", 1001), strings.Repeat("😀", 800), "a bell \x07 in a reason", "not UTF-8: \xff\xfe"} {
			_, err = r.Suspend(ctx, ann, c.Serial, c.Rev, bad)
			wantRule(t, err, certification.ErrInvalid, "certificate-reason")
		}
		c = get(r.Suspend(ctx, ann, c.Serial, c.Rev, strings.Repeat("😀", 750)))(t) // as long as a leaf can carry
		_, err = r.Suspend(ctx, ben, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrState, "certificate-table")
		c = get(r.Reinstate(ctx, chief, c.Serial, c.Rev, "a new firmware mends it"))(t)
		_, err = r.GiveBack(ctx, ann, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrForbidden, "member-only")
		c = get(r.GiveBack(ctx, holder(c), c.Serial, c.Rev, "the model is sold no more"))(t)
		_, err = r.Reinstate(ctx, ann, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrState, "certificate-table")
		same(t, r.kinds(t, c.Serial), []string{"issued", "suspended", "reinstated", "withdrawn"})
		same(t, r.noticed(t, c.Serial), []string{"certificate.issued", "certificate.suspended", "certificate.reinstated", "certificate.withdrawn"})
		got := r.agrees(t, c.Serial)
		if got.State != certification.GivenBack || got.Reason != "the model is sold no more" || !got.Since.Equal(r.now) {
			t.Errorf("%+v", got)
		}
		_, err = r.Suspend(ctx, ann, "PM-2026-999999", 1, why)
		wantError(t, err, registry.ErrNotFound)
	})
}

func TestTwoRevoke(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		_, err := r.Revoke(ctx, ben, c.Serial, c.Rev)
		wantRule(t, err, certification.ErrState, "two-to-revoke")
		_, err = r.DropRevocation(ctx, ben, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrState, "two-to-revoke")
		_, err = r.ProposeRevocation(ctx, tied(c), c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrForbidden, "certificate-tie")
		c = get(r.ProposeRevocation(ctx, ann, c.Serial, c.Rev, why))(t)
		if c.State != certification.Active || c.Public().Proposed != nil {
			t.Errorf("a proposal: %s, public %+v", c.State, c.Public().Proposed)
		}
		_, err = r.ProposeRevocation(ctx, ben, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrState, "two-to-revoke")
		_, err = r.Revoke(ctx, ann, c.Serial, c.Rev)
		wantRule(t, err, certification.ErrForbidden, "two-to-revoke")
		_, err = r.Revoke(ctx, tied(c), c.Serial, c.Rev)
		wantRule(t, err, certification.ErrForbidden, "certificate-tie")
		_, err = r.Revoke(ctx, holder(c), c.Serial, c.Rev)
		wantRule(t, err, certification.ErrForbidden, "certificate-tie")
		c = get(r.DropRevocation(ctx, ann, c.Serial, c.Rev, "it was another model's fault"))(t)
		_, err = r.Revoke(ctx, ben, c.Serial, c.Rev)
		wantRule(t, err, certification.ErrState, "two-to-revoke")

		c = get(r.ProposeRevocation(ctx, ann, c.Serial, c.Rev, why))(t)
		var told int
		must(t, r.raw.QueryRowContext(ctx, "SELECT count(*) FROM audit_entry WHERE subject = $1 AND org <> '' AND action LIKE 'certificate.revocation%'", c.Serial).Scan(&told))
		if told > 0 || len(r.noticed(t, c.Serial)) != 1 {
			t.Error("its holder hears of what is only proposed")
		}
		c = get(r.Revoke(ctx, chief, c.Serial, c.Rev))(t)
		if c.State != certification.Revoked || c.Reason != why || c.Proposed != nil {
			t.Errorf("%+v", c)
		}
		_, err = r.ProposeRevocation(ctx, ann, c.Serial, c.Rev, why)
		wantRule(t, err, certification.ErrState, "certificate-table")
		same(t, r.kinds(t, c.Serial), []string{"issued", "revoked"})
		r.agrees(t, c.Serial)
	})
}

func TestACertificateIsSupersededAndExpires(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		old := r.issued(t)
		r.pass(time.Hour)
		next := r.issued(t, func(s *certification.Submission) { s.Previous = old.Serial })
		got := r.agrees(t, old.Serial)
		if got.State != certification.Superseded || got.SupersededBy != next.Serial {
			t.Errorf("%+v", got)
		}
		r.now = next.ExpiresAt.Add(-time.Microsecond)
		must(t, r.Tick(ctx))
		c := r.agrees(t, next.Serial)
		if c.State != certification.Suspended { // its condition was due long ago
			t.Errorf("a moment before its end it is %s", c.State)
		}
		r.pass(time.Microsecond)
		_, err := r.Reinstate(ctx, ann, c.Serial, c.Rev, "the cause is mended")
		wantRule(t, err, certification.ErrState, "certificate-expired")
		r.tick(t)
		r.tick(t) // finds nothing more to do
		c = r.agrees(t, next.Serial)
		if c.State != certification.Expired || r.certificate(t, old.Serial).State != certification.Superseded {
			t.Errorf("after its end it is %s", c.State)
		}
		var due int64
		must(t, r.raw.QueryRowContext(ctx, "SELECT due_at FROM job WHERE kind = $1 AND key = $2", certification.LifeJob, next.Serial).Scan(&due))
		if due != next.ExpiresAt.UnixMicro() {
			t.Errorf("its job is due at %d, its end is %d", due, next.ExpiresAt.UnixMicro())
		}
	})
}

func TestAMissedConditionSuspends(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		condition := c.Conditions[0]
		var due int64
		must(t, r.raw.QueryRowContext(ctx, "SELECT due_at FROM job WHERE kind = $1 AND key = $2", certification.LifeJob, condition.ID).Scan(&due))
		same(t, due, condition.Due.UnixMicro())
		for days, want := range map[int]int{31: 0} {
			r.now = condition.Due.AddDate(0, 0, -days)
			r.tick(t)
			same(t, count(r.noticed(t, c.Serial), "certificate.condition-due"), want)
		}
		for i, days := range []int{30, 7, 1} { // each once
			r.now = condition.Due.AddDate(0, 0, -days)
			r.tick(t)
			r.tick(t)
			same(t, count(r.noticed(t, c.Serial), "certificate.condition-due"), i+1)
		}
		r.now = condition.Due
		r.tick(t)
		r.tick(t)
		c = r.agrees(t, c.Serial)
		if c.State != certification.Suspended || !strings.Contains(c.Reason, condition.Text) || !c.Conditions[0].Missed {
			t.Fatalf("%+v", c)
		}
		same(t, count(r.kinds(t, c.Serial), "suspended"), 1)
		_, err := r.Reinstate(ctx, ann, c.Serial, c.Rev, "it is met, or nearly so")
		wantRule(t, err, certification.ErrState, "certificate-condition")
		_, err = r.MeetCondition(ctx, ann, c.Serial, c.Rev, "cnd_other", "seen")
		wantError(t, err, registry.ErrNotFound)
		_, err = r.MeetCondition(ctx, chief, c.Serial, c.Rev, condition.ID, "seen")
		wantRule(t, err, certification.ErrForbidden, "reviewer-only")
		_, err = r.MeetCondition(ctx, tied(c), c.Serial, c.Rev, condition.ID, "seen")
		wantRule(t, err, certification.ErrForbidden, "no-tie")
		c = get(r.MeetCondition(ctx, ann, c.Serial, c.Rev, condition.ID, "the period stands on the maker's page"))(t)
		same(t, c.State, certification.Suspended) // that is a decision of its own
		_, err = r.MeetCondition(ctx, ann, c.Serial, c.Rev, condition.ID, "seen")
		wantRule(t, err, certification.ErrState, "condition-open")
		c = get(r.Reinstate(ctx, ann, c.Serial, c.Rev, "the support period is published"))(t)
		r.tick(t)
		same(t, r.agrees(t, c.Serial).State, certification.Active)

		// One that is met in time does nothing.
		d := r.issued(t)
		d = get(r.MeetCondition(ctx, ann, d.Serial, d.Rev, d.Conditions[0].ID, "seen"))(t)
		r.now = d.Conditions[0].Due
		r.tick(t)
		same(t, r.agrees(t, d.Serial).State, certification.Active)
		if strings.Contains(fmt.Sprintf("%+v", d.Public()), "acc_") {
			t.Errorf("the public form names a person: %+v", d.Public())
		}
	})
}

func TestAWaiverThatEndsSuspends(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		reviews := certification.NewReviews(o.Programme(), nil, func() time.Time { return o.now })
		c := r.issued(t)
		c = get(r.MeetCondition(ctx, ann, c.Serial, c.Rev, c.Conditions[0].ID, "seen"))(t)
		r.now = c.Waivers[0].Until
		r.tick(t)
		same(t, r.agrees(t, c.Serial).State, certification.Active)
		r.pass(time.Microsecond)
		must(t, reviews.EndWaiver(ctx, c.Waivers[0].ID))
		r.tick(t)
		c = r.agrees(t, c.Serial)
		if c.State != certification.Suspended || c.Reason != "the waiver of QOS-02 has ended: its last day has passed" || c.Waivers[0].State != certification.WaiverEnded {
			t.Fatalf("%+v", c)
		}
		// Whoever reinstates has decided on it.
		c = get(r.Reinstate(ctx, ben, c.Serial, c.Rev, "a run shows that it is met now"))(t)
		r.tick(t)
		same(t, r.agrees(t, c.Serial).State, certification.Active)
	})
}

func TestARegionGoesAndComesBackWithItsDocuments(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t, func(s *certification.Submission) { s.Regions = []string{"CN", "IN"} })
		c = get(r.MeetCondition(ctx, ann, c.Serial, c.Rev, c.Conditions[0].ID, "seen"))(t)
		lost := func(want ...string) {
			t.Helper()
			r.tick(t)
			got := r.agrees(t, c.Serial)
			if !slices.Equal(got.LostRegions, want) || got.State != certification.Active {
				t.Fatalf("%s without %v, want %v", got.State, got.LostRegions, want)
			}
		}
		lost("CN", "IN")
		indian := r.verified(t, c, "IN")
		lost("CN")
		ccc := r.verified(t, c, "CN")[0]
		lost()
		get(r.papers.Withdraw(ctx, holder(c), indian[1].ID, indian[1].Rev, "we gave it back"))(t)
		lost("IN")
		r.verified(t, c, "IN")
		lost()
		r.now = ccc.Follow
		lost("CN")
		_, err := r.papers.FollowUp(ctx, tied(c), ccc.ID, ccc.Rev, r.now.AddDate(1, 0, 0), "seen")
		wantRule(t, err, certification.ErrForbidden, "regulatory-tie")
		current := get(o.Programme().Regulatory(ctx, ccc.ID))(t) // reminders changed it
		for _, next := range []time.Time{{}, r.now, r.now.AddDate(1, 1, 0)} {
			_, err = r.papers.FollowUp(ctx, ann, ccc.ID, current.Rev, next, "seen")
			wantRule(t, err, certification.ErrInvalid, "regulatory-term")
		}
		_, err = r.papers.FollowUp(ctx, ann, ccc.ID, current.Rev+1, r.now.AddDate(1, 0, 0), "seen")
		wantError(t, err, registry.ErrConflict)
		get(r.papers.FollowUp(ctx, ann, ccc.ID, current.Rev, r.now.AddDate(1, 0, 0), "inspected, without findings"))(t)
		lost()
		r.now = ccc.Expires
		lost("CN", "IN") // BIS too
		same(t, get(o.Programme().Regulatory(ctx, ccc.ID))(t).State, certification.RegulatoryExpired)
		_, err = r.papers.FollowUp(ctx, ann, ccc.ID, get(o.Programme().Regulatory(ctx, ccc.ID))(t).Rev, r.now.AddDate(1, 0, 0), "late")
		wantRule(t, err, certification.ErrState, "regulatory-state")
	})
}

func TestRemindersOfDocumentsComeOnce(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		d := r.paper(t, c, "BIS-CRS")
		r.now = d.Expires.AddDate(0, 0, -59)
		r.tick(t)
		same(t, count(r.noticed(t, d.ID), "regulatory.due"), 0) // it was never verified
		d = get(r.papers.Verify(ctx, ann, d.ID, d.Rev, "seen"))(t)
		for i, days := range []int{59, 30, 7} {
			r.now = d.Expires.AddDate(0, 0, -days)
			r.tick(t)
			r.tick(t)
			same(t, count(r.noticed(t, d.ID), "regulatory.due"), i+1)
		}
	})
}

func TestADocumentIsJudgedByTheRules(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		_, err := r.papers.Submit(ctx, ann, r.draft(c, "FCC"), certification.Document{SHA256: hash})
		wantRule(t, err, certification.ErrForbidden, "member-only")
		_, err = r.papers.Submit(ctx, holder(c), r.draft(c, "FCC"), certification.Document{})
		wantRule(t, err, certification.ErrInvalid, "regulatory-file")
		d := r.paper(t, c, "FCC")
		_, err = r.papers.Verify(ctx, holder(c), d.ID, d.Rev, "")
		wantRule(t, err, certification.ErrForbidden, "reviewer-only")
		_, err = r.papers.Verify(ctx, tied(c), d.ID, d.Rev, "")
		wantRule(t, err, certification.ErrForbidden, "regulatory-tie")
		_, err = r.papers.Verify(ctx, ann, d.ID, d.Rev+1, "")
		wantError(t, err, registry.ErrConflict)
		_, err = r.papers.Refuse(ctx, ann, d.ID, d.Rev, " ")
		wantRule(t, err, certification.ErrInvalid, "regulatory-form")
		_, err = r.papers.Document(ctx, certification.Actor{Account: "acc_x"}, d.ID)
		wantError(t, err, registry.ErrNotFound)
		d = get(r.papers.Refuse(ctx, ann, d.ID, d.Rev, "the number is another product's"))(t)
		_, err = r.papers.Verify(ctx, ann, d.ID, d.Rev, "")
		wantRule(t, err, certification.ErrState, "regulatory-state")
		same(t, r.noticed(t, d.ID), []string{"regulatory.submitted", "regulatory.refused"})

		late := r.paper(t, c, "BIS-CRS")
		r.now = late.Expires
		_, err = r.papers.Verify(ctx, ann, late.ID, late.Rev, "")
		wantRule(t, err, certification.ErrInvalid, "regulatory-term")
	})
}

func TestTheGateOnAStore(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		q := certification.GateQuestion{Org: c.Org, Model: c.Model, Regions: []string{"IN"}, Until: r.now.AddDate(0, 6, 0)}
		closed := func(reason string) {
			t.Helper()
			r.gate.Forget() // what the event does
			_, err := r.gate.Check(ctx, q)
			wantRule(t, err, certification.ErrState, "gate-closed")
			if !strings.Contains(err.Error(), reason) {
				t.Fatalf("%v, want %q", err, reason)
			}
		}
		closed("BIS-CRS")
		docs := r.verified(t, c, "IN")
		r.gate.Forget()
		same(t, get(r.gate.Check(ctx, q))(t).Serial, c.Serial)
		c = get(r.Suspend(ctx, ann, c.Serial, c.Rev, why))(t)
		if _, err := r.gate.Check(ctx, q); err != nil {
			t.Errorf("without an event it looks again within a second, not before: %v", err)
		}
		r.pass(time.Second)
		if _, err := r.gate.Check(ctx, q); err == nil {
			t.Error("open after a second")
		}
		closed(why)
		c = get(r.Reinstate(ctx, ann, c.Serial, c.Rev, "a new firmware mends it"))(t)
		r.gate.Forget()
		get(r.gate.Check(ctx, q))(t)
		get(r.papers.Withdraw(ctx, ann, docs[0].ID, docs[0].Rev, "its issuer withdrew it"))(t)
		closed("BIS-CRS")
		q.Model = "aurora-other"
		closed("no certificate")
	})
}

func TestTheStatusListIsMonotonic(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		open := func() certification.StatusList {
			t.Helper()
			s := get(o.Programme().Status(ctx))(t)
			return get(certification.OpenStatus(s.JWS, get(o.keys.Keyring(ctx))(t)))(t)
		}
		first := get(r.desk.Current(ctx))(t) // makes the first one
		same(t, len(open().Entries), 0)
		must(t, r.desk.Sign(ctx))
		same(t, get(o.Programme().Status(ctx))(t), first) // nothing changed
		r.pass(certification.StatusEvery)
		must(t, r.desk.Sign(ctx))
		if s := get(o.Programme().Status(ctx))(t); !s.IssuedAt.After(first.IssuedAt) {
			t.Error("an hour later there is no newer list")
		}
		c := r.issued(t)
		// The list of a moment ago does not know it; what goes with its bundle does.
		old := get(r.desk.Current(ctx))(t)
		same(t, old.LogSize, int64(0))
		now := get(r.desk.Counting(ctx, c.LogIndex+1))(t)
		same(t, now, get(o.Programme().Status(ctx))(t))
		same(t, len(open().Entries), 1)
		same(t, get(r.desk.Counting(ctx, c.LogIndex+1))(t), now)
		_, err := r.desk.Counting(ctx, c.LogIndex+2) // nobody has appended that leaf
		wantError(t, err, translog.ErrNotCovered)
		c = get(r.Suspend(ctx, ann, c.Serial, c.Rev, why))(t)
		r.now = r.now.Add(-time.Minute) // a clock that is behind
		must(t, r.desk.Sign(ctx))
		must(t, r.Reassess(ctx, ""))
		must(t, r.desk.Sign(ctx))
		l := open()
		if len(l.Entries) != 1 || l.Entries[0].State != certification.Suspended || l.Entries[0].Reason != why || !slices.Equal(l.Entries[0].Lost, []string{"EU", "IN"}) {
			t.Fatalf("%+v", l)
		}
		same(t, l.LogSize, int64(4))
		old = get(o.Programme().Status(ctx))(t)
		old.IssuedAt = old.IssuedAt.Add(time.Hour)
		old.LogSize--
		wantError(t, o.Programme().SaveStatus(ctx, old), registry.ErrConflict)

		// Several sign while things change: the last list has everything.
		serials := make([]certification.Certificate, 4)
		for i := range serials {
			serials[i] = r.issued(t)
		}
		var all sync.WaitGroup
		for _, c := range serials {
			desk := certification.NewStatusDesk(o.Programme(), o.keys, func() time.Time { return o.now })
			all.Go(func() {
				_, err := r.Suspend(ctx, ann, c.Serial, c.Rev, why)
				must(t, err)
				must(t, desk.Sign(ctx))
			})
		}
		all.Wait()
		for _, e := range open().Entries {
			same(t, e.State, certification.Suspended)
		}
		same(t, open().LogSize, get(o.Programme().LogSize(ctx))(t))
	})
}

func TestTheRegistryFindsByWordsAndState(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		first, second := r.issued(t), r.issued(t, func(s *certification.Submission) { s.Product = "100 % _Glow_!" })
		get(r.Suspend(ctx, ann, first.Serial, first.Rev, why))(t)
		for _, c := range []struct {
			filter certification.CertificateFilter
			want   []string
		}{
			{certification.CertificateFilter{}, []string{second.Serial, first.Serial}},
			{certification.CertificateFilter{Limit: 1}, []string{second.Serial}},
			{certification.CertificateFilter{Before: second.Serial}, []string{first.Serial}},
			{certification.CertificateFilter{State: certification.Suspended}, []string{first.Serial}},
			{certification.CertificateFilter{Words: "% _GLOW_!"}, []string{second.Serial}},
			{certification.CertificateFilter{Words: "0%g"}, nil},
			{certification.CertificateFilter{Words: "a\x00"}, nil},
			{certification.CertificateFilter{Words: "\xff", Before: "\x00"}, nil},
			{certification.CertificateFilter{Words: "x' OR '1'='1"}, nil},
			{certification.CertificateFilter{Words: "aurora-pure1", State: certification.Active}, []string{second.Serial}},
		} {
			if c.filter.Limit == 0 {
				c.filter.Limit = 10
			}
			var got []string
			for _, x := range get(o.Programme().CertificatePage(ctx, c.filter))(t) {
				got = append(got, x.Serial)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%+v finds %v, want %v", c.filter, got, c.want)
			}
		}
	})
}

func TestBytesOfStrangersAreNotFound(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		for _, serial := range []string{"\x00", "PM-2026-\xff", "PM-2026-000001\x00"} {
			_, err := o.Programme().Certificate(ctx, serial)
			wantError(t, err, registry.ErrNotFound)
		}
	})
}

// TestLivesFollowTheTable lets chance decide who wants what, and when.
func TestLivesFollowTheTable(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r, start := newRegistrar(o), o.now
		rapid.Check(t, func(rt *rapid.T) {
			o.now = start
			c := r.issued(t)
			expected := certification.Active
			var proposer string
			var met, missed bool
			var papers []certification.RegulatoryDocument
			people := []certification.Actor{ann, ben, chief, holder(c), tied(c)}
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				r.pass(time.Minute)
				a := rapid.SampledFrom(people).Draw(rt, "who")
				by := certification.ByOperator
				if a.Reviewer {
					by = certification.ByReviewer
				}
				free := !a.Of(c.Org)
				may := func(to certification.CertificateState) bool {
					return free && certification.MayMove(certification.CertificateMoves, expected, to, by)
				}
				seen := r.certificate(t, c.Serial)
				var err error
				var ok bool
				to := expected
				what := rapid.SampledFrom([]string{"suspend", "reinstate", "give back", "propose", "drop", "revoke", "meet", "days", "papers"}).Draw(rt, "what")
				switch what {
				case "suspend":
					ok, to = may(certification.Suspended), certification.Suspended
					_, err = r.Suspend(ctx, a, c.Serial, seen.Rev, why)
				case "reinstate":
					ok, to = may(certification.Active) && seen.ExpiresAt.After(r.now) && (met || !missed), certification.Active
					_, err = r.Reinstate(ctx, a, c.Serial, seen.Rev, why)
				case "give back":
					ok, to = a.Of(c.Org) && certification.MayMove(certification.CertificateMoves, expected, certification.GivenBack, certification.ByVendor), certification.GivenBack
					_, err = r.GiveBack(ctx, a, c.Serial, seen.Rev, why)
				case "propose":
					ok = may(certification.Revoked) && proposer == ""
					if _, err = r.ProposeRevocation(ctx, a, c.Serial, seen.Rev, why); ok {
						proposer = a.Account
					}
				case "drop":
					ok = free && proposer != ""
					if _, err = r.DropRevocation(ctx, a, c.Serial, seen.Rev, why); ok {
						proposer = ""
					}
				case "revoke":
					ok, to = may(certification.Revoked) && proposer != "" && proposer != a.Account, certification.Revoked
					if _, err = r.Revoke(ctx, a, c.Serial, seen.Rev); ok {
						proposer = ""
					}
				case "meet":
					ok = free && a.Reviewer && !met && (expected == certification.Active || expected == certification.Suspended)
					if _, err = r.MeetCondition(ctx, a, c.Serial, seen.Rev, c.Conditions[0].ID, "seen"); ok {
						met = true
					}
				case "days":
					r.pass(time.Duration(rapid.IntRange(1, 600).Draw(rt, "days")) * 24 * time.Hour)
					r.tick(t)
					ok = true
					alive := expected == certification.Active || expected == certification.Suspended
					switch {
					case alive && !c.ExpiresAt.After(r.now):
						to = certification.Expired
					case alive && !met && !missed && !c.Conditions[0].Due.After(r.now):
						missed, to = true, certification.Suspended
					}
				case "papers":
					ok = true
					for _, d := range papers {
						if d = get(o.Programme().Regulatory(ctx, d.ID))(t); d.State == certification.RegulatoryVerified {
							get(r.papers.Withdraw(ctx, ann, d.ID, d.Rev, "no longer so"))(t)
						}
					}
					if papers == nil {
						papers = r.verified(t, c, "IN")
					} else {
						papers = nil
					}
					must(t, r.Reassess(ctx, c.Org))
				}
				if ok != (err == nil) {
					rt.Fatalf("%s by %s when it is %s (proposed by %q, met %v, missed %v): %v", what, a.Account, expected, proposer, met, missed, err)
				}
				if ok {
					expected = to
				}
				if got := r.agrees(t, c.Serial); got.State != expected {
					rt.Fatalf("after %s by %s it is %s, want %s", what, a.Account, got.State, expected)
				}
			}
		})
	})
}

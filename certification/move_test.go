package certification_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

func TestAMoveIsTheTables(t *testing.T) {
	states := []certification.SubmissionState{
		certification.Draft, certification.Submitted, certification.Screening, certification.Testing, certification.InReview, certification.ChangesRequested,
		certification.Approved, certification.Issuing, certification.Certified, certification.Rejected, certification.Withdrawn,
	}
	movers := []certification.Mover{certification.ByVendor, certification.ByReviewer, certification.ByOperator, certification.ByProgramme}
	for _, from := range states {
		for _, to := range states {
			for _, by := range movers {
				sub := certification.Submission{ID: "sub_1", Org: "org_1", State: from, Rev: 7}
				got, record, err := sub.Move(certification.Step{To: to, By: by, Who: "acc_1", At: began, Reason: "why"})
				if !certification.MayMove(certification.SubmissionMoves, from, to, by) {
					wantRule(t, err, certification.ErrState, "state-table")
					same(t, got, sub)
					continue
				}
				must(t, err)
				want := sub
				want.State, want.Reason, want.UpdatedAt = to, "why", began
				same(t, got, want)
				if e := record.Entries[0]; e.Actor != "acc_1" || e.Subject != "sub_1" || e.Org != "org_1" || !strings.Contains(string(e.Detail), `"reason":"why"`) {
					t.Errorf("entry %+v", e)
				}
				if n := record.Notices[0]; n.Kind != "submission."+string(to) || !strings.Contains(string(n.Data), fmt.Sprintf(`"from":%q`, from)) {
					t.Errorf("notice %+v", n)
				}
			}
		}
	}
	if certification.Final(certification.SubmissionMoves, certification.Draft) || !certification.Final(certification.SubmissionMoves, certification.Certified) {
		t.Error("a draft is final, or what is certified is not")
	}
}

// Whatever is called in whatever order, a submission goes only where the table
// lets it, by whom the table lets, and a refusal leaves it as it was.
func TestSubmissionsStayOnTheTable(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		v, stranger := d.vendor(), d.vendor()
		rapid.Check(t, func(t *rapid.T) {
			m := &submissionMachine{d: d, v: v, stranger: stranger.Actor}
			sub, err := d.CreateSubmission(d.Context(), v.Actor, v.org, v.whole(d))
			must(d, err)
			if rapid.Bool().Draw(t, "with documents") {
				sub = d.draft(v)
			}
			m.id, m.rev = sub.ID, sub.Rev
			t.Repeat(map[string]func(*rapid.T){
				"edit": func(t *rapid.T) {
					e := certification.Edit{Product: ptr(rapid.SampledFrom([]string{"Glow", "", "Glow\n"}).Draw(t, "product"))}
					if rapid.Bool().Draw(t, "firmware") {
						e.Firmware = &certification.Firmware{Version: "1.0.0", SHA256: sum(rapid.StringN(0, 1, 1).Draw(t, "image"))}
					}
					m.call(t, certification.ByVendor, func(as func() certification.Actor) error {
						return second(d.EditSubmission(d.Context(), as(), m.id, m.rev, e))
					})
				},
				"upload": func(t *rapid.T) {
					m.call(t, certification.ByVendor, func(as func() certification.Actor) error {
						return third(d.Upload(d.Context(), as(), m.id, m.rev, "statement", d.file("a.txt", "none\n")))
					})
				},
				"submit": func(t *rapid.T) {
					m.call(t, certification.ByVendor, func(as func() certification.Actor) error { return second(d.Submit(d.Context(), as(), m.id, m.rev)) })
				},
				"screen": func(t *rapid.T) {
					m.call(t, certification.ByProgramme, func(func() certification.Actor) error { return d.Screen(d.Context(), m.id) })
				},
				"reopen": func(t *rapid.T) {
					m.call(t, certification.ByVendor, func(as func() certification.Actor) error {
						return second(d.Reopen(d.Context(), as(), m.id, m.rev, "to mend it"))
					})
				},
				"answer": func(t *rapid.T) {
					m.call(t, certification.ByVendor, func(as func() certification.Actor) error {
						return second(d.Answer(d.Context(), as(), m.id, m.rev, rapid.SampledFrom([]string{"", "done"}).Draw(t, "answer")))
					})
				},
				"confirm": func(t *rapid.T) {
					m.call(t, certification.ByReviewer, func(func() certification.Actor) error {
						return second(d.ConfirmClass(d.Context(), reviewer, m.id, m.rev, certification.ClassC, "to be sure"))
					})
				},
				"withdraw": func(t *rapid.T) {
					if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
						m.call(t, certification.ByVendor, func(as func() certification.Actor) error {
							return second(d.Withdraw(d.Context(), as(), m.id, m.rev, ""))
						})
					}
				},
				// What the other parts of the programme do, they do through Move.
				"move": func(t *rapid.T) {
					row := rapid.SampledFrom(certification.SubmissionMoves).Draw(t, "row")
					by := rapid.SampledFrom([]certification.Mover{certification.ByVendor, certification.ByReviewer, certification.ByProgramme}).Draw(t, "by")
					m.call(t, by, func(func() certification.Actor) error { return d.move(m.id, row.To, by) })
				},
			})
		})
	})
}

type submissionMachine struct {
	d        *desk
	v        vendor
	stranger certification.Actor
	id       string
	rev      int64
}

// call does something as a member, as a stranger or with an old revision, and
// looks at what became of the submission.
func (m *submissionMachine) call(t *rapid.T, by certification.Mover, do func(as func() certification.Actor) error) {
	before := m.d.read(m.id)
	m.rev = before.Rev - rapid.SampledFrom([]int64{0, 0, 0, 1}).Draw(t, "stale")
	actor := m.v.Actor
	if rapid.IntRange(0, 5).Draw(t, "who") == 0 {
		actor = m.stranger
	}
	asked := false // who asks
	err := do(func() certification.Actor { asked = true; return actor })
	after := m.d.read(m.id)
	if err != nil {
		if !reflect.DeepEqual(before, after) { // which takes no time for whole submissions
			t.Fatalf("refused (%v), and yet:\n%s", err, cmp.Diff(before, after))
		}
		var r *certification.Refusal
		if !errors.As(err, &r) && !errors.Is(err, registry.ErrConflict) && !errors.Is(err, registry.ErrNotFound) {
			t.Fatalf("an error that nobody can act on: %v", err)
		}
		return
	}
	if asked && actor.Account == m.stranger.Account {
		t.Fatalf("account %s of another organisation changed it", actor.Account)
	}
	if !on(before.State, after.State, by) {
		t.Fatalf("%s made of %s a submission that is %s", by, before.State, after.State)
	}
	if after.Rev < before.Rev || after.State != before.State && after.Rev == before.Rev {
		t.Fatalf("revision %d, it was %d", after.Rev, before.Rev)
	}
}

// on says whether the table leads from one state to the other, in the few steps
// that one call makes.
func on(from, to certification.SubmissionState, by certification.Mover) bool {
	if from == to || certification.MayMove(certification.SubmissionMoves, from, to, by) {
		return true
	}
	for _, row := range certification.SubmissionMoves { // screening is two moves of one mover
		if by == certification.ByProgramme && row.From == from && certification.MayMove(certification.SubmissionMoves, from, row.To, by) && certification.MayMove(certification.SubmissionMoves, row.To, to, by) {
			return true
		}
	}
	return false
}

// move is what runs, reviews and issuing do: read, Move, store.
func (d *desk) move(id string, to certification.SubmissionState, by certification.Mover) error {
	sub := d.read(id)
	next, record, err := sub.Move(certification.Step{To: to, By: by, Who: audit.System, At: d.clock()})
	if err != nil {
		return err
	}
	return d.db.Programme().SaveSubmission(d.Context(), sub.State, next, record.Entries, record.Notices)
}

package certification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// ReviewStore keeps what reviewers do. Reads need not be of one moment: every
// change is refused unless the submission is at the revision that was read first.
type ReviewStore interface {
	Submission(ctx context.Context, id string) (Submission, error)
	Certificate(ctx context.Context, serial string) (Certificate, error)
	Documents(ctx context.Context, submission string) ([]Document, error)
	Decisions(ctx context.Context, submission string) ([]Decision, error)        // of all rounds, by time
	ReviewEntries(ctx context.Context, submission string) ([]ReviewEntry, error) // by id
	Waivers(ctx context.Context, submission string) ([]Waiver, error)            // by id
	Waiver(ctx context.Context, id string) (Waiver, error)
	Claims(ctx context.Context, submission string) ([]Claim, error)
	// TiedMembers are the members of the organisation, and those that it had at
	// any time since the submission left its draft.
	TiedMembers(ctx context.Context, submission, org string) ([]string, error)
	// Reviewers are the accounts that have the role, and are not blocked.
	Reviewers(ctx context.Context) ([]string, error)

	// SaveReview stores a change in one transaction, or nothing of it:
	// registry.ErrConflict says that somebody else was first.
	SaveReview(ctx context.Context, c ReviewChange) error
	// Claim says that a reviewer looks at a submission; again is the same.
	Claim(ctx context.Context, submission string, c Claim) error
	Unclaim(ctx context.Context, submission, reviewer string) error

	// Queue gives each line with its claims, with the approvals of its round, and with
	// its counts where they are kept of what is.
	Queue(ctx context.Context, q QueueQuery) ([]Queued, error)
	// KeepCounts keeps what the cases of a submission came to, of what they were counted.
	KeepCounts(ctx context.Context, of Counted, counts map[string]int) error
	// WaitingSince are the moments since which submissions are in the state, the oldest first.
	WaitingSince(ctx context.Context, s SubmissionState) ([]time.Time, error)
}

// Tested says what the runs of a submission came to.
type Tested interface {
	// CaseEvidence is what stands for each case that the submission has to run, and
	// for whatever else was run, by the runs that count with that release of the
	// suite; a case that none of them judged has no verdict.
	CaseEvidence(ctx context.Context, s Submission, release string) ([]CaseEvidence, error)
	// OperatorsOf are the accounts that operated any run of the submission.
	OperatorsOf(ctx context.Context, submission string) ([]string, error)
}

// ReviewChange is what one act of a review stores together.
type ReviewChange struct {
	// Submission as it is to be, with the revision that was read; nil: untouched.
	// Was is the state in which it was read.
	Submission *Submission
	Was        SubmissionState

	Decision *Decision // replaces the one of the same reviewer and round
	TakeBack *Decision // is deleted
	Entries  []ReviewEntry
	// Waiver as it is to be; WaiverWas is the state it was read in, empty for a new one.
	Waiver    *Waiver
	WaiverWas WaiverState

	Audit   []audit.Entry
	Notices []notice.Notice
}

// WaiverEndJob is the kind of the job that ends a waiver when its last moment has
// passed; its key and payload are the waiver's id.
const WaiverEndJob = "certification.waiver-end"

// Claim says that a reviewer looks at a submission. It keeps nobody out.
type Claim struct {
	Reviewer string    `json:"reviewer"`
	Since    time.Time `json:"since"`
}

// Reviews is the work of reviewers: it shows what a decision rests on, and takes
// the decisions.
type Reviews struct {
	store  ReviewStore
	tested Tested
	now    func() time.Time
}

// NewReviews makes one; a nil clock means time.Now.
func NewReviews(store ReviewStore, tested Tested, now func() time.Time) *Reviews {
	if now == nil {
		now = time.Now
	}
	return &Reviews{store, tested, now}
}

// Review is a submission as its reviewers see it.
type Review struct {
	Dossier
	Decisions []Decision    `json:"decisions"` // of this round
	Earlier   []Decision    `json:"earlier"`   // of the rounds before
	Checklist []CheckedItem `json:"checklist"`
	Comments  []Comment     `json:"comments"`
	Claims    []Claim       `json:"claims"`
	Approvers []string      `json:"approvers"` // whose approval counts now
	Against   Refusals      `json:"against"`   // what stands against approving it

	marks []Mark
	ties  Ties
	now   time.Time
}

// CheckedItem is an item of the checklist with the last mark that counts.
type CheckedItem struct {
	Item
	Mark *Mark `json:"mark,omitempty"`
}

// Review reads what is known of a submission and judges what stands against its
// approval now.
func (r *Reviews) Review(ctx context.Context, id string) (*Review, error) {
	return r.read(ctx, id, r.review)
}

func (r *Reviews) read(ctx context.Context, id string, how func(context.Context, Submission) (*Review, error)) (*Review, error) {
	s, err := r.store.Submission(ctx, id)
	if err != nil {
		return nil, err
	}
	rv, err := how(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("review of submission %s: %w", id, err)
	}
	return rv, nil
}

// review is what a decision rests on, with its hashes and what stands against it.
func (r *Reviews) review(ctx context.Context, s Submission) (*Review, error) {
	rv, err := r.evidence(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := rv.seal(rv.now); err != nil {
		return nil, err
	}
	rv.judge()
	return rv, nil
}

// evidence is a review for those who only read it: hashing it all and judging it takes
// more time than the rest.
func (r *Reviews) evidence(ctx context.Context, s Submission) (*Review, error) {
	rv := &Review{Dossier: Dossier{Submission: s, Suite: suite.Release}, now: r.now()}
	var w written
	for _, step := range []func() error{
		func() (err error) { rv.ties, err = r.ties(ctx, s); return err },
		func() (err error) { rv.Cases, err = r.cases(ctx, s, suite.Release); return err },
		func() (err error) { rv.Documents, err = r.store.Documents(ctx, s.ID); return err },
		func() (err error) { rv.Waivers, err = r.store.Waivers(ctx, s.ID); return err },
		func() (err error) { rv.Claims, err = r.store.Claims(ctx, s.ID); return err },
		func() error {
			entries, err := r.store.ReviewEntries(ctx, s.ID)
			if err == nil {
				w, err = read(entries, s.Round)
			}
			return err
		},
		func() error {
			decisions, err := r.store.Decisions(ctx, s.ID)
			for _, d := range decisions {
				if d.Round == s.Round {
					rv.Decisions = append(rv.Decisions, d)
				} else {
					rv.Earlier = append(rv.Earlier, d)
				}
			}
			return err
		},
		func() error { return r.relatives(ctx, rv) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	rv.Comments, rv.marks, rv.Conditions = w.comments, w.marks, w.conditions
	rv.cover(w.acceptances, rv.barred, rv.now)
	return rv, nil
}

// barred says whether what the account said does not count.
func (rv *Review) barred(account string) bool { return rv.ties.Against(account) != nil }

// judge fills in what follows from the rest.
func (rv *Review) judge() {
	rv.Approvers, _ = Counting(&rv.Dossier, rv.Decisions, &rv.ties)
	rv.Against = ReadyToApprove(&rv.Dossier, rv.Decisions, rv.marks, &rv.ties, rv.now)
	rv.Checklist = nil
	for _, item := range Checklist(rv.Submission.applies()) {
		checked := CheckedItem{Item: item}
		if m, ok := marked(rv.marks, item.ID, rv.Papers, func(by string) bool { return !rv.barred(by) }); ok {
			checked.Mark = &m
		}
		rv.Checklist = append(rv.Checklist, checked)
	}
}

func (r *Reviews) ties(ctx context.Context, s Submission) (t Ties, err error) {
	t = Ties{Author: s.CreatedBy, Org: s.Org}
	if t.Members, err = r.store.TiedMembers(ctx, s.ID, s.Org); err != nil {
		return t, err
	}
	if t.Operators, err = r.tested.OperatorsOf(ctx, s.ID); err != nil {
		return t, err
	}
	t.Reviewers, err = r.store.Reviewers(ctx)
	return t, err
}

// cases are those that the submission ran, and those that it takes over from the
// certificate that it follows, which may be of an earlier release. What it ran
// itself stands in any case.
func (r *Reviews) cases(ctx context.Context, s Submission, release string) ([]CaseEvidence, error) {
	all, err := r.tested.CaseEvidence(ctx, s, release)
	if err != nil {
		return nil, err
	}
	own := make(map[string]bool)
	for _, c := range all {
		own[c.Case] = true
	}
	for _, in := range s.Required().Inherited {
		c, before, err := r.issuedFor(ctx, in.From)
		if err != nil {
			return nil, err
		}
		were, err := r.cases(ctx, before, c.Suite)
		if err != nil {
			return nil, fmt.Errorf("what certificate %s rests on: %w", in.From, err)
		}
		all = append(all, inherit(in, were, own)...)
	}
	return all, nil
}

// inherit gives the cases that are taken over. One that the certificate does not
// show either is open.
func inherit(in Inherited, were []CaseEvidence, own map[string]bool) (out []CaseEvidence) {
	shown := make(map[string]bool)
	for _, c := range were {
		shown[c.Case] = true
		if slices.Contains(in.Cases, c.Case) && !own[c.Case] {
			c.Inherited = in.From
			out = append(out, c)
		}
	}
	for _, id := range in.Cases {
		if !shown[id] && !own[id] {
			out = append(out, CaseEvidence{ID: id, Case: id, Inherited: in.From}.Described())
		}
	}
	return out
}

// issuedFor is a certificate, and the submission that it was issued for.
func (r *Reviews) issuedFor(ctx context.Context, serial string) (Certificate, Submission, error) {
	c, err := r.store.Certificate(ctx, serial)
	if err != nil {
		return c, Submission{}, err
	}
	s, err := r.store.Submission(ctx, c.Submission)
	return c, s, err
}

// relatives reads the certificate that the submission changes.
func (r *Reviews) relatives(ctx context.Context, rv *Review) error {
	s := &rv.Submission
	serial := s.follows()
	if serial == "" {
		return nil
	}
	c, before, err := r.issuedFor(ctx, serial)
	if err != nil {
		return fmt.Errorf("what it follows: %w", err)
	}
	rv.Source = &Source{c.Serial, c.State}
	were, err := r.cases(ctx, before, c.Suite)
	if err != nil {
		return fmt.Errorf("what certificate %s rests on: %w", serial, err)
	}
	rv.Compared = compare(serial, before, *s, were, rv.Cases)
	return nil
}

// attempts is how often a change is tried again that somebody else was faster with.
const attempts = 20

// change loads the review, lets act say what is to be stored, and stores it; when
// somebody else changed the submission meanwhile, all of that is done again, so
// that act judges what is stored upon.
func (r *Reviews) change(ctx context.Context, actor Actor, id string, act func(rv *Review, c *ReviewChange) error) (*Review, error) {
	var err error
	for range attempts {
		var rv *Review
		if rv, err = r.Review(ctx, id); err != nil {
			return nil, err
		}
		if r := mayReview(actor, &rv.ties); r != nil {
			return nil, r
		}
		c := ReviewChange{Was: rv.Submission.State, Submission: &rv.Submission}
		if err = act(rv, &c); err != nil {
			return nil, err
		}
		if err = r.store.SaveReview(ctx, c); err == nil {
			return r.Review(ctx, id)
		} else if !errors.Is(err, registry.ErrConflict) {
			return nil, err
		}
	}
	return nil, err
}

// mayReview says why the actor may not act on the submission as a reviewer. The
// token may reach less far than the account's roles.
func mayReview(actor Actor, ties *Ties) *Refusal {
	if !actor.Reviewer {
		return Refuse(ErrForbidden, "reviewer-only", "account %q does not act as a reviewer", actor.Account)
	}
	return ties.Against(actor.Account)
}

// inReview refuses what is only done while a submission is reviewed.
func inReview(s *Submission) error {
	if s.State != InReview {
		return Refuse(ErrState, "wrong-state", "submission %s is %s; want %s", s.ID, s.State, InReview)
	}
	return nil
}

// move takes the submission along the table of states.
func (c *ReviewChange) move(step Step) error {
	next, record, err := c.Submission.Move(step)
	*c.Submission = next
	c.Audit, c.Notices = append(c.Audit, record.Entries...), append(c.Notices, record.Notices...)
	return err
}

// note adds an audit entry.
func (c *ReviewChange) note(at time.Time, actor, action, subject, org string, detail any) error {
	e, err := audit.New(at, actor, action, subject, org, detail)
	c.Audit = append(c.Audit, e)
	return err
}

// tell adds a notice.
func (c *ReviewChange) tell(at time.Time, kind, subject, org string, data any) error {
	n, err := notice.New(at, kind, subject, org, data)
	c.Notices = append(c.Notices, n)
	return err
}

// write adds an entry.
func (c *ReviewChange) write(s *Submission, kind EntryKind, item, author string, at time.Time, entryID string, body any) error {
	raw, err := json.Marshal(body)
	c.Entries = append(c.Entries, ReviewEntry{
		ID: entryID, Submission: s.ID, Round: s.Round, Kind: kind, Item: item, Author: author, At: at, Body: raw,
	})
	return err
}

func newEntry() string { return id.New("ent") }

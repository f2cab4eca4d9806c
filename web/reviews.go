package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/registry"
)

// Reviewers are the pages of those who decide: submissions, regulatory documents and
// certificates.
type Reviewers struct{ ReviewersOptions }

// ReviewersOptions are what the pages work with; all are needed but Now.
type ReviewersOptions struct {
	Auth         *auth.Service
	Programme    *certification.Programme
	Reviews      *certification.Reviews
	Rig          *rig.Rig
	Life         *certification.Life
	Regulatory   *certification.Regulatory
	Certificates CertificateSource
	Now          func() time.Time
}

// NewReviewers makes the section.
func NewReviewers(o ReviewersOptions) *Reviewers {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Reviewers{o}
}

// Mount implements Section.
func (s *Reviewers) Mount(p *Pages) {
	reviewer := Only(auth.RoleReviewer)
	p.Get("/review", reviewer, s.queue)
	const at = "/review/submissions/{submission}"
	p.Get(at, reviewer, func(v *Visit) error { return s.show(v, nil) })
	for place, do := range map[string]func(v *Visit, id string, f *Form) error{
		"marks/{item}": s.mark, "waivers/{waiver}": s.waiver, "conditions": s.conditions, "comments": s.comment("public"), "approve": s.approve, "changes": s.changes,
		"repeat": s.repeat, "reject": s.reject, "takeback": s.takeBack, "class": s.class, "claim": s.claim,
	} {
		p.Post(at+"/"+place, reviewer, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.show(v, f) }, func(f *Form) (string, error) {
				id := v.Param("submission")
				return "/review/submissions/" + id, do(v, id, f)
			})
		})
	}
	p.Get(at+"/cases", reviewer, s.cases)
	p.Get(at+"/cases/{case}", reviewer, func(v *Visit) error { return s.showCase(v, nil) })
	for place, do := range map[string]func(v *Visit, id string, f *Form) error{"accept": s.accept, "waivers": s.propose, "comments": s.comment("public")} {
		p.Post(at+"/cases/{case}/"+place, reviewer, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.showCase(v, f) }, func(f *Form) (string, error) {
				id := v.Param("submission")
				return "/review/submissions/" + id + "/cases/" + v.caseID(), do(v, id, f)
			})
		})
	}
	s.mountPapers(p, reviewer)
	s.mountCertificates(p, reviewer)
}

const queueRows = 25

func (s *Reviewers) queue(v *Visit) error {
	p := &ReviewQueue{
		Page: Page{Title: v.Say("review.queue.title"), Wide: true}, Tab: "queue", State: v.Query("state"), Class: v.Query("class"), Looked: v.Query("who"),
		States:  []certification.SubmissionState{certification.InReview, certification.Testing, certification.ChangesRequested, certification.Approved},
		Classes: []certification.ChangeClass{certification.ClassA, certification.ClassB, certification.ClassC, certification.ClassD, certification.ClassE, certification.ClassF},
	}
	q := certification.QueueQuery{State: certification.SubmissionState(p.State), Unclaimed: p.Looked == "none", Limit: queueRows + 1}
	if !slices.Contains(p.States, q.State) {
		q.State, p.State = certification.InReview, string(certification.InReview)
	}
	if p.Looked == "me" {
		q.ClaimedBy = v.Actor.Account
	}
	if class := certification.ChangeClass(p.Class); p.Class == "first" || slices.Contains(p.Classes, class) {
		if p.Class == "first" {
			class = certification.FirstTime
		}
		q.Class = &class
	}
	if since, err := time.Parse(time.RFC3339Nano, v.Query("since")); err == nil {
		q.After = certification.QueueCursor{Since: since, ID: v.Query("after")}
	}
	var err error
	if p.Rows, err = s.Reviews.Queue(v.Context(), q); err != nil {
		return err
	}
	if p.Level, err = s.Reviews.ServiceLevel(v.Context()); err != nil {
		return err
	}
	if len(p.Rows) > queueRows {
		p.Rows = p.Rows[:queueRows]
		at := p.Rows[queueRows-1].Cursor()
		p.Next = "/review?" + url.Values{
			"state": {p.State}, "class": {p.Class}, "who": {p.Looked}, "since": {at.Since.UTC().Format(time.RFC3339Nano)}, "after": {at.ID},
		}.Encode()
	}
	var accounts []string
	for _, row := range p.Rows {
		for _, c := range row.Claims {
			accounts = append(accounts, c.Reviewer)
		}
	}
	p.People = v.people(accounts...)
	return v.Show("review-queue", p)
}

// show fills the page of a submission; sent is the form that was refused, or nil.
func (s *Reviewers) show(v *Visit, sent *Form) error {
	ctx, who, id := v.Context(), v.party(), v.Param("submission")
	rv, err := s.Reviews.ReviewFor(ctx, who, id)
	if err != nil {
		return err
	}
	sub := rv.Submission
	p := &ReviewPage{
		Page: Page{Title: sub.Product + " " + sub.Firmware.Version, Wide: true}, Review: rv, OrgName: s.orgName(ctx, sub.Org), Since: sub.UpdatedAt,
		Forms: newForms("/review/submissions/" + id).at(sub.Rev).with(sent),
	}
	p.Attention, _ = split(rv.Cases)
	runs, _, err := s.Rig.RunsOf(ctx, who, id)
	if err != nil {
		return err
	}
	p.Runs = runRows(runs, sub)
	p.Claimed = slices.ContainsFunc(rv.Claims, func(c certification.Claim) bool { return c.Reviewer == who.Account })
	p.Mine = (sub.State == certification.InReview || sub.State == certification.Approved) &&
		slices.ContainsFunc(rv.Decisions, func(d certification.Decision) bool {
			return d.Reviewer == who.Account && d.Kind == certification.Approve
		})
	p.MayConfirm = sub.Classification != nil && sub.Classification.ConfirmedBy == "" && !certification.Final(certification.SubmissionMoves, sub.State) && sub.State != certification.Draft
	for _, class := range []certification.ChangeClass{certification.ClassA, certification.ClassB, certification.ClassC, certification.ClassD, certification.ClassE, certification.ClassF} {
		p.ClassOptions = append(p.ClassOptions, Option{string(class), v.Say(fmt.Sprintf("class.%s", class))})
	}
	for i := range len(rv.Conditions) + 2 {
		row := ConditionRow{Name: fmt.Sprintf("text-%d", i), DueName: fmt.Sprintf("due-%d", i)}
		if i < len(rv.Conditions) {
			row.Text, row.Due = rv.Conditions[i].Text, rv.Conditions[i].Due.Format(time.DateOnly)
		}
		p.Conditions = append(p.Conditions, row)
	}
	p.People = v.people(s.everybody(rv)...)
	if sent != nil {
		return v.Again("review", p)
	}
	return v.Show("review", p)
}

// everybody are all whose names a review's pages say.
func (s *Reviewers) everybody(rv *certification.Review) []string {
	var out []string
	for _, d := range slices.Concat(rv.Decisions, rv.Earlier) {
		out = append(out, d.Reviewer)
	}
	for _, c := range rv.Comments {
		out = append(out, c.By)
	}
	for _, c := range rv.Claims {
		out = append(out, c.Reviewer)
	}
	for _, w := range rv.Waivers {
		out = append(out, w.ProposedBy, w.DecidedBy, w.EndedBy)
	}
	for _, i := range rv.Checklist {
		if i.Mark != nil {
			out = append(out, i.Mark.By)
		}
	}
	for _, c := range rv.Cases {
		if c.Accepted != nil {
			out = append(out, c.Accepted.By)
		}
	}
	if c := rv.Submission.Classification; c != nil {
		out = append(out, c.ConfirmedBy)
	}
	return out
}

// orgName is what people call an organisation; its id where that cannot be read.
func (s *Reviewers) orgName(ctx context.Context, org string) string {
	o, err := s.Auth.Org(ctx, auth.System, org)
	if err != nil {
		return org
	}
	return o.Name
}

func (s *Reviewers) mark(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.Mark(v.Context(), v.party(), id, certification.NewMark{Item: v.Param("item"), OK: f.Get("ok") == "yes", Note: f.Get("note"), Papers: f.Get("papers")})
	return beside(f, err, "note", "note")
}

// beside puts a refusal by one rule beside its field.
func beside(f *Form, err error, rule, field string) error {
	var one *certification.Refusal
	var several certification.Refusals
	if errors.As(err, &several) || !errors.As(err, &one) || one.Rule != rule {
		return err
	}
	f.Refuse(field, sentence(one.Detail))
	return nil
}

func (s *Reviewers) waiver(v *Visit, _ string, f *Form) error {
	var err error
	if f.Get("do") == "end" {
		_, err = s.Reviews.TakeBackWaiver(v.Context(), v.party(), v.Param("waiver"), f.Get("reason"))
	} else {
		_, err = s.Reviews.DecideWaiver(v.Context(), v.party(), v.Param("waiver"), f.Get("do") == "approve", f.Get("reason"))
	}
	return beside(f, err, "reason", "reason")
}

func (s *Reviewers) conditions(v *Visit, id string, f *Form) error {
	var list []certification.NewCondition
	for i := range 50 {
		text := f.Get(fmt.Sprintf("text-%d", i))
		if text == "" {
			continue
		}
		due := f.day(fmt.Sprintf("due-%d", i))
		list = append(list, certification.NewCondition{Text: text, Due: endOf(due)})
	}
	if !f.OK() {
		return nil
	}
	_, err := s.Reviews.SetConditions(v.Context(), v.party(), id, list)
	return err
}

// comment is a remark in general, or about the case of the address.
func (s *Reviewers) comment(box string) func(v *Visit, id string, f *Form) error {
	return func(v *Visit, id string, f *Form) error {
		_, err := s.Reviews.Comment(v.Context(), v.party(), id, certification.NewComment{Case: v.caseID(), Public: f.Checked(box), Text: f.Get("text")})
		return beside(f, err, "comment-text", "text")
	}
}

func rulingOf(f *Form) certification.Ruling {
	return certification.Ruling{Evidence: f.Get("evidence"), Reason: f.Get("reason"), Note: f.Get("note")}
}

func (s *Reviewers) approve(v *Visit, id string, f *Form) error {
	rv, err := s.Reviews.Approve(v.Context(), v.party(), id, rulingOf(f))
	if err != nil {
		return err
	}
	if rv.Submission.State == certification.Approved {
		v.Note("good", v.Say("review.approved-second"))
	} else {
		v.Note("info", v.Say("review.approved-first"))
	}
	return nil
}

func (s *Reviewers) changes(v *Visit, id string, f *Form) error {
	in := rulingOf(f)
	for line := range strings.SplitSeq(f.Get("asked"), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		asked := certification.Asked{Text: line}
		if before, after, ok := strings.Cut(line, ":"); ok && isCase(before) {
			asked = certification.Asked{Case: strings.TrimSpace(before), Text: strings.TrimSpace(after)}
		}
		in.Asked = append(in.Asked, asked)
	}
	_, err := s.Reviews.RequestChanges(v.Context(), v.party(), id, in)
	return beside(f, beside(f, err, "asked", "asked"), "reason", "reason")
}

// isCase says whether a text begins with the id of a case, with or without a member.
func isCase(text string) bool {
	id, _, _ := strings.Cut(strings.TrimSpace(text), "[")
	_, err := suite.Lookup(id)
	return err == nil
}

func (s *Reviewers) repeat(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.Repeat(v.Context(), v.party(), id, f.Get("reason"))
	return beside(f, err, "reason", "reason")
}

func (s *Reviewers) reject(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.Reject(v.Context(), v.party(), id, rulingOf(f))
	return beside(f, err, "reason", "reason")
}

func (s *Reviewers) takeBack(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.TakeBackApproval(v.Context(), v.party(), id, f.Get("reason"))
	return beside(f, err, "reason", "reason")
}

func (s *Reviewers) class(v *Visit, id string, f *Form) error {
	_, err := s.Programme.ConfirmClass(v.Context(), v.party(), id, f.Rev, certification.ChangeClass(f.Get("class")), f.Get("note"))
	return err
}

func (s *Reviewers) claim(v *Visit, id string, f *Form) error {
	if f.Get("do") == "leave" {
		return s.Reviews.Unclaim(v.Context(), v.party(), id)
	}
	return s.Reviews.Claim(v.Context(), v.party(), id)
}

// caseID is the case of the address, as WRITE-03[2.1]: browsers send its brackets escaped.
func (v *Visit) caseID() string {
	id, err := url.PathUnescape(v.Param("case"))
	if err != nil {
		return ""
	}
	return id
}

const casesPerPage = 50

func (s *Reviewers) cases(v *Visit) error {
	id := v.Param("submission")
	rv, err := s.Reviews.EvidenceFor(v.Context(), v.party(), id)
	if err != nil {
		return err
	}
	all := byNeed(rv.Cases)
	from := 1
	if asked := v.Query("from"); asked != "" {
		if from, err = strconv.Atoi(asked); err != nil || from < 1 || from > max(1, len(all)) {
			return fmt.Errorf("%w: from is %q, and there are cases 1 to %d", errUnreadable, asked, len(all))
		}
	}
	p := &CasesPage{
		Page:       Page{Title: v.Say("cases.title") + " · " + rv.Submission.Product, Wide: true},
		Submission: rv.Submission, Counts: rv.Counts, Of: len(all), From: from, Rows: all[min(from-1, len(all)):],
	}
	if len(p.Rows) > casesPerPage {
		p.Rows = p.Rows[:casesPerPage]
		p.Next = fmt.Sprintf("/review/submissions/%s/cases?from=%d", id, from+casesPerPage)
	}
	return v.Show("review-cases", p)
}

// A case of at most so many records is shown with all of them, as three in four are; of
// a longer one a part is. The transcript has all.
const (
	mostEvidence = 120
	someEvidence = 50
)

func (s *Reviewers) showCase(v *Visit, sent *Form) error {
	ctx, who, id := v.Context(), v.party(), v.Param("submission")
	rv, err := s.Reviews.EvidenceFor(ctx, who, id)
	if err != nil {
		return err
	}
	name := v.caseID()
	cases := byNeed(rv.Cases)
	at := slices.IndexFunc(cases, func(c certification.CaseEvidence) bool { return c.ID == name })
	if at < 0 {
		return errAbsent
	}
	c := cases[at]
	p := &CasePage{
		Page: Page{Title: c.ID + " · " + rv.Submission.Product, Wide: true}, Submission: rv.Submission, Case: c,
		Forms: newForms("/review/submissions/" + id + "/cases/" + c.ID).at(rv.Submission.Rev).with(sent), People: v.people(s.everybody(rv)...), Marked: map[int]bool{},
	}
	if at > 0 {
		p.Before = cases[at-1].ID
	}
	if at+1 < len(cases) {
		p.After = cases[at+1].ID
	}
	s.compareCase(rv, p)
	for _, comment := range rv.Comments {
		if comment.Case == c.ID {
			p.Comments = append(p.Comments, comment)
		}
	}
	for _, w := range rv.Waivers {
		if slices.Contains(w.Cases, c.ID) {
			p.Waivers = append(p.Waivers, w)
		}
	}
	open := rv.Submission.State == certification.InReview
	p.MayAccept = open && c.Verdict == suite.Review && c.Accepted == nil
	p.MayWaive = open && (c.Verdict == suite.Fail || c.Verdict == suite.Skipped || c.Verdict == suite.Inconclusive)
	if refused := certification.Waivable(c.Requirement); p.MayWaive && refused != nil {
		p.MayWaive, p.WhyNotWaive = false, sentence(refused.Detail)
	}
	if err := s.records(ctx, who, p); err != nil {
		return err
	}
	if sent != nil {
		return v.Again("review-case", p)
	}
	return v.Show("review-case", p)
}

// compareCase puts what was found in the certified version beside the case.
func (s *Reviewers) compareCase(rv *certification.Review, p *CasePage) {
	if rv.Compared == nil {
		return
	}
	for _, change := range rv.Compared.Cases {
		if change.ID == p.Case.ID && change.Before != "" {
			p.Was = &certification.CaseEvidence{ID: change.ID, Verdict: change.Before, Findings: change.Was}
			p.WasSerial, p.WasFirmware = rv.Compared.Serial, rv.Compared.Firmware.Before.Version
		}
	}
}

// records are those of the attempt that the verdict comes from: all of them, or those
// around what the findings name where there are too many.
func (s *Reviewers) records(ctx context.Context, who certification.Actor, p *CasePage) error {
	c := &p.Case
	if c.Run == "" {
		return nil
	}
	f := rig.Filter{From: c.First, To: c.Last, Limit: mostEvidence}
	for _, found := range c.Findings {
		for _, n := range found.Records {
			p.Marked[n] = true
		}
	}
	if c.Last-c.First >= mostEvidence {
		p.Partly, f.Limit, f.Near = true, someEvidence, slices.Collect(maps.Keys(p.Marked))
	}
	page, err := s.Rig.Records(ctx, who, c.Run, c.Transcript, f)
	switch {
	case spoiled(err), errors.Is(err, registry.ErrNotFound): // the findings stay
		p.Broken = sentence(err.Error())
		return nil
	case err != nil:
		return err
	}
	for _, r := range page.Records {
		p.Records = append(p.Records, recordView(r))
	}
	return nil
}

// spoiled says that evidence is not what was stored, or is lost. Whoever looks at it
// has to know.
func spoiled(err error) bool {
	return errors.Is(err, transcript.ErrForged) || errors.Is(err, blob.ErrNotFound)
}

func (s *Reviewers) accept(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.Accept(v.Context(), v.party(), id, v.caseID(), f.Get("run"), f.Get("note"))
	return beside(f, err, "note", "note")
}

func (s *Reviewers) propose(v *Visit, id string, f *Form) error {
	caseID := v.caseID()
	rv, err := s.Reviews.EvidenceFor(v.Context(), v.party(), id)
	if err != nil {
		return err
	}
	until := endOf(f.day("until"))
	if !f.OK() {
		return nil
	}
	requirement := ""
	for _, c := range rv.Cases {
		if c.ID == caseID {
			requirement = c.Requirement
		}
	}
	_, err = s.Reviews.ProposeWaiver(v.Context(), v.party(), id, certification.NewWaiver{
		Requirement: requirement, Cases: []string{caseID}, Scope: f.Get("scope"), Reason: f.Get("reason"), Until: until,
	})
	return beside(f, beside(f, err, "waiver-reason", "reason"), "waiver-date", "until")
}

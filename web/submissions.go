package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

func (s *Startups) mountSubmission(p *Pages, member Access) {
	const at = "/submissions/{submission}"
	p.Get(at, member, func(v *Visit) error { return s.showSubmission(v, nil) })
	for place, do := range map[string]func(v *Visit, id string, f *Form) error{
		"submit":         s.submit,
		"withdraw":       s.withdraw,
		"reopen":         s.reopen,
		"answer":         s.answer,
		"request-review": s.requestReview,
		"facts":          s.saveFacts,
		"declaration":    s.saveDeclaration,
		"change":         s.stateChange,
		"comments":       s.comment,
		"rotate":         s.rotate,
	} {
		p.Post(at+"/"+place, member, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.showSubmission(v, f) }, func(f *Form) (string, error) {
				id := v.Param("submission")
				return "/submissions/" + id, do(v, id, f)
			})
		})
	}
	p.Post(at+"/runs", member, s.startRun)
	p.Post(at+"/documents", member, s.addDocument)
	p.Post(at+"/documents/{document}/remove", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.showSubmission(v, f) }, func(f *Form) (string, error) {
			id := v.Param("submission")
			_, err := s.Programme.RemoveDocument(v.Context(), v.party(), id, f.Rev, v.Param("document"))
			return "/submissions/" + id + "#documents", err
		})
	})
}

// showSubmission fills the page; sent is the form that was refused, or nil.
func (s *Startups) showSubmission(v *Visit, sent *Form) error {
	ctx, who, id := v.Context(), v.party(), v.Param("submission")
	sub, err := s.Programme.Submission(ctx, who, id)
	if err != nil {
		return err
	}
	title := strings.TrimSpace(cmp.Or(sub.Product, sub.Model, sub.ID) + " " + sub.Firmware.Version)
	p := &SubmissionPage{
		Page: Page{Title: title, Wide: true}, Submission: sub, Mine: who.Of(sub.Org), Way: wayOf(sub.State),
		Forms: newForms("/submissions/" + sub.ID).at(sub.Rev).with(sent),
	}
	p.MayReopen, p.MayWithdraw = reopens(sub.State), mayMove(sub.State, certification.Withdrawn)
	p.MayDocument = p.Mine && sub.State.Editable()
	p.MayComment = p.Mine && sub.State != certification.Draft && !certification.Final(certification.SubmissionMoves, sub.State)
	for _, fill := range []func(context.Context, certification.Actor, *SubmissionPage) error{s.fillPapers, s.fillRuns, s.fillReview, s.fillHistory} {
		if err := fill(ctx, who, p); err != nil {
			return err
		}
	}
	s.fillForms(v, p)
	var accounts []string
	for _, c := range p.Comments {
		accounts = append(accounts, c.By)
	}
	for _, e := range p.History {
		accounts = append(accounts, e.Who)
	}
	if p.Mine {
		members, err := s.Auth.Members(ctx, v.Actor, sub.Org)
		if err != nil {
			return err
		}
		p.Team = map[string]bool{sub.CreatedBy: true}
		for _, m := range members {
			p.Team[m.Account] = true
		}
	}
	p.People = v.people(accounts...)
	for i := range p.History {
		p.History[i].Who = v.historian(p, p.History[i].Who)
	}
	if sent != nil {
		return v.Again("submission", p)
	}
	return v.Show("submission", p)
}

func (s *Startups) fillPapers(ctx context.Context, who certification.Actor, p *SubmissionPage) error {
	sub := &p.Submission
	docs, err := s.Programme.Documents(ctx, who, sub.ID)
	if err != nil {
		return err
	}
	p.Kinds = kindsOf(docs)
	found, err := s.Programme.ScreeningOf(ctx, who, sub.ID)
	switch {
	case err == nil && found.Round == sub.Round:
		p.Screened = &found
	case err != nil && !errors.Is(err, registry.ErrNotFound): // it was never screened
		return err
	}
	if p.Statement = cmp.Or(sub.Previous, sub.Parent); p.Statement == "" {
		return nil
	}
	p.Change, err = certification.ChangeOf(*sub)
	return err
}

func (s *Startups) fillRuns(ctx context.Context, who certification.Actor, p *SubmissionPage) error {
	sub := &p.Submission
	runs, _, err := s.Rig.RunsOf(ctx, who, sub.ID)
	if err != nil {
		return err
	}
	p.Runs = runRows(runs, *sub)
	if sub.State != certification.Testing && sub.State != certification.ChangesRequested {
		return nil
	}
	d, err := s.Rig.Dossier(ctx, who, sub.ID)
	if err != nil {
		return err
	}
	p.Missing = d.Missing
	if !p.Mine {
		return nil
	}
	access, err := s.Rig.Access(ctx, who, sub.ID)
	if err != nil {
		return err
	}
	p.Access = &access
	return nil
}

// runRows puts the newest run first.
func runRows(runs []certification.Run, sub certification.Submission) []RunRow {
	rows := make([]RunRow, 0, len(runs))
	for _, run := range slices.Backward(runs) {
		counts, why := rig.Counts(run, sub, suite.Release)
		rows = append(rows, RunRow{run, counts, why})
	}
	return rows
}

func (s *Startups) fillReview(ctx context.Context, who certification.Actor, p *SubmissionPage) error {
	if p.Submission.State == certification.Draft && p.Submission.Round == 1 {
		return nil // nobody has said anything of it
	}
	f, err := s.Reviews.Feedback(ctx, who, p.Submission.ID)
	if err != nil {
		return err
	}
	p.Asked, p.Comments, p.Decisions, p.Waivers = f.Asked, f.Comments, f.Decisions, f.Waivers
	if p.Submission.State != certification.Certified {
		return nil
	}
	held, err := s.Holders.CertificatesOfOrg(ctx, p.Submission.Org)
	for _, c := range held {
		if c.Submission == p.Submission.ID {
			p.Certificate = c.Serial
		}
	}
	return err
}

// mostHistory is how much of a submission's history its page has.
const mostHistory = 100

func (s *Startups) fillHistory(ctx context.Context, _ certification.Actor, p *SubmissionPage) error {
	found, err := s.Audit.Entries(ctx, audit.Query{Subject: p.Submission.ID, Org: p.Submission.Org, Limit: mostHistory})
	for _, e := range found {
		// What reviewers decide among themselves comes to the vendor as feedback.
		what, ok := strings.CutPrefix(e.Action, "submission.")
		if ok && !slices.Contains(reviewersOwn, what) {
			p.History = append(p.History, DeedView{what, e.Actor, e.At})
		}
	}
	return err
}

// historian is who did something, as far as a vendor is to know: people of the
// organisation by name, a reviewer as one.
func (v *Visit) historian(p *SubmissionPage, account string) string {
	if p.Team[account] || account == audit.System || !p.Mine {
		return p.People.Who(account)
	}
	return v.Say("submission.reviewer")
}

var reviewersOwn = []string{
	"approval-given", "approval-taken-back", "item-marked", "verdict-accepted", "conditions-set",
}

// fillForms makes the forms that have values to begin with.
func (s *Startups) fillForms(v *Visit, p *SubmissionPage) {
	sub := &p.Submission
	p.Plans = []Option{{string(suite.Quick), v.Say("submission.plan.quick")}, {string(suite.Full), v.Say("submission.plan.full")}, {string(suite.Soak), v.Say("submission.plan.soak")}}
	p.Transports = []Option{{"", v.Say("submission.transport.best")}, {bench.TLS, "TLS"}, {bench.TCP, "TCP"}}
	for n := range rig.MaxRepeat + 1 {
		p.Repeats = append(p.Repeats, Option{strconv.Itoa(n), v.Say("submission.times", n)})
	}
	for _, k := range certification.DocumentKinds {
		p.KindOptions = append(p.KindOptions, Option{k.Kind, v.Say(fmt.Sprintf("document.%s", k.Kind))})
	}
	p.Parts = []Option{{"", "–"}}
	for _, part := range certification.Parts() {
		p.Parts = append(p.Parts, Option{string(part), string(part)})
	}
	for i := range 4 {
		p.ChangeRows = append(p.ChangeRows, ConditionRow{Name: fmt.Sprintf("part-%d", i), DueName: fmt.Sprintf("what-%d", i)})
	}
	p.SpecOptions = s.specOptions(v, sub)
	var units certification.Units
	if sub.Units != nil {
		units = *sub.Units
	}
	p.FactsForm = p.Forms.Of(
		"facts", "unit-secret", units.SecretSHA256, "second-secret", units.Second.SecretSHA256, "second-did", units.Second.DID, "second-serial", units.Second.Serial, "product", sub.Product, "spec", "", "version", sub.Firmware.Version, "sha256", sub.Firmware.SHA256, "hardware", strings.Join(sub.Hardware, ", "),
		"regions", strings.Join(sub.Regions, ", "), "module", sub.Platform.Module, "platform", sub.Platform.Firmware, "previous", sub.Previous, "parent", sub.Parent,
	)
	text := string(sub.Declaration)
	if text != "" {
		text = pretty(sub.Declaration)
	}
	if text == "" || v.Query("declaration") == "new" {
		text = ""
		if spec, err := miot.Parse(sub.Spec); err == nil {
			if begun, err := suite.InitDeclaration(spec); err == nil {
				text = string(begun)
			}
		}
	}
	p.DeclarationForm = p.Forms.Of("declaration", "declaration", text)
}

// specOptions are the versions of the product's document; the present one is kept
// unless another one is chosen.
func (s *Startups) specOptions(v *Visit, sub *certification.Submission) []Option {
	out := []Option{{"", v.Say("submission.spec-keep", cmp.Or(sub.SpecURN, "–"))}}
	products, err := s.Registry.ProductsOf(v.Context(), sub.Org, "", mostListed)
	if err != nil {
		return out // the other facts can be saved all the same
	}
	for _, product := range products {
		if sub.Model != "" && product.Model != sub.Model {
			continue
		}
		specs, err := s.Registry.Specs(v.Context(), product.ID)
		if err != nil {
			return out
		}
		for _, spec := range specs {
			out = append(out, Option{spec.ID, fmt.Sprintf("%s %d", product.Name, spec.Version)})
		}
	}
	return out
}

func (s *Startups) submit(v *Visit, id string, f *Form) error {
	_, err := s.Programme.Submit(v.Context(), v.party(), id, f.Rev)
	return err
}

func (s *Startups) withdraw(v *Visit, id string, f *Form) error {
	_, err := s.Programme.Withdraw(v.Context(), v.party(), id, f.Rev, f.Get("reason"))
	return err
}

func (s *Startups) reopen(v *Visit, id string, f *Form) error {
	_, err := s.Programme.Reopen(v.Context(), v.party(), id, f.Rev, f.Get("reason"))
	return err
}

func (s *Startups) answer(v *Visit, id string, f *Form) error {
	_, err := s.Programme.Answer(v.Context(), v.party(), id, f.Rev, f.Get("answer"))
	return err
}

func (s *Startups) requestReview(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.Request(v.Context(), v.party(), id, f.Rev)
	return err
}

func (s *Startups) comment(v *Visit, id string, f *Form) error {
	_, err := s.Reviews.Comment(v.Context(), v.party(), id, certification.NewComment{Public: true, Text: f.Get("text")})
	return err
}

func (s *Startups) rotate(v *Visit, id string, _ *Form) error {
	_, err := s.Rig.RotateSecret(v.Context(), v.party(), id)
	return err
}

func (s *Startups) saveFacts(v *Visit, id string, f *Form) error {
	product, previous, parent := f.Get("product"), f.Get("previous"), f.Get("parent")
	hardware, regions := listed(f.Get("hardware")), listed(f.Get("regions"))
	e := certification.Edit{
		Product: &product, Hardware: &hardware, Regions: &regions, Previous: &previous, Parent: &parent,
		Firmware: &certification.Firmware{Version: f.Get("version"), SHA256: f.Get("sha256")},
		Platform: &certification.Platform{Module: f.Get("module"), Firmware: f.Get("platform")},
	}
	units := certification.Units{
		SecretSHA256: f.Get("unit-secret"), Second: suite.Unit{DID: f.Get("second-did"), Serial: f.Get("second-serial"), SecretSHA256: f.Get("second-secret")},
	}
	if units != (certification.Units{}) {
		e.Units = &units
	}
	if chosen := f.Get("spec"); chosen != "" {
		spec, err := s.Registry.Spec(v.Context(), chosen)
		if err != nil {
			return err
		}
		e.Spec = spec.Document
	}
	_, err := s.Programme.EditSubmission(v.Context(), v.party(), id, f.Rev, e)
	return err
}

func (s *Startups) saveDeclaration(v *Visit, id string, f *Form) error {
	_, err := s.Programme.EditSubmission(v.Context(), v.party(), id, f.Rev, certification.Edit{Declaration: []byte(f.Raw("declaration"))})
	var one *certification.Refusal
	if errors.As(err, &one) && one.Rule == "declaration-form" {
		f.Refuse("declaration", sentence(one.Detail))
		return nil
	}
	return err
}

func (s *Startups) stateChange(v *Visit, id string, f *Form) error {
	sub, err := s.Programme.Submission(v.Context(), v.party(), id)
	if err != nil {
		return err
	}
	statement := certification.StatementFor(sub)
	for i := range 4 {
		part, what := f.Get(fmt.Sprintf("part-%d", i)), f.Get(fmt.Sprintf("what-%d", i))
		if part != "" || what != "" {
			statement.Changes = append(statement.Changes, certification.DeclaredChange{Part: certification.Part(part), What: what})
		}
	}
	text, err := json.Marshal(statement)
	if err == nil {
		_, err = s.Programme.StateChange(v.Context(), v.party(), id, f.Rev, text)
	}
	return err
}

func (s *Startups) startRun(v *Visit) error {
	return v.act(func(f *Form) error { return s.showSubmission(v, f) }, func(f *Form) (string, error) {
		return v.Once(f, func() (string, error) {
			repeat, err := strconv.Atoi(cmp.Or(f.Get("repeat"), "0"))
			if err != nil {
				repeat = -1 // the rig says what it takes
			}
			run, err := s.Rig.Start(v.Context(), v.party(), v.Param("submission"), rig.Wanted{
				Plan: suite.Plan(f.Get("plan")), Cases: listed(f.Get("cases")), Transport: f.Get("transport"), Repeat: repeat,
			})
			return "/runs/" + run.ID, err
		})
	})
}

// mostUploaded bounds a form with a file: the largest kind, and its other fields.
var mostUploaded = media.Limit([]media.Kind{media.Firmware, media.Gzip, media.ZIP, media.Pcap}) + 1<<20

func (s *Startups) addDocument(v *Visit) error {
	f, err := v.FormWithFiles(mostUploaded)
	if err != nil {
		return err
	}
	return v.actOn(f, func(f *Form) error { return s.showSubmission(v, f) }, func(f *Form) (string, error) {
		id := v.Param("submission")
		_, _, err := s.Programme.Upload(v.Context(), v.party(), id, f.Rev, f.Get("kind"), func(ctx context.Context, accept []media.Kind) (certification.Taken, error) {
			return v.take(s.Blobs, f, accept)
		})
		return "/submissions/" + id + "#documents", err
	}, filePlaces...)
}

var (
	errNoFile    = errors.New("choose a file first")
	errFile      = errors.New("the file is not taken")
	errFileLarge = errors.New("the file is too large")
	filePlaces   = []Place{{errNoFile, "file"}, {errFile, "file"}, {errFileLarge, "file"}}
)

// take stores the file of a form's field of that name, if it is one of the kinds.
func (v *Visit) take(blobs blob.Store, f *Form, accept []media.Kind) (certification.Taken, error) {
	taken, _, err := v.takeMedia(blobs, f, "file", accept)
	return taken, err
}

// takeMedia also says what was found in the file.
func (v *Visit) takeMedia(blobs blob.Store, f *Form, field string, accept []media.Kind) (taken certification.Taken, is media.Media, err error) {
	file, head, err := v.r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, fs.ErrNotExist) {
		return taken, is, errNoFile
	}
	if err != nil {
		return taken, is, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	defer file.Close()
	limit := media.Limit(accept)
	ref, err := blobs.Put(v.Context(), file, limit, func(content blob.Content, size int64) error {
		found, err := media.Inspect(head.Filename, content, size, accept)
		taken.Kind, is = found.Kind, found
		return err
	})
	var refused *media.Refusal
	switch {
	case errors.As(err, &refused):
		f.Refuse(field, sentence(refused.Error()))
		return taken, is, fmt.Errorf("%w: %w", errFile, err)
	case errors.Is(err, blob.ErrTooLarge):
		return taken, is, fmt.Errorf("%w: %q has more than %s", errFileLarge, head.Filename, byteSize(limit))
	}
	taken.Name, taken.SHA256, taken.Size = head.Filename, ref.SHA256, ref.Size
	return taken, is, err
}

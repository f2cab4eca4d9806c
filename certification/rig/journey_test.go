//go:build !race

package rig_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/rehearsal"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// TestTheJourneyOfAProduct goes the whole way with the parts that the service has:
// papers, screening, runs, reviews, issuing, log and status list, over a real store.
// The device is a virtual lamp over TLS in memory, and the clock is the bubble's:
// the whole catalogue with its day of soak, then what class B asks for.
//
// What is not real: the wire, the clock, and that the parts are called here one after
// the other where the service's jobs do.
func TestTheJourneyOfAProduct(t *testing.T) {
	if testing.Short() {
		t.Skip("two virtual days")
	}
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "proofmark.db") },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := url(t)
			synctest.Test(t, func(t *testing.T) { travel(t, at) })
		})
	}
}

func travel(t *testing.T, url string) {
	time.Sleep(time.Until(time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)))
	j := setOut(t, url)
	defer func() { must(t, j.rig.Close(ctx)) }()

	// The first firmware fails.
	sub := j.draft("1.0.0", certification.Edit{})
	sub = j.screened(sub)
	j.mutant = "clamps"
	run := j.run(sub, suite.Quick)
	if run.Summary == nil || run.Summary.Verdict != suite.Fail {
		t.Fatalf("the mutant's run came to %+v", run.Summary)
	}
	_, err := j.reviews.Request(ctx, j.maker, sub.ID, sub.Rev)
	refused(t, err, "runs-missing")

	// The next one does not.
	j.mutant = ""
	sub = get(j.programme.Reopen(ctx, j.maker, sub.ID, sub.Rev, "it clamps what is out of range"))(t)
	sub = get(j.programme.EditSubmission(ctx, j.maker, sub.ID, sub.Rev, j.firmware("1.0.1")))(t)
	sub = j.screened(sub)
	if sub.Round != 2 {
		t.Errorf("round %d after another firmware, want 2", sub.Round)
	}
	if d := get(j.rig.Outcomes(ctx, sub.ID))(t); len(d.Stale) != 1 || len(d.Outcomes) != 0 {
		t.Errorf("%d outcomes, stale runs %v", len(d.Outcomes), d.Stale)
	}
	j.runs(sub)
	first := j.certified(sub)
	if first.Follows != "" || len(first.Runs) != 2 || len(first.Firmware) != 1 || first.Firmware[0] != sub.Firmware {
		t.Errorf("certificate %+v", first)
	}
	j.verifies(first, certification.Valid, "")
	j.listing("no document of")
	j.papers()
	j.listing("")

	// What was promised by a date is not there, and then it is.
	time.Sleep(31 * 24 * time.Hour)
	j.tick()
	first = j.verifies(first, certification.NotValid, "a condition was not met")
	j.listing("suspended")
	first = get(j.life.MeetCondition(ctx, j.reviewers[1], first.Serial, first.Rev, first.Conditions[0].ID, "seen on the maker's site"))(t)
	first = get(j.life.Reinstate(ctx, j.reviewers[0], first.Serial, first.Rev, "the support period is published"))(t)
	first = j.verifies(first, certification.Valid, "")
	j.listing("")

	// A new application firmware runs what may have broken, with a soak of four hours.
	next := j.draft("1.1.0", certification.Edit{Previous: &first.Serial})
	statement := certification.StatementFor(next)
	statement.Changes = []certification.DeclaredChange{{Part: certification.PartApplication, What: "the night light fades in"}}
	next = get(j.programme.StateChange(ctx, j.maker, next.ID, next.Rev, get(json.Marshal(statement))(t)))(t)
	next = j.screened(next)
	if r := next.Required(); next.Class != certification.ClassB || len(r.Inherited) != 1 || r.Inherited[0].From != first.Serial || r.Runs[1].SoakHours != suite.ShortSoak {
		t.Fatalf("class %q requires %+v", next.Class, r)
	}
	next = get(j.programme.ConfirmClass(ctx, j.reviewers[0], next.ID, next.Rev, certification.ClassB, ""))(t)
	j.runs(next)
	second := j.certified(next)
	if second.Follows != first.Serial || second.Class != certification.ClassB {
		t.Errorf("certificate %+v", second)
	}
	j.verifies(second, certification.Valid, "")
	first = j.verifies(first, certification.NotValid, "superseded by "+second.Serial)
	if first.SupersededBy != second.Serial {
		t.Errorf("%s is superseded by %q", first.Serial, first.SupersededBy)
	}
	j.listing("")

	// Two people revoke it; what was proposed is nothing yet.
	second = get(j.life.ProposeRevocation(ctx, j.reviewers[0], second.Serial, second.Rev, "its heater stays on for ever"))(t)
	second = j.verifies(second, certification.Valid, "")
	_, err = j.life.Revoke(ctx, j.reviewers[0], second.Serial, second.Rev)
	refused(t, err, "two-to-revoke")
	second = get(j.life.Revoke(ctx, j.reviewers[1], second.Serial, second.Rev))(t)
	j.verifies(second, certification.NotValid, "revoked")
	j.verifies(first, certification.NotValid, "superseded")
	j.listing("revoked")
}

// journey is a world with everybody and everything that certifies.
type journey struct {
	*world
	rig        *rig.Rig
	programme  *certification.Programme
	reviews    *certification.Reviews
	issuer     *certification.Issuer
	signing    *signing.Keys
	log        *translog.Log
	life       *certification.Life
	regulatory *certification.Regulatory
	gate       *certification.Gate
	status     *certification.StatusDesk

	accounts  *auth.Service
	maker     certification.Actor
	reviewers [2]certification.Actor
	spec      []byte
	mutant    string // what the device is; a conforming one when empty
	paper     string // a file for answers that want one
}

const origin = "proofmark.example/log"

func setOut(t testing.TB, url string) *journey {
	t.Helper()
	return setOutWith(t, url, miot.Sample("lamp"))
}

// setOutWith is for another product than the lamp.
func setOutWith(t testing.TB, url string, spec []byte) *journey {
	t.Helper()
	j := &journey{world: newWorld(t, url), spec: spec}
	store := j.db.Programme()
	j.people()

	reg := registry.New(registry.Options{Store: j.db.Registry(), Bus: j.bus})
	_, _, err := reg.CreateProductOf(ctx, j.org, "Glow", j.spec)
	must(t, err)

	j.programme = certification.NewProgramme(certification.ProgrammeOptions{Store: store, Files: j.blobs})
	o := j.options()
	o.AttachBy(j.attach)
	o.Poll, o.Lease = 10*time.Minute, time.Hour // nobody else is there
	o.Papers = func(ctx context.Context, sub certification.Submission) (rig.Papers, error) {
		docs, previous, err := j.programme.Papers(ctx, sub)
		return rig.Papers{Documents: docs, Previous: previous}, err
	}
	j.rig = rig.New(o)
	must(t, j.rig.Open(ctx))
	j.reviews = certification.NewReviews(store, j.rig, nil)

	j.signing = get(signing.Open(ctx, filepath.Join(j.dir, "keys"), j.db.Signing(), time.Now().UTC()))(t)
	j.log = translog.New(j.db.Log())
	j.issuer = certification.NewIssuer(certification.IssuerOptions{
		Store: store, Approvals: store, Ready: j.reviews, Keys: j.signing, Log: j.log, Origin: origin, URL: "https://proofmark.example",
	})
	j.life, j.regulatory = certification.NewLife(store, nil, nil), certification.NewRegulatory(store, nil)
	j.gate, j.status = certification.NewGate(store, nil), certification.NewStatusDesk(store, j.signing, nil)
	file := get(j.blobs.Put(ctx, strings.NewReader("what was seen at the device"), 1<<10))(t)
	j.paper = file.SHA256
	return j
}

// people are a maker with an organisation, and two reviewers.
func (j *journey) people() {
	j.Helper()
	s := auth.NewService(j.db.Auth(), nil)
	j.accounts = s
	j.Cleanup(s.Close)
	account := func(name string) string { return get(s.CreateAccount(ctx, name))(j).ID }
	who := account("maker")
	org := get(s.CreateOrg(ctx, auth.Actor{Account: who, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{Name: "Aurora", LegalName: "Aurora Ltd", Country: "IN"}))(j)
	j.org = org.ID
	j.maker = certification.Actor{Account: who, Orgs: []string{j.org}}
	for i := range j.reviewers {
		who := account(fmt.Sprintf("reviewer %d", i+1))
		must(j, s.GrantRole(ctx, auth.System, who, auth.RoleReviewer))
		j.reviewers[i] = certification.Actor{Account: who, Reviewer: true}
	}
}

// attach is the device of a submission: it does what the submission declares, but
// for what the mutant breaks.
func (j *journey) attach(run certification.Run, secret string) (func(context.Context, *bench.Bench) error, error) {
	sub, err := j.db.Programme().Submission(ctx, run.Submission)
	if err != nil {
		return nil, err
	}
	spec, err := miot.Parse(sub.Spec)
	if err != nil {
		return nil, err
	}
	d, err := sub.Declared()
	if err != nil {
		return nil, err
	}
	c := virtual.Config{
		Spec: spec, DID: run.DID, Secret: secret, Serial: d.Serial, Firmware: d.Firmware, KeepAlive: time.Duration(d.KeepAlive) * time.Second,
		TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Seed: 1,
	}
	if err := rehearsal.Declared(&c, d); err != nil {
		return nil, err
	}
	if j.mutant != "" {
		m, err := virtual.FindMutant(j.mutant)
		if err != nil {
			return nil, err
		}
		m.Apply(&c)
	}
	device, err := rehearsal.New(c)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.devices[run.ID] = device
	return device.Attach, nil
}

// firmware is another image, declared.
func (j *journey) firmware(version string) certification.Edit {
	j.Helper()
	spec := get(miot.Parse(j.spec))(j)
	d := suite.Conforming(spec, "declared")
	d.Firmware, d.Hardware = version, ""
	return certification.Edit{
		Firmware:    &certification.Firmware{Version: version, SHA256: sum("firmware " + version)},
		Declaration: get(json.Marshal(d))(j),
	}
}

func ptr[V any](v V) *V { return &v }

// draft makes a whole submission.
func (j *journey) draft(version string, more certification.Edit) certification.Submission {
	j.Helper()
	e := j.firmware(version)
	e.Product, e.Hardware, e.Regions, e.Spec, e.Previous = ptr("Glow"), ptr([]string{"A1"}), ptr([]string{"IN"}), j.spec, more.Previous
	e.Units = &certification.Units{SecretSHA256: sum("secret 1"), Second: suite.Unit{DID: "lamp-2", Serial: "SN-2", SecretSHA256: sum("secret 2")}}
	e.Platform = &certification.Platform{Module: "WM-32C3 rev 2", Firmware: "aurora-core 4.2.0"}
	sub := get(j.programme.CreateSubmission(ctx, j.maker, j.org, e))(j)
	for _, doc := range [][3]string{
		{certification.BillOfGoods, "bill.cdx.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"lwip","version":"2.2.0"}]}`},
		{certification.Disclosure, "policy.txt", "Write to security@aurora.example.\n"},
	} {
		var err error
		_, sub, err = j.programme.Upload(ctx, j.maker, sub.ID, sub.Rev, doc[0], j.received(doc[1], doc[2]))
		must(j, err)
	}
	return sub
}

// received is a file as internal/api takes it.
func (j *journey) received(name, content string) func(context.Context, []media.Kind) (certification.Taken, error) {
	return func(ctx context.Context, accept []media.Kind) (certification.Taken, error) {
		taken := certification.Taken{Name: name}
		ref, err := j.blobs.Put(ctx, strings.NewReader(content), media.Limit(accept), func(c blob.Content, size int64) error {
			m, err := media.Inspect(name, c, size, accept)
			taken.Kind = m.Kind
			return err
		})
		taken.SHA256, taken.Size = ref.SHA256, ref.Size
		return taken, err
	}
}

// screened submits, and does what the job does.
func (j *journey) screened(sub certification.Submission) certification.Submission {
	j.Helper()
	get(j.programme.Submit(ctx, j.maker, sub.ID, sub.Rev))(j)
	must(j, j.programme.Screen(ctx, sub.ID))
	sub = j.read(sub.ID)
	if sub.State != certification.Testing {
		j.Fatalf("after screening it is %s (%s): %+v", sub.State, sub.Reason, get(j.programme.ScreeningOf(ctx, j.maker, sub.ID))(j).Findings)
	}
	return sub
}

func (j *journey) read(id string) certification.Submission {
	j.Helper()
	return get(j.db.Programme().Submission(ctx, id))(j)
}

// runs makes every run that the submission requires.
func (j *journey) runs(sub certification.Submission) {
	j.Helper()
	for _, required := range sub.Required().Runs {
		run := j.run(sub, required.Plan)
		if run.State != certification.RunFinished || run.SoakHours != required.SoakHours {
			j.Fatalf("run of plan %s is %s (%s), with a soak of %d h", run.Plan, run.State, run.Reason, run.SoakHours)
		}
		j.Logf("plan %s: %v of virtual time, %v", run.Plan, run.EndedAt.Sub(run.StartedAt).Round(time.Minute), run.Summary.Counts)
	}
}

// run makes one, and answers what it asks.
func (j *journey) run(sub certification.Submission, plan suite.Plan) certification.Run {
	j.Helper()
	run := get(j.rig.Start(ctx, j.maker, sub.ID, rig.Wanted{Plan: plan, Transport: bench.TLS}))(j)
	for {
		got := get(j.rig.Wait(ctx, j.maker, run.ID))(j)
		if got.State.Ended() {
			return got
		}
		j.operates(run.ID)
	}
}

// operates does at the device what is asked, with a file where one is wanted.
func (j *journey) operates(run string) {
	j.Helper()
	for _, q := range get(j.rig.Questions(ctx, j.maker, run))(j) {
		if q.State != certification.QuestionOpen {
			continue
		}
		a, err := j.device(run).Ask(ctx, bench.Question{ID: q.ID, Kind: q.Kind, Text: q.Text, Evidence: q.Evidence, For: q.For, SIID: q.SIID, PIID: q.PIID, EIID: q.EIID, Value: q.Value})
		if err != nil {
			a = transcript.Answer{Answer: "skip", Note: err.Error()}
		}
		if q.Kind == bench.Upload { // what a capture shows, nobody sees at software
			a = transcript.Answer{Answer: "yes", File: j.paper}
		}
		if a.File != "" {
			a.File = j.paper
			_, err := j.rig.KeepFile(ctx, j.maker, run, certification.RunFile{Name: "seen.txt", Media: "text/plain", SHA256: j.paper, Size: 27})
			must(j, err)
		}
		_, err = j.rig.Answer(ctx, j.maker, run, q.ID, a)
		if err != nil && !errors.Is(err, registry.ErrConflict) && !errors.Is(err, certification.ErrState) {
			j.Errorf("%s: %v", q.Text, err)
		}
	}
	time.Sleep(10 * time.Millisecond) // of the bubble
}

// certified takes a submission whose runs have ended through review to its
// certificate.
func (j *journey) certified(sub certification.Submission) certification.Certificate {
	j.Helper()
	sub = get(j.reviews.Request(ctx, j.maker, sub.ID, sub.Rev))(j)
	j.reviewed(sub)
	if sub.Previous == "" {
		j.shaken(sub)
	}
	c := get(j.issuer.Certify(ctx, sub.ID))(j)
	if s := j.read(sub.ID); s.State != certification.Issuing {
		j.Fatalf("submission is %s (%s) after it was issued", s.State, s.Reason)
	}
	j.signed()
	must(j, j.issuer.Conclude(ctx))
	if s := j.read(sub.ID); s.State != certification.Certified {
		j.Fatalf("submission is %s (%s) after its leaf was signed", s.State, s.Reason)
	}
	return get(j.db.Programme().Certificate(ctx, c.Serial))(j)
}

// reviewed marks the checklist, accepts what a person has to accept, and approves by
// two; one alone, or the maker, is not enough.
func (j *journey) reviewed(sub certification.Submission) {
	j.Helper()
	one, two := j.reviewers[0], j.reviewers[1]
	if sub.Previous == "" {
		get(j.reviews.SetConditions(ctx, one, sub.ID, []certification.NewCondition{{Text: "Publish the support period.", Due: time.Now().AddDate(0, 0, 30)}}))(j)
	}
	rv := get(j.reviews.Review(ctx, sub.ID))(j)
	for _, c := range rv.Cases {
		if c.Verdict == suite.Review { // what is inherited too: who approves answers for it anew
			get(j.reviews.Accept(ctx, one, sub.ID, c.ID, c.Run, "looked at, and as stated"))(j)
		}
	}
	for _, item := range rv.Checklist {
		get(j.reviews.Mark(ctx, one, sub.ID, certification.NewMark{Item: item.ID, OK: true, Note: "looked at", Papers: rv.Papers}))(j)
	}
	rv = get(j.reviews.Review(ctx, sub.ID))(j)
	ruling := certification.Ruling{Evidence: rv.SHA256}
	makerToo := j.maker
	makerToo.Reviewer = true
	if _, err := j.reviews.Approve(ctx, makerToo, sub.ID, ruling); !errors.Is(err, certification.ErrForbidden) {
		j.Errorf("the maker approved: %v", err)
	}
	rv = get(j.reviews.Approve(ctx, one, sub.ID, ruling))(j)
	if rv.Submission.State != certification.InReview {
		j.Errorf("after one approval it is %s", rv.Submission.State)
	}
	if _, err := j.reviews.Approve(ctx, one, sub.ID, ruling); err == nil {
		j.Error("one reviewer approved twice")
	}
	rv = get(j.reviews.Approve(ctx, two, sub.ID, ruling))(j)
	if rv.Submission.State != certification.Approved {
		j.Fatalf("after two approvals it is %s: %v", rv.Submission.State, rv.Against)
	}
}

// shaken takes the role from an approver before the certificate is issued: what was
// approved goes back to the reviewers, and is approved anew.
func (j *journey) shaken(sub certification.Submission) {
	j.Helper()
	two := j.reviewers[1]
	must(j, j.accounts.RevokeRole(ctx, auth.System, two.Account, auth.RoleReviewer))
	must(j, j.issuer.Sweep(ctx))
	if s := j.read(sub.ID); s.State != certification.InReview || !strings.Contains(s.Reason, "is not a reviewer") {
		j.Errorf("without one of its approvers it is %s (%s)", s.State, s.Reason)
	}
	must(j, j.accounts.GrantRole(ctx, auth.System, two.Account, auth.RoleReviewer))
	get(j.reviews.TakeBackApproval(ctx, two, sub.ID, "to look at it once more"))(j)
	rv := get(j.reviews.Review(ctx, sub.ID))(j)
	get(j.reviews.Approve(ctx, two, sub.ID, certification.Ruling{Evidence: rv.SHA256}))(j)
}

// signed lets the log's signer work until it has signed all leaves.
func (j *journey) signed() {
	j.Helper()
	if c, err := j.log.Checkpoint(ctx); err == nil && c.Size == get(j.db.Programme().LogSize(ctx))(j) {
		return
	}
	done := make(chan struct{})
	run, stop := context.WithCancel(ctx)
	signer := translog.NewSigner(translog.SignerOptions{
		Store: j.db.Log(), Anchor: translog.FileAnchor{Dir: filepath.Join(j.dir, "keys")}, Lease: j.db.Jobs(), Origin: origin,
		Key:    func(ctx context.Context) (translog.Key, error) { return j.signing.Signer(ctx, signing.Log) },
		Signed: func(context.Context, translog.Checkpoint) { stop() },
	})
	go func() {
		defer close(done)
		signer.Run(run)
	}()
	<-done
	must(j, signer.Alarm())
}

// verifies writes the files that a stranger has, and verifies them as
// `proofmark cert verify` does, without a network.
func (j *journey) verifies(c certification.Certificate, want certification.Conclusion, words string) certification.Certificate {
	j.Helper()
	j.signed()
	must(j, j.status.Sign(ctx))
	dir := j.TempDir()
	bundle := get(j.issuer.Bundle(ctx, c.Serial))(j)
	bundle.Status = get(j.status.Current(ctx))(j).JWS
	ring := get(j.signing.Keyring(ctx))(j)
	for name, content := range map[string][]byte{
		"bundle.json": get(json.Marshal(bundle))(j), "keys.json": get(ring.MarshalJWKS(origin))(j),
	} {
		must(j, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	keys := get(signing.ParseKeys(get(readFile(filepath.Join(dir, "keys.json")))(j)))(j)
	b := get(certification.ParseBundle(get(readFile(filepath.Join(dir, "bundle.json")))(j)))(j)
	v := certification.Verify(b, certification.VerifyOptions{Keys: keys, Now: time.Now()})
	if v.Conclusion != want || !strings.Contains(v.Summary(), words) {
		j.Errorf("certificate %s is %s (%s); want %s with %q", c.Serial, v.Conclusion, v.Summary(), want, words)
	}
	b.Certificate = b.Certificate[:len(b.Certificate)-4] + "AAAA"
	if v := certification.Verify(b, certification.VerifyOptions{Keys: keys, Now: time.Now()}); v.Conclusion != certification.NotValid {
		j.Errorf("a forged certificate %s is %s", c.Serial, v.Conclusion)
	}
	return get(j.db.Programme().Certificate(ctx, c.Serial))(j)
}

// papers are what the region asks for, verified.
func (j *journey) papers() {
	j.Helper()
	now := time.Now().UTC()
	for _, s := range certification.AskedIn("IN", true) {
		d := certification.RegulatoryDocument{
			Org: j.org, Region: s.Region, Scheme: s.ID, Number: "R-1", Holder: "Aurora Ltd", Models: []string{j.model()}, Issued: now.AddDate(0, -1, 0),
		}
		if s.Most > 0 {
			d.Expires = now.AddDate(1, 0, 0)
		}
		d = get(j.regulatory.Submit(ctx, j.maker, d, certification.Document{Name: "grant.txt", Media: "text/plain", SHA256: j.paper, Size: 27}))(j)
		get(j.regulatory.Verify(ctx, j.reviewers[0], d.ID, d.Rev, "seen at the issuer's"))(j)
	}
	j.tick()
}

// tick does what the job of certificates does.
func (j *journey) tick() {
	j.Helper()
	must(j, j.regulatory.Tick(ctx))
	must(j, j.life.Tick(ctx))
	j.gate.Forget() // as the bus tells
}

func (j *journey) model() string {
	j.Helper()
	return get(get(miot.Parse(j.spec))(j).URN())(j).Model
}

// listing asks the gate whether the model can be offered; why it cannot, unless
// there are no words.
func (j *journey) listing(words string) {
	j.Helper()
	j.gate.Forget()
	q := certification.GateQuestion{Org: j.org, Model: j.model(), Regions: []string{"IN"}, Until: time.Now().AddDate(0, 3, 0)}
	_, err := j.gate.Check(ctx, q)
	if words == "" {
		if err != nil {
			j.Errorf("the gate is closed: %v", err)
		}
		return
	}
	refused(j, err, "gate-closed")
	if err != nil && !strings.Contains(err.Error(), words) {
		j.Errorf("the gate is closed by %v, want %q", err, words)
	}
}

package certification_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

var ctx = context.Background()

const (
	origin = "proofmark.example/log"
	site   = "https://proofmark.example"
	hash   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// office is where certificates are issued: a real store, real keys, a real log.
type office struct {
	*store.DB
	raw    *sql.DB // for what other parts of the programme store
	url    string
	dir    string
	keys   *signing.Keys
	log    *translog.Log
	signer *translog.Signer
	issuer *certification.Issuer
	now    time.Time
}

func get[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		must(t, err)
		return v
	}
}

// eachOffice runs the test in an office on SQLite and in one on PostgreSQL.
func eachOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, openOffice(t, "sqlite:"+storetest.SQLite(t), t.TempDir()))
	})
	t.Run("postgres", func(t *testing.T) { test(t, openOffice(t, storetest.Postgres(t), t.TempDir())) })
}

func openOffice(t testing.TB, url, dir string) *office {
	t.Helper()
	db := get(store.Open(ctx, url))(t)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Migrate(ctx))
	o, err := newOffice(db, dir)
	must(t, err)
	o.url = url
	driver, source := "pgx", url
	if file, found := strings.CutPrefix(url, "sqlite:"); found {
		driver, source = "sqlite", "file:"+file+"?_pragma=busy_timeout(10000)"
	}
	o.raw = get(sql.Open(driver, source))(t)
	t.Cleanup(func() { must(t, o.raw.Close()) })
	return o
}

func newOffice(db *store.DB, dir string) (*office, error) {
	o := &office{DB: db, dir: dir, log: translog.New(db.Log()), now: time.Date(2026, 11, 29, 12, 0, 0, 123456000, time.UTC)}
	var err error
	if o.keys, err = signing.Open(ctx, dir, db.Signing(), o.now); err != nil {
		return nil, err
	}
	o.signer = translog.NewSigner(translog.SignerOptions{
		Store: db.Log(), Anchor: translog.FileAnchor{Dir: dir}, Lease: db.Jobs(), Origin: origin,
		Key: func(ctx context.Context) (translog.Key, error) { return o.keys.Signer(ctx, signing.Log) },
	})
	o.issuer = certification.NewIssuer(certification.IssuerOptions{
		Store: db.Programme(), Approvals: db.Programme(), Keys: o.keys, Log: o.log, Origin: origin, URL: site,
		Now: func() time.Time { return o.now },
	})
	return o, nil
}

// approved stores a submission that two reviewers have approved, and gives its id.
func (o *office) approved(t testing.TB, change ...func(*certification.Submission)) string {
	t.Helper()
	s := certification.Submission{
		ID: id.New("sub"), Org: id.New("org"), Product: "Aurora Pure 1", Model: "aurora-pure1", Hardware: []string{"B", "A"},
		Firmware: certification.Firmware{Version: "1.2.0", SHA256: hash}, SpecSHA256: hash, Regions: []string{"IN", "EU"},
		SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", State: certification.Approved, Round: 1,
		CreatedBy: "acc_vendor", CreatedAt: o.now, SubmittedAt: o.now, UpdatedAt: o.now,
	}
	for _, f := range change {
		f(&s)
	}
	must(t, o.Programme().CreateSubmission(ctx, s, nil, nil))
	for _, row := range o.paper(s) {
		get(o.raw.ExecContext(ctx, row.statement, row.args...))(t)
	}
	return s.ID
}

type row struct {
	statement string
	args      []any
}

// paper is what other parts of the programme store of a submission.
func (o *office) paper(s certification.Submission) []row {
	run := certification.Run{
		ID: id.New("run"), Submission: s.ID, Org: s.Org, Round: s.Round, Plan: suite.Full, Attempt: 1, Firmware: s.Firmware,
		SpecSHA256: s.SpecSHA256, Suite: suite.Release, State: certification.RunFinished,
		Transcripts: []certification.Evidence{{Name: "transcript.jsonl.gz", SHA256: hash, Size: 7}},
	}
	waiver := certification.Waiver{
		ID: id.New("wvr"), Submission: s.ID, Requirement: "QOS-02", Cases: []string{"QOS-02"}, Scope: "all models", Reason: "seen twice a year",
		Until: o.now.AddDate(1, 0, 0), State: certification.WaiverApproved, ProposedBy: "acc_1", DecidedBy: "acc_2",
	}
	conditions := []certification.Condition{{ID: id.New("cnd"), Text: "Publish the support period.", Due: o.now.AddDate(0, 3, 0)}}
	rows := []row{
		{"INSERT INTO org (id, name, legal_name, country, created_at, blocked_at) VALUES ($1, 'Aurora', 'Aurora Ltd', 'IN', 1, 0)", []any{s.Org}},
		{
			"INSERT INTO run (id, submission, org, round, plan, attempt, state, rev, node, lease_until, cancel_by, created_at, ended_at, body) VALUES ($1, $2, $3, $4, 'full', 1, 'finished', 1, '', 0, '', 1, 1, $5)",
			[]any{run.ID, s.ID, s.Org, s.Round, body(run)},
		},
		{
			"INSERT INTO waiver (id, submission, requirement, state, proposed_by, decided_by, ends_at, body) VALUES ($1, $2, 'QOS-02', 'approved', 'acc_1', 'acc_2', 1, $3)",
			[]any{waiver.ID, s.ID, body(waiver)},
		},
		{
			"INSERT INTO review_entry (id, submission, round, kind, item, author, at, body) VALUES ($1, $2, $3, 'conditions', '', 'acc_1', 1, $4)",
			[]any{id.New("ent"), s.ID, s.Round, body(conditions)},
		},
	}
	for i := 1; i <= 2; i++ {
		d := certification.Decision{Submission: s.ID, Round: s.Round, Reviewer: fmt.Sprintf("acc_%d", i), Kind: certification.Approve, Evidence: hash, At: o.now}
		rows = append(rows, row{
			"INSERT INTO decision (submission, round, reviewer, kind, evidence, at, body) VALUES ($1, $2, $3, 'approve', $4, 1, $5)",
			[]any{s.ID, s.Round, d.Reviewer, hash, body(d)},
		})
	}
	return rows
}

func body(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// state is where the submission stands.
func (o *office) state(t testing.TB, submission string) certification.SubmissionState {
	t.Helper()
	return get(o.Programme().Submission(ctx, submission))(t).State
}

// statusList is one of a single certificate, signed.
func (o *office) statusList(t testing.TB, serial string, state certification.CertificateState) string {
	t.Helper()
	key := get(o.keys.Signer(ctx, signing.Status))(t)
	l := certification.StatusList{
		IssuedAt: translog.Instant(o.now), NextUpdate: translog.Instant(o.now.Add(time.Hour)), LogSize: 1,
		Entries: []certification.StatusEntry{{Serial: serial, State: state, Since: translog.Instant(o.now), Reason: "a test"}},
	}
	return get(l.Sign(key))(t)
}

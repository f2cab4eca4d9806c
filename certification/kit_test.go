package certification_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// desk is a programme over a real store and real files.
type desk struct {
	testing.TB
	*certification.Programme
	db       *store.DB
	files    blob.Folder
	registry *registry.Registry
	now      *atomic.Int64 // seconds since began
	url      string
}

var began = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)

// eachEngine runs the test on SQLite and on PostgreSQL (or skips that).
func eachEngine(t *testing.T, test func(t *testing.T, d *desk)) {
	t.Run("sqlite", func(t *testing.T) { test(t, open(t, "sqlite:"+storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, open(t, storetest.Postgres(t))) })
}

func open(t *testing.T, url string) *desk {
	t.Helper()
	db, err := store.Open(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Migrate(t.Context()))
	files, err := blob.OpenFolder(filepath.Join(t.TempDir(), "blobs"))
	must(t, err)
	d := &desk{TB: t, db: db, files: files, registry: registry.New(registry.Options{Store: db.Registry(), Bus: bus.NewLocal()}), now: new(atomic.Int64), url: url}
	d.Programme = certification.NewProgramme(certification.ProgrammeOptions{Store: db.Programme(), Files: files, Now: d.clock})
	return d
}

// clock moves by a second each time somebody looks at it.
func (d *desk) clock() time.Time { return began.Add(time.Duration(d.now.Add(1)) * time.Second) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantRule checks that the error is a refusal by that rule, of that kind.
func wantRule(t testing.TB, err, kind error, rule string) {
	t.Helper()
	var r *certification.Refusal
	if !errors.As(err, &r) || r.Rule != rule || !errors.Is(err, kind) {
		t.Fatalf("error is %v, want one of %q by rule %s", err, kind, rule)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

// vendor is a member of an organisation, and what it makes.
type vendor struct {
	certification.Actor
	org, model string
	spec       []byte
}

var reviewer = certification.Actor{Account: "acc_reviewer", Reviewer: true}

// vendor makes an organisation that has registered a lamp of its own.
func (d *desk) vendor() vendor {
	d.Helper()
	v := vendor{org: id.New("org")}
	v.Actor = certification.Actor{Account: id.New("acc"), Orgs: []string{v.org}}
	return d.model(v, v.org)
}

// model makes another model of the vendor's.
func (d *desk) model(v vendor, name string) vendor {
	d.Helper()
	v.model = "aurora-" + strings.ReplaceAll(name[len(name)-12:], "-", "")
	v.spec = []byte(strings.ReplaceAll(string(miot.Sample("lamp")), "aurora-glow2", v.model))
	_, _, err := d.registry.CreateProductOf(d.Context(), v.org, "Glow", v.spec)
	must(d, err)
	return v
}

// version is the spec with another version.
func (v vendor) version(n int) []byte {
	return []byte(strings.ReplaceAll(string(v.spec), v.model+":1", fmt.Sprintf("%s:%d", v.model, n)))
}

var serials atomic.Int64

// certify takes a submission that is being tested to its certificate, as runs,
// review and issuing do.
func (d *desk) certify(sub certification.Submission) certification.Certificate {
	d.Helper()
	for _, m := range []struct {
		to certification.SubmissionState
		by certification.Mover
	}{
		{certification.InReview, certification.ByVendor},
		{certification.Approved, certification.ByReviewer},
		{certification.Issuing, certification.ByProgramme},
		{certification.Certified, certification.ByProgramme},
	} {
		if m.to != certification.InReview || sub.State != certification.InReview { // class A is there already
			must(d, d.move(sub.ID, m.to, m.by))
		}
	}
	c := certification.Certificate{
		Serial: fmt.Sprintf("PM-2026-%06d", serials.Add(1)), Submission: sub.ID, Org: sub.Org, Product: sub.Product, Model: sub.Model,
		SpecURN: sub.SpecURN, SpecSHA256: sub.SpecSHA256, Hardware: sub.Hardware, Firmware: []certification.Firmware{sub.Firmware},
		Suite: suite.Release, Class: sub.Class, Follows: sub.Previous, Parent: sub.Parent, State: certification.Active,
	}
	body, err := json.Marshal(c)
	must(d, err)
	d.exec(`INSERT INTO certificate (serial, submission, org, model, state, since, rev, issued_at, expires_at, log_index, payload, jws, body, words)
		VALUES ($1, $2, $3, $4, 'active', 0, 1, 0, 0, 0, '', '', $5, '')`, c.Serial, c.Submission, c.Org, c.Model, string(body))
	return c
}

// exec writes what no part of the programme that is here would.
func (d *desk) exec(query string, args ...any) {
	d.Helper()
	driver, source := "pgx", d.url
	if file, ok := strings.CutPrefix(d.url, "sqlite:"); ok {
		driver, source = "sqlite", file
	}
	db, err := sql.Open(driver, source)
	must(d, err)
	defer db.Close()
	_, err = db.ExecContext(context.Background(), query, args...)
	must(d, err)
}

func sum(data string) string {
	h := sha256.Sum256([]byte(data))
	return hex.EncodeToString(h[:])
}

func ptr[T any](v T) *T { return &v }

// declare is a declaration that fits the spec.
func declare(t testing.TB, document []byte, firmware string) []byte {
	t.Helper()
	spec, err := miot.Parse(document)
	must(t, err)
	d := suite.Conforming(spec, "d-1")
	d.Firmware, d.Hardware = firmware, ""
	b, err := json.Marshal(d)
	must(t, err)
	return b
}

const image = "\x00\x01firmware 1.0.0"

// whole is all that a submission needs but documents.
func (v vendor) whole(t testing.TB) certification.Edit {
	t.Helper()
	return certification.Edit{
		Product: ptr("Glow"), Hardware: ptr([]string{"A1"}), Firmware: &certification.Firmware{Version: "1.0.0", SHA256: sum(image)},
		Platform: &certification.Platform{Module: "WM-32C3 rev 2", Firmware: "aurora-core 4.2.0"},
		Spec:     v.spec, Declaration: declare(t, v.spec, "1.0.0"), Regions: ptr([]string{"IN", "EU"}),
	}
}

const bill = `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"lwip","version":"2.2.0"}]}`

// draft makes a whole draft, with its documents, changed by each of the edits.
func (d *desk) draft(v vendor, edits ...certification.Edit) certification.Submission {
	d.Helper()
	sub, err := d.CreateSubmission(d.Context(), v.Actor, v.org, v.whole(d))
	must(d, err)
	for _, e := range edits {
		sub, err = d.EditSubmission(d.Context(), v.Actor, sub.ID, sub.Rev, e)
		must(d, err)
	}
	for _, doc := range [][3]string{{"sbom", "bill.cdx.json", bill}, {"disclosure", "policy.txt", "Write to security@aurora.example.\n"}} {
		sub = d.upload(v, sub, doc[0], doc[1], doc[2])
	}
	return sub
}

func (d *desk) upload(v vendor, sub certification.Submission, kind, name, content string) certification.Submission {
	d.Helper()
	_, sub, err := d.Upload(d.Context(), v.Actor, sub.ID, sub.Rev, kind, d.file(name, content))
	must(d, err)
	return sub
}

// file is received as internal/api does it.
func (d *desk) file(name, content string) func(context.Context, []media.Kind) (certification.Taken, error) {
	return func(ctx context.Context, accept []media.Kind) (certification.Taken, error) {
		taken := certification.Taken{Name: name}
		ref, err := d.files.Put(ctx, strings.NewReader(content), media.Limit(accept), func(c blob.Content, size int64) error {
			m, err := media.Inspect(name, c, size, accept)
			taken.Kind = m.Kind
			return err
		})
		taken.SHA256, taken.Size = ref.SHA256, ref.Size
		return taken, err
	}
}

// screened submits and screens.
func (d *desk) screened(v vendor, sub certification.Submission) certification.Submission {
	d.Helper()
	sub, err := d.Submit(d.Context(), v.Actor, sub.ID, sub.Rev)
	must(d, err)
	must(d, d.Screen(d.Context(), sub.ID))
	return d.read(sub.ID)
}

func (d *desk) read(id string) certification.Submission {
	d.Helper()
	sub, err := d.db.Programme().Submission(context.Background(), id)
	must(d, err)
	return sub
}

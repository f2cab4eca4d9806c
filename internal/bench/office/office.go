// Package office certifies for benches what has to be certified before it can be measured.
package office

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/store"
)

// Office issues as a running service does; only what reviewers approved is made up.
type Office struct {
	DB     *store.DB
	Keys   *signing.Keys
	Log    *translog.Log
	Issuer *certification.Issuer
	signer *translog.Signer
	stop   func()
}

const (
	origin = "proofmark.local/bench"
	// Site is the service's address in certificates.
	Site = "http://localhost:8080"
)

// Open opens an office on a database, with the keys in a folder. Its log is signed
// until it concludes or is closed.
func Open(ctx context.Context, url, dir string) (*Office, error) {
	f, err := beside(ctx, url, dir)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.signer.Run(run)
	}()
	f.stop = func() {
		cancel()
		<-ended
	}
	return f, nil
}

// beside opens an office that signs no log.
func beside(ctx context.Context, url, dir string) (*Office, error) {
	db, err := store.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	f := &Office{DB: db, Log: translog.New(db.Log()), stop: func() {}}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	keys, err := signing.Open(ctx, dir, db.Signing(), time.Now())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	f.Keys = keys
	f.signer = translog.NewSigner(translog.SignerOptions{
		Store: db.Log(), Anchor: translog.FileAnchor{Dir: dir}, Lease: db.Jobs(), Origin: origin,
		Key: func(ctx context.Context) (translog.Key, error) { return keys.Signer(ctx, signing.Log) },
	})
	f.Issuer = certification.NewIssuer(certification.IssuerOptions{
		Store: db.Programme(), Approvals: approvals{db.Programme()}, Keys: keys, Log: f.Log, Origin: origin, URL: Site,
	})
	return f, nil
}

// Close ends the signing and closes the database.
func (f *Office) Close() error {
	f.stop()
	return f.DB.Close()
}

// approvals are what two reviewers would have stored.
type approvals struct{ programme store.Programme }

// Approval implements certification.Approvals.
func (a approvals) Approval(ctx context.Context, submission string) (certification.Approval, error) {
	s, err := a.programme.Submission(ctx, submission)
	if err != nil {
		return certification.Approval{}, err
	}
	out := certification.Approval{Submission: s, OrgName: "Aurora", Runs: []certification.Run{{
		ID: id.New("run"), Submission: s.ID, Plan: suite.Full, Firmware: s.Firmware, SpecSHA256: s.SpecSHA256, Suite: suite.Release,
		State: certification.RunFinished, Transcripts: []certification.Evidence{{SHA256: s.SpecSHA256}},
	}}}
	for _, reviewer := range []string{"acc_1", "acc_2"} {
		out.Decisions = append(out.Decisions, certification.Decision{
			Submission: s.ID, Round: s.Round, Reviewer: reviewer, Kind: certification.Approve, Evidence: s.SpecSHA256,
		})
	}
	return out, nil
}

// Applicant is for whom submissions are approved.
type Applicant struct {
	Org, Model string
	Region     string
}

// Bench is an applicant without a campaign.
var Bench = Applicant{Org: "org_bench", Model: "aurora-pure1", Region: "IN"}

// Approve stores submissions that wait for their certificates.
func (f *Office) Approve(ctx context.Context, a Applicant, n int) (ids []string, err error) {
	now := time.Now().UTC()
	hash := strings.Repeat("5a", 32)
	for range n {
		s := certification.Submission{
			ID: id.New("sub"), Org: a.Org, Product: "Aurora Pure 1", Model: a.Model, Hardware: []string{"A"},
			Firmware: certification.Firmware{Version: "1.0.0", SHA256: hash}, SpecSHA256: hash, Regions: []string{a.Region},
			SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:" + a.Model + ":1", State: certification.Approved, Round: 1, CreatedAt: now, UpdatedAt: now,
		}
		if err := f.DB.Programme().CreateSubmission(ctx, s, nil, nil); err != nil {
			return nil, err
		}
		ids = append(ids, s.ID)
	}
	return ids, nil
}

// Conclude signs the log, and wants every submission certified by its proof.
func (f *Office) Conclude(ctx context.Context, ids []string) error {
	f.stop() // this process signs alone now
	f.stop = func() {}
	if _, err := f.signer.Sign(ctx, time.Now()); err != nil {
		return err
	}
	for range 1 + len(ids)/1000 {
		if err := f.Issuer.Conclude(ctx); err != nil {
			return err
		}
	}
	for _, id := range ids {
		s, err := f.DB.Programme().Submission(ctx, id)
		if err != nil {
			return err
		}
		if s.State != certification.Certified {
			return fmt.Errorf("submission %s is %s in the end; want %s", id, s.State, certification.Certified)
		}
	}
	return translog.Audit(ctx, f.DB.Log())
}

// Certify gives a model a certificate beside a service that runs on the database
// and has its keys in that folder, so that the gate is open for a campaign in the
// region: one whose only paper does not end. It gives the certificate's serial.
func Certify(ctx context.Context, url, keys string, a Applicant) (serial string, err error) {
	f, err := beside(ctx, url, keys)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	now := time.Now().UTC()
	for _, s := range certification.Schemes {
		if s.Region != a.Region {
			continue
		}
		d := certification.RegulatoryDocument{
			ID: id.New("reg"), Org: a.Org, Region: s.Region, Scheme: s.ID, Number: "bench", Holder: "Aurora", Models: []string{a.Model},
			Issued: now.Add(-time.Hour), State: certification.RegulatoryVerified, CreatedAt: now,
		}
		if err := f.DB.Programme().CreateRegulatory(ctx, d, certification.Record{}); err != nil {
			return "", err
		}
	}
	ids, err := f.Approve(ctx, a, 1)
	if err != nil {
		return "", err
	}
	if _, err = f.Issuer.Certify(ctx, ids[0]); err != nil {
		return "", err
	}
	c, err := certification.NewGate(f.DB.Programme(), nil).Check(ctx, certification.GateQuestion{
		Org: a.Org, Model: a.Model, Regions: []string{a.Region}, Until: now,
	})
	return c.Serial, err
}

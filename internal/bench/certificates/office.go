package certificates

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

// office issues as a running service does; only what reviewers approved is made up.
type office struct {
	db     *store.DB
	keys   *signing.Keys
	log    *translog.Log
	signer *translog.Signer
	issuer *certification.Issuer
	stop   func()
}

const (
	origin = "proofmark.local/bench"
	site   = "http://localhost:8080"
)

func openOffice(ctx context.Context, url, dir string) (*office, error) {
	db, err := store.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	f := &office{db: db, log: translog.New(db.Log()), stop: func() {}}
	if err := db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	keys, err := signing.Open(ctx, dir, db.Signing(), time.Now())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	f.keys = keys
	f.signer = translog.NewSigner(translog.SignerOptions{
		Store: db.Log(), Anchor: translog.FileAnchor{Dir: dir}, Lease: db.Jobs(), Origin: origin,
		Key: func(ctx context.Context) (translog.Key, error) { return keys.Signer(ctx, signing.Log) },
	})
	f.issuer = certification.NewIssuer(certification.IssuerOptions{
		Store: db.Programme(), Approvals: approvals{db.Programme()}, Keys: keys, Log: f.log, Origin: origin, URL: site,
	})
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

func (f *office) close() error {
	f.stop()
	return f.db.Close()
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

// approve stores submissions that wait for their certificates.
func (f *office) approve(ctx context.Context, n int) (ids []string, err error) {
	now := time.Now().UTC()
	hash := strings.Repeat("5a", 32)
	for range n {
		s := certification.Submission{
			ID: id.New("sub"), Org: "org_bench", Product: "Aurora Pure 1", Model: "aurora-pure1", Hardware: []string{"A"},
			Firmware: certification.Firmware{Version: "1.0.0", SHA256: hash}, SpecSHA256: hash, Regions: []string{"IN"},
			SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", State: certification.Approved, Round: 1, CreatedAt: now, UpdatedAt: now,
		}
		if err := f.db.Programme().CreateSubmission(ctx, s, nil, nil); err != nil {
			return nil, err
		}
		ids = append(ids, s.ID)
	}
	return ids, nil
}

// conclude signs the log, and wants every submission certified by its proof.
func (f *office) conclude(ctx context.Context, ids []string) error {
	f.stop() // this process signs alone now
	f.stop = func() {}
	if _, err := f.signer.Sign(ctx, time.Now()); err != nil {
		return err
	}
	for range 1 + len(ids)/1000 {
		if err := f.issuer.Conclude(ctx); err != nil {
			return err
		}
	}
	for _, id := range ids {
		s, err := f.db.Programme().Submission(ctx, id)
		if err != nil {
			return err
		}
		if s.State != certification.Certified {
			return fmt.Errorf("submission %s is %s in the end; want %s", id, s.State, certification.Certified)
		}
	}
	return translog.Audit(ctx, f.db.Log())
}

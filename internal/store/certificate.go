package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

var (
	_ certification.IssueStore    = Programme{}
	_ certification.LifeStore     = Programme{}
	_ certification.GateStore     = Programme{}
	_ certification.RegistryStore = Programme{}
)

// Intent implements certification.IssueStore.
func (s Programme) Intent(ctx context.Context, submission string) (certification.Intent, error) {
	row, err := s.read.Intent(ctx, submission)
	i := certification.Intent{Payload: []byte(row.Payload)}
	if err == nil {
		err = json.Unmarshal([]byte(row.Body), &i.Certificate)
	}
	return i, s.wrap(ctx, err, "intended certificate of submission %s", submission)
}

// NextSerial implements certification.IssueStore.
func (s Programme) NextSerial(ctx context.Context, year int) (serial string, err error) {
	err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
		next, err := q.ReserveIDs(ctx, dbgen.ReserveIDsParams{Name: fmt.Sprintf("certificate-%d", year), N: 1})
		serial = fmt.Sprintf("PM-%04d-%06d", year, next-1)
		return err
	})
	return serial, s.wrap(ctx, err, "serial of a certificate of %d", year)
}

// Intend implements certification.IssueStore.
func (s Programme) Intend(ctx context.Context, i certification.Intent, sub certification.Submission, entries []audit.Entry, notices []notice.Notice) error {
	c := i.Certificate
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("intend certificate %s: %w", c.Serial, err)
	}
	err = s.transact(ctx, func(q *dbgen.Queries) error {
		if err := saveSubmission(ctx, q, certification.Approved, sub); err != nil {
			return err
		}
		if err := q.InsertIntent(ctx, dbgen.InsertIntentParams{
			Serial: c.Serial, Submission: c.Submission, Org: c.Org, Model: c.Model, Since: micros.Of(c.Since),
			IssuedAt: micros.Of(c.IssuedAt), ExpiresAt: micros.Of(c.ExpiresAt), Payload: string(i.Payload), Body: string(body), Words: words(c),
		}); err != nil {
			return err
		}
		return record(ctx, q, entries, notices)
	})
	if err == nil {
		s.told()
	}
	return s.wrap(ctx, err, "intend certificate %s for submission %s", c.Serial, sub.ID)
}

// Reintend implements certification.IssueStore.
func (s Programme) Reintend(ctx context.Context, i certification.Intent, was []byte) error {
	c := i.Certificate
	body, err := json.Marshal(c)
	if err == nil {
		err = s.writer.statement(ctx, func(q *dbgen.Queries) error {
			return still(q.UpdateIntent(ctx, dbgen.UpdateIntentParams{
				Serial: c.Serial, Since: micros.Of(c.Since), IssuedAt: micros.Of(c.IssuedAt), ExpiresAt: micros.Of(c.ExpiresAt),
				Payload: string(i.Payload), Was: string(was), Body: string(body),
			}))
		})
	}
	return s.wrap(ctx, err, "intend certificate %s anew", c.Serial)
}

// Issue implements certification.IssueStore. Everything else comes before the
// leaf, so that others wait for the log as short as can be; the certificate itself
// has to know its place in it.
func (s Programme) Issue(ctx context.Context, i certification.Issuance) (certification.Certificate, error) {
	c := i.Certificate
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if i.Superseded != nil {
			if err := saveCertificate(ctx, q, i.Superseded.Was, i.Superseded.Certificate); err != nil {
				return err
			}
		}
		if err := insertConditions(ctx, q, c); err != nil {
			return err
		}
		if err := lookAt(ctx, q, c); err != nil {
			return err
		}
		if err := record(ctx, q, i.Entries, i.Notices); err != nil {
			return err
		}
		index, err := appendEvents(ctx, q, i.Events...)
		if err != nil {
			return err
		}
		c.LogIndex, c.Rev = index, 1
		body, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return still(q.IssueCertificate(ctx, dbgen.IssueCertificateParams{
			Serial: c.Serial, Since: micros.Of(c.Since), LogIndex: index, Jws: i.JWS, Payload: string(i.Payload), Body: string(body),
		}))
	})
	if err != nil {
		return certification.Certificate{}, s.wrap(ctx, err, "issue certificate %s", c.Serial)
	}
	s.told()
	s.logged()
	return c, nil
}

// lookAt leaves a job for each day on which something becomes of a certificate by
// itself, so that it does at that moment and not at the next round.
func lookAt(ctx context.Context, q *dbgen.Queries, c certification.Certificate) error {
	due := map[string]time.Time{c.Serial: c.ExpiresAt}
	for _, d := range c.Conditions {
		due[d.ID] = d.Due
	}
	for key, at := range due {
		if _, err := enqueue(ctx, q, jobs.Job{Kind: certification.LifeJob, Key: key, DueAt: at, CreatedAt: c.IssuedAt}); err != nil {
			return fmt.Errorf("job of %s: %w", key, err)
		}
	}
	return nil
}

func insertConditions(ctx context.Context, q *dbgen.Queries, c certification.Certificate) error {
	for _, condition := range c.Conditions {
		body, err := json.Marshal(condition)
		if err == nil {
			err = q.InsertCertificateCondition(ctx, dbgen.InsertCertificateConditionParams{
				ID: condition.ID, Serial: c.Serial, DueAt: micros.Of(condition.Due), Body: text(string(body)),
			})
		}
		if err != nil {
			return fmt.Errorf("condition %s: %w", condition.ID, err)
		}
	}
	return nil
}

// ChangeCertificate stores what became of a certificate that was read in state was
// and with c.Rev, together with its leaves; registry.ErrConflict says that it is
// another one by now.
func (s Programme) ChangeCertificate(ctx context.Context, was certification.CertificateState, c certification.Certificate, events []translog.Event, entries []audit.Entry, notices []notice.Notice) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		if err := saveCertificate(ctx, q, was, c); err != nil {
			return err
		}
		if err := record(ctx, q, entries, notices); err != nil {
			return err
		}
		if err := holdCampaigns(ctx, q, was, c); err != nil {
			return err
		}
		_, err := appendEvents(ctx, q, events...)
		return err
	})
	if err == nil {
		s.told()
		s.logged()
	}
	return s.wrap(ctx, err, "certificate %s", c.Serial)
}

// saveCertificate is for the transactions of others too.
func saveCertificate(ctx context.Context, q *dbgen.Queries, was certification.CertificateState, c certification.Certificate) error {
	saw := c.Rev
	c.Rev++
	body, err := json.Marshal(c)
	if err == nil {
		err = still(q.UpdateCertificate(ctx, dbgen.UpdateCertificateParams{
			Serial: c.Serial, Was: string(was), Saw: saw, State: string(c.State), Since: micros.Of(c.Since), Body: text(string(body)),
		}))
	}
	for _, d := range c.Conditions {
		if err == nil {
			err = setCondition(ctx, q, c, d)
		}
	}
	if err != nil {
		return fmt.Errorf("certificate %s, seen as %s at revision %d: %w", c.Serial, was, saw, err)
	}
	return nil
}

// setCondition writes down what has become of a condition, for those who look for
// what is due.
func setCondition(ctx context.Context, q *dbgen.Queries, c certification.Certificate, d certification.Condition) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	p := dbgen.SetCertificateConditionParams{ID: d.ID, Serial: c.Serial, MetAt: micros.Of(d.MetAt), Body: text(string(body))}
	if d.Missed {
		p.MissedAt = micros.Of(d.Due)
	}
	return q.SetCertificateCondition(ctx, p)
}

// still says that the row, which the statement asked for, is another one by now.
func still(n int64, err error) error {
	if err == nil && n == 0 {
		return fmt.Errorf("it changed meanwhile: %w", registry.ErrConflict)
	}
	return err
}

// ToIssue implements certification.IssueStore.
func (s Programme) ToIssue(ctx context.Context) ([]string, error) {
	ids, err := s.read.ToIssue(ctx)
	return ids, s.wrap(ctx, err, "submissions to certify")
}

// Unproven implements certification.IssueStore; at most a thousand at a time.
func (s Programme) Unproven(ctx context.Context, size int64) ([]certification.Certificate, error) {
	rows, err := s.read.Unproven(ctx, dbgen.UnprovenParams{Size: size, Most: 1000})
	found, err := unmarshalled[certification.Certificate](rows, err)
	return found, s.wrap(ctx, err, "certificates whose proof was not verified")
}

// Certificate returns one that was issued, or registry.ErrNotFound.
func (s Programme) Certificate(ctx context.Context, serial string) (certification.Certificate, error) {
	body, err := s.read.Certificate(ctx, text(serial))
	var c certification.Certificate
	if err == nil {
		err = json.Unmarshal([]byte(body), &c)
	}
	return c, s.wrap(ctx, err, "certificate %s", serial)
}

// CertificateJWS is the text that was signed.
func (s Programme) CertificateJWS(ctx context.Context, serial string) (string, error) {
	jws, err := s.read.CertificateJWS(ctx, text(serial))
	return jws, s.wrap(ctx, err, "signed certificate %s", serial)
}

// CertificatesOver implements certification.LifeStore.
func (s Programme) CertificatesOver(ctx context.Context, then time.Time) ([]certification.Certificate, error) {
	rows, err := s.read.CertificatesOver(ctx, micros.Of(then))
	return s.certificates(ctx, rows, err, "certificates over at %s", then)
}

// CertificatesOwing implements certification.LifeStore.
func (s Programme) CertificatesOwing(ctx context.Context, then time.Time) ([]certification.Certificate, error) {
	rows, err := s.read.CertificatesOwing(ctx, micros.Of(then))
	return s.certificates(ctx, rows, err, "certificates with a condition due at %s", then)
}

// CertificatesUnwaived implements certification.LifeStore.
func (s Programme) CertificatesUnwaived(ctx context.Context) ([]certification.Certificate, error) {
	rows, err := s.read.CertificatesUnwaived(ctx)
	return s.certificates(ctx, rows, err, "certificates of which a waiver has ended")
}

// CertificatesHeld implements certification.LifeStore.
func (s Programme) CertificatesHeld(ctx context.Context, org string) ([]certification.Certificate, error) {
	rows, err := s.read.CertificatesHeld(ctx, org)
	return s.certificates(ctx, rows, err, "certificates held by %q", org)
}

// CertificatesOf implements certification.GateStore.
func (s Programme) CertificatesOf(ctx context.Context, model string) ([]certification.Certificate, error) {
	rows, err := s.read.CertificatesOf(ctx, model)
	return s.certificates(ctx, rows, err, "certificates of the model %q", model)
}

// CertificatesOfOrg are all that an organisation ever got, by their serials.
func (s Programme) CertificatesOfOrg(ctx context.Context, org string) ([]certification.Certificate, error) {
	rows, err := s.read.CertificatesOfOrg(ctx, org)
	return s.certificates(ctx, rows, err, "certificates of organisation %q", org)
}

// CertificatePage implements certification.RegistryStore.
func (s Programme) CertificatePage(ctx context.Context, f certification.CertificateFilter) ([]certification.Certificate, error) {
	p := dbgen.CertificatePageParams{State: text(string(f.State)), Before: text(f.Before), Most: most(f.Limit)}
	if f.Words != "" {
		p.Words = "%" + likely.Replace(strings.ToLower(text(f.Words))) + "%"
	}
	rows, err := s.read.CertificatePage(ctx, p)
	return s.certificates(ctx, rows, err, "certificates with %q before %q", f.Words, f.Before)
}

// likely takes their meaning from the characters that LIKE knows.
var likely = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// words are what a certificate is found by.
func words(c certification.Certificate) string {
	return text(strings.ToLower(strings.Join([]string{c.Serial, c.Product, c.Model, c.OrgName}, " ")))
}

func (s Programme) certificates(ctx context.Context, rows []string, err error, format string, args ...any) ([]certification.Certificate, error) {
	if err != nil {
		return nil, s.wrap(ctx, err, format, args...)
	}
	return bodies[certification.Certificate](rows)
}

// bodies reads things that are stored as JSON.
func bodies[T any](rows []string) ([]T, error) {
	things := make([]T, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal([]byte(row), &things[i]); err != nil {
			return nil, fmt.Errorf("stored %T: %w", things[i], err)
		}
	}
	return things, nil
}

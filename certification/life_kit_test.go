package certification_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/translog"
)

// registrar is who watches over certificates in an office.
type registrar struct {
	*office
	*certification.Life
	papers *certification.Regulatory
	gate   *certification.Gate
	desk   *certification.StatusDesk
}

func newRegistrar(o *office) *registrar {
	now := func() time.Time { return o.now }
	return &registrar{
		office: o, Life: certification.NewLife(o.Programme(), now, nil), papers: certification.NewRegulatory(o.Programme(), now),
		gate: certification.NewGate(o.Programme(), now), desk: certification.NewStatusDesk(o.Programme(), o.keys, now),
	}
}

var (
	ann   = certification.Actor{Account: "acc_ann", Reviewer: true}
	ben   = certification.Actor{Account: "acc_ben", Reviewer: true}
	chief = certification.Actor{Account: "acc_chief", Operator: true}
)

const why = "the heater stays on after its timer has ended"

func holder(c certification.Certificate) certification.Actor {
	return certification.Actor{Account: "acc_holder", Orgs: []string{c.Org}}
}

func tied(c certification.Certificate) certification.Actor {
	return certification.Actor{Account: "acc_tied", Orgs: []string{c.Org}, Reviewer: true}
}

// issued is a new certificate.
func (r *registrar) issued(t testing.TB, change ...func(*certification.Submission)) certification.Certificate {
	t.Helper()
	return get(r.issuer.Certify(ctx, r.approved(t, change...)))(t)
}

func (r *registrar) pass(d time.Duration) { r.now = r.now.Add(d) }

// tick is the job.
func (r *registrar) tick(t testing.TB) {
	t.Helper()
	must(t, r.papers.Tick(ctx))
	must(t, r.Tick(ctx))
}

func (r *registrar) certificate(t testing.TB, serial string) certification.Certificate {
	t.Helper()
	return get(r.Programme().Certificate(ctx, serial))(t)
}

// paper is a document of the scheme that is submitted.
func (r *registrar) paper(t testing.TB, c certification.Certificate, scheme string, edit ...func(*certification.RegulatoryDocument)) certification.RegulatoryDocument {
	t.Helper()
	return get(r.papers.Submit(ctx, holder(c), r.draft(c, scheme, edit...), certification.Document{Name: "grant.pdf", SHA256: hash, Size: 7}))(t)
}

func (r *registrar) draft(c certification.Certificate, scheme string, edit ...func(*certification.RegulatoryDocument)) certification.RegulatoryDocument {
	s, _ := certification.SchemeOf(scheme)
	d := certification.RegulatoryDocument{
		Org: c.Org, Region: s.Region, Scheme: scheme, Number: "R-1", Holder: "Aurora Ltd", Models: []string{c.Model}, Issued: r.now.AddDate(0, -1, 0),
	}
	if s.Most > 0 {
		d.Expires = r.now.AddDate(0, 20, 0)
	}
	if s.Follow > 0 {
		d.Follow = r.now.AddDate(0, 10, 0)
	}
	for _, f := range edit {
		f(&d)
	}
	return d
}

// verified are the documents that the region asks for.
func (r *registrar) verified(t testing.TB, c certification.Certificate, region string, edit ...func(*certification.RegulatoryDocument)) (out []certification.RegulatoryDocument) {
	t.Helper()
	for _, s := range certification.AskedIn(region, true) {
		d := r.paper(t, c, s.ID, edit...)
		out = append(out, get(r.papers.Verify(ctx, ann, d.ID, d.Rev, "seen at the issuer's"))(t))
	}
	return out
}

// leaves are those of the log that tell of the certificate.
func (r *registrar) leaves(t testing.TB, serial string) (out []translog.Event) {
	t.Helper()
	rows := get(r.raw.QueryContext(ctx, "SELECT data FROM log_leaf ORDER BY idx"))(t)
	defer rows.Close()
	for rows.Next() {
		var leaf []byte
		must(t, rows.Scan(&leaf))
		if e := get(translog.ParseEvent(leaf))(t); e.Serial == serial {
			out = append(out, e)
		}
	}
	must(t, rows.Err())
	return out
}

func (r *registrar) kinds(t testing.TB, serial string) (out []string) {
	t.Helper()
	for _, e := range r.leaves(t, serial) {
		out = append(out, strings.TrimPrefix(string(e.Kind), "certificate."))
	}
	return out
}

// replayed says what the log alone says of a certificate.
func replayed(t testing.TB, leaves []translog.Event) (state certification.CertificateState, lost []string) {
	t.Helper()
	states := map[translog.Kind]certification.CertificateState{
		translog.Issued: certification.Active, translog.Suspended: certification.Suspended, translog.Reinstated: certification.Active,
		translog.Superseded: certification.Superseded, translog.Expired: certification.Expired, translog.Withdrawn: certification.GivenBack,
		translog.Revoked: certification.Revoked,
	}
	for i, e := range leaves {
		to, moves := states[e.Kind]
		switch {
		case (i == 0) != (e.Kind == translog.Issued):
			t.Fatalf("leaf %d is %s", i, e.Kind)
		case moves && i > 0:
			movers := []certification.Mover{certification.ByVendor, certification.ByReviewer, certification.ByOperator, certification.ByProgramme}
			if !slices.ContainsFunc(movers, func(by certification.Mover) bool {
				return certification.MayMove(certification.CertificateMoves, state, to, by)
			}) {
				t.Fatalf("the log goes from %s to %s, which the table does not", state, to)
			}
			state = to
		case moves:
			state = to
		case e.Kind == translog.RegionLost && !slices.Contains(lost, e.Region):
			lost = append(lost, e.Region)
		case e.Kind == translog.RegionRestored && slices.Contains(lost, e.Region):
			lost = slices.DeleteFunc(lost, func(region string) bool { return region == e.Region })
		default:
			t.Fatalf("leaf %d: %+v with %v lost", i, e, lost)
		}
	}
	slices.Sort(lost)
	return state, lost
}

// agrees checks that the row, its history and the log say the same.
func (r *registrar) agrees(t testing.TB, serial string) certification.Certificate {
	t.Helper()
	c, leaves := r.certificate(t, serial), r.leaves(t, serial)
	state, lost := replayed(t, leaves)
	now := slices.Sorted(slices.Values(c.LostRegions))
	if c.State != state || !slices.Equal(lost, now) {
		t.Fatalf("%s is %s without %v; its leaves say %s without %v", serial, c.State, now, state, lost)
	}
	history := get(r.Programme().CertificateHistory(ctx, serial))(t)
	for i, e := range leaves {
		if len(history) != len(leaves) || history[i].Kind != string(e.Kind) || history[i].Reason != e.Reason || translog.Instant(history[i].At) != e.At {
			t.Fatalf("history %+v, leaves %+v", history, leaves)
		}
	}
	return c
}

// noticed are the kinds of notices about a thing.
func (r *registrar) noticed(t testing.TB, subject string) (out []string) {
	t.Helper()
	rows := get(r.raw.QueryContext(ctx, "SELECT kind FROM notice WHERE subject = $1 ORDER BY id", subject))(t)
	defer rows.Close()
	for rows.Next() {
		var kind string
		must(t, rows.Scan(&kind))
		out = append(out, kind)
	}
	must(t, rows.Err())
	return out
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

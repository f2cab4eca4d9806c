package registry

import (
	"time"

	"github.com/proofmark/proofmark/miot"
)

// store commits the batch and answers each report of it; false when the
// registry stopped before it could. A batch that the store refuses for good is
// halved until the one report that it cannot take stands alone: no report may
// keep the others from being stored.
func (q *ingest) store(batch []*arrived) bool {
	p := q.plan(batch)
	err := q.commit(p.batch)
	switch {
	case err == nil:
		q.remember(p)
		q.finish(p)
		p.reset()
		return true
	case q.reg.ctx.Err() != nil:
		return false
	case len(batch) > 1:
		return q.store(batch[:len(batch)/2]) && q.store(batch[len(batch)/2:])
	default:
		return q.storeShell(batch[0], err)
	}
}

// commit stores b, for as long as the store says that it cannot answer now.
func (q *ingest) commit(b Batch) error {
	if b.Empty() { // nothing but repeats
		return nil
	}
	r := q.reg
	err := retry(r.ctx, func() error {
		err := r.store.CommitReports(r.ctx, b)
		if isUnavailable(err) {
			r.Counters.Retries.Add(1)
			r.log.Warn("reports wait: the store is unavailable", "devices", len(b.Chunks), "err", err)
		}
		return err
	})
	if err == nil {
		r.Counters.Commits.Add(1)
	}
	return err
}

// storeShell stands in for a report that the store refuses for good, which is a
// defect of ours: only that it came is stored, so that it is not sent again for
// ever, and the device is told. A store that refuses even that refuses
// everything: then nothing may be acknowledged, and the report waits.
func (q *ingest) storeShell(in *arrived, cause error) bool {
	r := q.reg
	for {
		shell := in.report
		shell.Items = nil
		p := q.plan([]*arrived{in})
		err := q.commit(Batch{Chunks: []Chunk{{DID: in.live.did, At: p.now, Batch: p.id, Reports: []Report{shell}}}})
		if err == nil {
			in.poison(cause)
			q.remember(p)
			q.finish(p)
			p.reset()
			return true
		}
		if r.ctx.Err() != nil {
			return false
		}
		r.log.Error("the store refuses every report; they wait", "err", err)
		select {
		case <-r.ctx.Done():
			return false
		case <-time.After(time.Second):
		}
		p = q.plan([]*arrived{in})
		if cause = q.commit(p.batch); cause == nil {
			q.remember(p)
			q.finish(p)
			p.reset()
			return true
		}
	}
}

// ruleStorage marks what the gateway, not the device, did wrong: it is answered,
// but no violation.
const ruleStorage = "storage"

// poison turns a report into its refusal.
func (in *arrived) poison(cause error) {
	r := in.live.reg
	r.Counters.Poisoned.Add(1)
	r.log.Error("report refused by the store and dropped", "did", in.live.did, "id", in.report.ID, "err", cause)
	in.report.Items = nil
	in.refused = []refusal{{
		did: in.live.did, rule: ruleStorage,
		answer: miot.ReportError{ID: &in.report.ID, Code: miot.CodeInternal, Message: "the gateway could not store this report"},
	}}
}

// Empty tells whether there is nothing to store.
func (b Batch) Empty() bool {
	return len(b.Chunks) == 0 && len(b.Twin) == 0 && len(b.Violations) == 0 && len(b.Ended) == 0
}

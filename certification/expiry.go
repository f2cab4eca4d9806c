package certification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/translog"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/registry"
)

// LifeJob is the kind of the job that calls Tick of Regulatory and of Life, in this
// order: what a document says of a region is worked out from what is left of it.
const LifeJob = "certificate.life"

// Tick does what is due: it ends what is over, suspends what missed a condition or
// lost a waiver, reminds, and looks at the regions again. It is a recurring job; two of it at once do no
// harm, and nothing is lost where it comes late: every date is looked at as it is.
func (l *Life) Tick(ctx context.Context) error {
	return errors.Join(l.expire(ctx), l.missed(ctx), l.unwaived(ctx), l.remind(ctx), l.Reassess(ctx, ""))
}

func (l *Life) expire(ctx context.Context) error {
	over, err := l.store.CertificatesOver(ctx, l.now())
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range over {
		_, err := l.move(ctx, c, Expired, ByProgramme, audit.System, "its last day has passed")
		errs = append(errs, unlessFirst(err))
	}
	return errors.Join(errs...)
}

// missed suspends certificates whose conditions were not met by their dates.
func (l *Life) missed(ctx context.Context) error {
	now := l.now()
	owing, err := l.store.CertificatesOwing(ctx, now)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range owing {
		errs = append(errs, unlessFirst(l.miss(ctx, c, now)))
	}
	return errors.Join(errs...)
}

func (l *Life) miss(ctx context.Context, c Certificate, now time.Time) error {
	c.Conditions = slices.Clone(c.Conditions)
	var text string
	for i := range c.Conditions {
		if d := &c.Conditions[i]; d.open() && !d.Due.After(now) {
			d.Missed = true
			text = d.Text
		}
	}
	reason := leafReason("a condition was not met by its date: " + text)
	if c.State == Active {
		_, err := l.move(ctx, c, Suspended, ByProgramme, audit.System, reason)
		return err
	}
	rec, err := c.told(now, audit.System, "certificate.condition-missed", map[string]string{"reason": reason})
	if err != nil {
		return err
	}
	_, err = l.keep(ctx, c.State, c, rec)
	return err
}

// unwaived suspends certificates that rest on a waiver which has ended: the
// requirement is unmet, and nothing lets it be so any more. A waiver that is marked
// as ended here is not looked at again; a person who reinstates has decided on it.
func (l *Life) unwaived(ctx context.Context) error {
	bare, err := l.store.CertificatesUnwaived(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range bare {
		errs = append(errs, unlessFirst(l.unwaive(ctx, c)))
	}
	return errors.Join(errs...)
}

func (l *Life) unwaive(ctx context.Context, c Certificate) error {
	waivers, err := l.store.Waivers(ctx, c.Submission)
	if err != nil {
		return err
	}
	c.Waivers = slices.Clone(c.Waivers)
	var reason string
	for i := range c.Waivers {
		w := &c.Waivers[i]
		at := slices.IndexFunc(waivers, func(now Waiver) bool { return now.ID == w.ID && now.State == WaiverEnded })
		if at >= 0 && w.State != WaiverEnded {
			*w = waivers[at]
			reason = fmt.Sprintf("the waiver of %s has ended: %s", w.Requirement, w.EndReason)
		}
	}
	switch {
	case reason == "":
		return nil
	case c.State == Active:
		_, err := l.move(ctx, c, Suspended, ByProgramme, audit.System, leafReason(reason))
		return err
	}
	rec, err := c.told(l.now(), audit.System, "certificate.waiver-ended", map[string]string{"reason": reason})
	if err == nil {
		_, err = l.keep(ctx, c.State, c, rec)
	}
	return err
}

// leafReason is the beginning of a text that a leaf has no room for.
func leafReason(s string) string {
	if len(s) <= mostLeafReason {
		return s
	}
	return strings.ToValidUTF8(s[:mostLeafReason-len("…")], "") + "…"
}

func (c Condition) open() bool { return c.MetAt.IsZero() && !c.Missed }

// MeetCondition is a reviewer's word that a condition is met. One that was missed
// can still be met; the suspension is lifted by a decision of its own.
func (l *Life) MeetCondition(ctx context.Context, a Actor, serial string, rev int64, condition, note string) (Certificate, error) {
	c, err := l.store.Certificate(ctx, serial)
	if err == nil {
		err = asReviewer(a, c.Org)
	}
	if err != nil {
		return c, err
	}
	if c.Rev != rev {
		return c, fmt.Errorf("certificate %s is at revision %d, the decision is of revision %d: %w", c.Serial, c.Rev, rev, registry.ErrConflict)
	}
	i := slices.IndexFunc(c.Conditions, func(d Condition) bool { return d.ID == condition })
	switch {
	case i < 0:
		return c, fmt.Errorf("condition %s of certificate %s: %w", condition, c.Serial, registry.ErrNotFound)
	case c.State != Active && c.State != Suspended:
		return c, Refuse(ErrState, "condition-open", "certificate %s is %s: nothing is owed on it any more", c.Serial, c.State)
	case !c.Conditions[i].MetAt.IsZero():
		return c, Refuse(ErrState, "condition-open", "condition %s of certificate %s was met on %s", condition, c.Serial, day(c.Conditions[i].MetAt))
	}
	now := l.now()
	c.Conditions = slices.Clone(c.Conditions)
	c.Conditions[i].MetAt, c.Conditions[i].MetBy = now, a.Account
	rec, err := c.told(now, a.Account, "certificate.condition-met", map[string]string{"condition": condition, "note": note})
	if err != nil {
		return c, err
	}
	return l.keep(ctx, c.State, c, rec)
}

// Reassess looks at the regions of an organisation's certificates (all of them
// where org is empty) and takes away and gives back what its documents say now.
func (l *Life) Reassess(ctx context.Context, org string) error {
	held, err := l.store.CertificatesHeld(ctx, org)
	if err != nil {
		return err
	}
	papers := map[string][]RegulatoryDocument{}
	var errs []error
	for _, c := range held {
		if _, ok := papers[c.Org]; !ok {
			if papers[c.Org], err = l.store.RegulatoryOf(ctx, c.Org, RegulatoryVerified); err != nil {
				return err
			}
		}
		errs = append(errs, unlessFirst(l.reassess(ctx, c, papers[c.Org])))
	}
	return errors.Join(errs...)
}

func (l *Life) reassess(ctx context.Context, c Certificate, papers []RegulatoryDocument) error {
	now := l.now()
	var lost []string
	var events []translog.Event
	var rec Record
	for _, region := range c.Regions {
		stand := StandIn(region, c.Model, c.Hardware, true, papers, now, now)
		had := !slices.Contains(c.LostRegions, region)
		if !stand.Holds {
			lost = append(lost, region)
		}
		if had == stand.Holds {
			continue
		}
		e := translog.Event{Kind: translog.RegionRestored, Serial: c.Serial, At: translog.Instant(now), Region: region}
		if !stand.Holds {
			e.Kind, e.Reason = translog.RegionLost, leafReason(stand.Missing[0])
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil
	}
	c.LostRegions = lost
	for _, e := range events {
		r, err := c.told(now, audit.System, string(e.Kind), map[string]string{"region": e.Region, "reason": e.Reason})
		if err != nil {
			return err
		}
		rec = rec.and(r)
	}
	_, err := l.keep(ctx, c.State, c, rec, events...)
	return err
}

// unlessFirst lets pass that somebody else was first: what is due is looked at
// again at the next tick.
func unlessFirst(err error) error {
	if errors.Is(err, registry.ErrConflict) {
		return nil
	}
	return err
}

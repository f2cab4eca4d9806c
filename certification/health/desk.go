package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// Cell is the count of one product, firmware, rule and day; the rule of the devices
// that were there is empty.
type Cell struct {
	Product, Firmware, Rule string
	Day                     time.Time
	Devices, Events         int64
}

// Store keeps counts and flags. Every method is one transaction.
type Store interface {
	FieldProducts(ctx context.Context, since time.Time) ([]string, error) // that have violations since then
	FieldCells(ctx context.Context, product string, since time.Time) ([]Cell, error)
	// Offenders are devices that broke the rule on that day or later, the last ones
	// first, by their dids; the empty rule: that were there.
	Offenders(ctx context.Context, c Cell, limit int) ([]Evidence, error)
	CountOffenders(ctx context.Context, c Cell) (int64, error)
	// Alias names a device to its maker: the same name for good, and nothing that the did could be told from.
	Alias(ctx context.Context, did string) (string, error)
	// Consent says since when its present owner lets the maker see which device it is; registry.ErrNotFound: he does not.
	Consent(ctx context.Context, did string) (time.Time, error)
	GiveConsent(ctx context.Context, did, account string, at time.Time) error // registry.ErrNotFound: it is not theirs
	TakeConsent(ctx context.Context, did string) error
	ForgetField(ctx context.Context, before time.Time) error

	RaiseFlag(ctx context.Context, f Flag, rec certification.Record) error // registry.ErrExists: one is open
	SaveFlag(ctx context.Context, was State, f Flag, rec certification.Record) error
	Flag(ctx context.Context, id string) (Flag, error)
	FlagsOf(ctx context.Context, product string, limit int) ([]Flag, error) // the newest first
	Flags(ctx context.Context, state State, after string, limit int) ([]Flag, error)

	Product(ctx context.Context, id string) (registry.Product, error)
	CertificatesOf(ctx context.Context, model string) ([]certification.Certificate, error) // in the order of their serials
	Certificate(ctx context.Context, serial string) (certification.Certificate, error)
}

// Window is how far back days count, and Kept how long they are kept.
const (
	Window = 30 * 24 * time.Hour
	Kept   = 90 * 24 * time.Hour
)

// evidences is how many devices a flag shows.
const evidences = 20

// Desk judges the fleets and keeps the flags.
type Desk struct {
	store Store
	life  *certification.Life
	now   func() time.Time
	log   *slog.Logger
}

// NewDesk makes one; a nil clock is time.Now, a nil log discards.
func NewDesk(store Store, life *certification.Life, now func() time.Time, log *slog.Logger) *Desk {
	if now == nil {
		now = time.Now
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Desk{store, life, now, log}
}

// Evaluate looks at every product whose devices were there today or yesterday, and
// raises the flags that are due. Two that run at once raise one flag.
func (d *Desk) Evaluate(ctx context.Context) error {
	products, err := d.store.FieldProducts(ctx, dayOf(d.now()).AddDate(0, 0, -1))
	if err != nil {
		return fmt.Errorf("field health: %w", err)
	}
	var errs []error
	for _, product := range products {
		if err := d.evaluate(ctx, product); err != nil {
			errs = append(errs, fmt.Errorf("field health of %s: %w", product, err))
		}
	}
	return errors.Join(errs...)
}

func (d *Desk) evaluate(ctx context.Context, product string) error {
	view, err := d.look(ctx, product)
	if err != nil {
		return err
	}
	for _, s := range view.Standings {
		c := carrier(view.certificates, s)
		if c == nil || !s.Past() {
			continue
		}
		if err := d.raise(ctx, view, *c, s); err != nil && !errors.Is(err, registry.ErrExists) {
			return err
		}
	}
	return nil
}

// carrier is the certificate that a standing speaks against: the newest active one
// that names the firmware, or, of a firmware that none names, the newest active one.
func carrier(certificates []certification.Certificate, s Standing) *certification.Certificate {
	for _, c := range slices.Backward(certificates) {
		if c.State == certification.Active && (s.Rule == Foreign || names(c, s.Firmware)) {
			return &c
		}
	}
	return nil
}

// raise makes the flag, unless too few devices show it.
func (d *Desk) raise(ctx context.Context, v View, c certification.Certificate, s Standing) error {
	cell := Cell{Product: v.Product.ID, Firmware: s.Firmware, Rule: s.Rule, Day: s.Run.Since}
	if s.Rule == Foreign {
		cell.Rule = ""
	}
	n, err := d.store.CountOffenders(ctx, cell)
	if err != nil || n < LeastDevices {
		return err
	}
	shown, err := d.store.Offenders(ctx, cell, evidences)
	if err != nil {
		return err
	}
	f := Flag{
		ID: id.New("flg"), Product: v.Product.ID, Model: v.Product.Model, Firmware: s.Firmware, Rule: s.Rule, Serial: c.Serial, Org: c.Org,
		At: d.now(), Standing: s, State: Open, Evidence: shown,
	}
	rec, err := f.told(f.At, audit.System, "health.flagged", s)
	if err != nil {
		return err
	}
	if err := d.store.RaiseFlag(ctx, f, rec); err != nil {
		return err
	}
	d.log.Warn("field health flagged", "flag", f.ID, "model", f.Model, "firmware", f.Firmware, "rule", f.Rule, "score", s.Run.Score, "devices", n)
	return nil
}

// told is what is recorded with a change of a flag.
func (f *Flag) told(at time.Time, who, kind string, detail any) (certification.Record, error) {
	entry, err := audit.New(at, who, kind, f.ID, f.Org, detail)
	if err != nil {
		return certification.Record{}, err
	}
	n, err := notice.New(at, kind, f.ID, f.Org, f.Public())
	return certification.Record{Entries: []audit.Entry{entry}, Notices: []notice.Notice{n}}, err
}

// Dismiss says that a flag is no drift, and why. Until then no new one of its
// firmware and rule is raised: at least to the end of the day, at most 30 days.
func (d *Desk) Dismiss(ctx context.Context, a certification.Actor, flag string, rev int64, reason string, until time.Time) (Flag, error) {
	f, err := d.open(ctx, a, flag, rev, reason)
	if err != nil {
		return f, err
	}
	now := d.now()
	if end := dayOf(now).AddDate(0, 0, 1); until.Before(end) {
		until = end
	}
	if until.After(now.Add(mostQuiet)) {
		return f, certification.Refuse(certification.ErrInvalid, refusals.quiet, "flag %s would be quiet until %s: want at most %d days", f.ID, until.UTC().Format(time.RFC3339), int(mostQuiet.Hours()/24))
	}
	f.QuietUntil = until
	return d.decide(ctx, a, f, Dismissed, "health.dismissed", reason, now)
}

// Uphold says that the firmware has drifted: its certificate is suspended with that
// reason, which is public. Where a crash came between the suspension and the flag,
// or somebody suspended the certificate before, only the flag is decided.
func (d *Desk) Uphold(ctx context.Context, a certification.Actor, flag string, rev int64, reason string) (Flag, error) {
	f, err := d.open(ctx, a, flag, rev, reason)
	if err != nil {
		return f, err
	}
	c, err := d.store.Certificate(ctx, f.Serial)
	if err != nil {
		return f, err
	}
	if c.State == certification.Active {
		why := fmt.Sprintf("Field health %s: firmware %s broke the rule %s on %d of %d device-days. %s", f.ID, f.Firmware, f.Rule, f.Standing.Run.Violating, f.Standing.Run.DeviceDays, reason)
		if _, err := d.life.Suspend(ctx, a, c.Serial, c.Rev, why); err != nil {
			return f, err
		}
	}
	return d.decide(ctx, a, f, Upheld, "health.upheld", reason, d.now())
}

// open reads a flag for a person who decides about it.
func (d *Desk) open(ctx context.Context, a certification.Actor, flag string, rev int64, reason string) (Flag, error) {
	f, err := d.store.Flag(ctx, flag)
	if err != nil {
		return f, err
	}
	if f.Rev != rev {
		return f, fmt.Errorf("flag %s is at revision %d, the decision is of revision %d: %w", f.ID, f.Rev, rev, registry.ErrConflict)
	}
	if err := f.mayDecide(a); err != nil {
		return f, err
	}
	return f, f.checkText("reason", reason)
}

func (f *Flag) checkText(what, text string) error {
	if n := utf8.RuneCountInString(strings.TrimSpace(text)); n < leastReason || len(text) > mostReason || !utf8.ValidString(text) {
		return certification.Refuse(certification.ErrInvalid, refusals.reason, "the %s for flag %s has %d characters in %d bytes: want at least %d, in %d bytes at most", what, f.ID, n, len(text), leastReason, mostReason)
	}
	return nil
}

// Ask puts a question to the maker; the flag stays open, and what it stops stays
// stopped.
func (d *Desk) Ask(ctx context.Context, a certification.Actor, flag string, rev int64, question string) (Flag, error) {
	f, err := d.open(ctx, a, flag, rev, question)
	if err != nil {
		return f, err
	}
	return d.remark(ctx, f, Remark{By: a.Account, At: d.now(), Text: question}, "health.asked")
}

// Answer is the maker's word about an open flag, asked or not.
func (d *Desk) Answer(ctx context.Context, a certification.Actor, flag string, rev int64, text string) (Flag, error) {
	f, err := d.store.Flag(ctx, flag)
	switch {
	case err != nil:
		return f, err
	case !a.Of(f.Org):
		return Flag{}, fmt.Errorf("flag %s of account %s: %w", flag, a.Account, registry.ErrNotFound)
	case f.Rev != rev:
		return f.Public(), fmt.Errorf("flag %s is at revision %d, the answer is to revision %d: %w", f.ID, f.Rev, rev, registry.ErrConflict)
	case f.State != Open:
		return f.Public(), certification.Refuse(certification.ErrState, refusals.open, "flag %s is %s since %s: it was decided already", f.ID, f.State, f.DecidedAt.UTC().Format(time.RFC3339))
	}
	if err := f.checkText("answer", text); err != nil {
		return f.Public(), err
	}
	f, err = d.remark(ctx, f, Remark{By: a.Account, Maker: true, At: d.now(), Text: text}, "health.answered")
	return f.Public(), err
}

func (d *Desk) remark(ctx context.Context, f Flag, r Remark, kind string) (Flag, error) {
	if len(f.Talk) >= mostTalk {
		return f, certification.Refuse(certification.ErrState, refusals.talk, "flag %s has %d remarks: it has to be decided", f.ID, len(f.Talk))
	}
	f.Talk = append(f.Talk, r)
	rec, err := f.told(r.At, r.By, kind, map[string]string{"text": r.Text})
	if err != nil {
		return f, err
	}
	if err := d.store.SaveFlag(ctx, f.State, f, rec); err != nil {
		return f, err
	}
	f.Rev++
	return f, nil
}

func (d *Desk) decide(ctx context.Context, a certification.Actor, f Flag, to State, kind, reason string, now time.Time) (Flag, error) {
	was := f.State
	f.State, f.DecidedBy, f.DecidedAt, f.Reason = to, a.Account, now, reason
	rec, err := f.told(now, a.Account, kind, map[string]string{"reason": reason})
	if err != nil {
		return f, err
	}
	if err := d.store.SaveFlag(ctx, was, f, rec); err != nil {
		return f, err
	}
	f.Rev++
	return f, nil
}

// Flag shows one: to a reviewer with its evidence.
func (d *Desk) Flag(ctx context.Context, a certification.Actor, flag string) (Flag, error) {
	f, err := d.store.Flag(ctx, flag)
	switch {
	case err != nil:
		return f, err
	case a.Of(f.Org):
		return f.Public(), nil
	case a.Reviewer || a.Operator:
		return f, nil
	}
	return Flag{}, fmt.Errorf("flag %s: %w", flag, registry.ErrNotFound)
}

// Queue is the reviewers' drift queue: flags in a state, the oldest first, without
// their evidence.
func (d *Desk) Queue(ctx context.Context, state State, after string, limit int) ([]Flag, error) {
	found, err := d.store.Flags(ctx, state, after, limit)
	for i := range found {
		found[i].Evidence = nil
	}
	return found, err
}

// Drifted says whether a flag is open against a firmware: what rollouts ask.
func (d *Desk) Drifted(ctx context.Context, product, firmware string) (bool, error) {
	flags, err := d.store.FlagsOf(ctx, product, 0)
	return slices.ContainsFunc(flags, func(f Flag) bool {
		return f.State == Open && f.Firmware == firmware
	}), err
}

// Forget removes counts older than Kept.
func (d *Desk) Forget(ctx context.Context, now time.Time) error {
	return d.store.ForgetField(ctx, dayOf(now.Add(-Kept)))
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

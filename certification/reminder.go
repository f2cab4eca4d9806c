package certification

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
)

// How many days before a date its holder is reminded of it, each once.
var (
	conditionReminders  = []int{30, 7, 1}
	regulatoryReminders = []int{60, 30, 7}
)

// remindAt says whether a reminder is due: that of the fewest days that there still
// are before the date, unless it or a later one was given.
func remindAt(reminders []int, last int, date, now time.Time) (days int, due bool) {
	if date.IsZero() || !date.After(now) {
		return 0, false
	}
	for _, d := range reminders {
		if !date.After(now.AddDate(0, 0, d)) {
			days = d
		}
	}
	return days, days > 0 && (last == 0 || days < last)
}

// remind tells holders of conditions that are due soon. What was told is part of
// the certificate, so that two processes tell it once.
func (l *Life) remind(ctx context.Context) error {
	now := l.now()
	owing, err := l.store.CertificatesOwing(ctx, now.AddDate(0, 0, slices.Max(conditionReminders)))
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range owing {
		errs = append(errs, unlessFirst(l.remindOf(ctx, c, now)))
	}
	return errors.Join(errs...)
}

func (l *Life) remindOf(ctx context.Context, c Certificate, now time.Time) error {
	c.Conditions = slices.Clone(c.Conditions)
	var rec Record
	for i := range c.Conditions {
		d := &c.Conditions[i]
		days, due := remindAt(conditionReminders, d.Reminded, d.Due, now)
		if !due || !d.open() {
			continue
		}
		d.Reminded = days
		r, err := c.told(now, audit.System, "certificate.condition-due", map[string]any{"condition": d.ID, "due": d.Due, "days": days})
		if err != nil {
			return err
		}
		rec = rec.and(r)
	}
	if len(rec.Notices) == 0 {
		return nil
	}
	_, err := l.keep(ctx, c.State, c, rec)
	return err
}

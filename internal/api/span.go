package api

import "time"

// Span is the time that is asked about.
type Span struct {
	From time.Time `query:"from" doc:"RFC 3339; inclusive."`
	To   time.Time `query:"to" doc:"RFC 3339; exclusive. Now when absent."`
}

// bounds fills in what was left out: to is now, from lies width before to.
func (s Span) bounds(now time.Time, width time.Duration) (from, to time.Time) {
	from, to = s.From, s.To
	if to.IsZero() {
		to = now
	}
	if from.IsZero() {
		from = to.Add(-width)
	}
	return from, to
}

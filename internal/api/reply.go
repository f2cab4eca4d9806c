package api

import "time"

// reply is an answer that is only a body.
type reply[T any] struct{ Body T }

func answer[T any](v T, err error) (*reply[T], error) {
	if err != nil {
		return nil, err
	}
	return &reply[T]{v}, nil
}

// nothing is the answer of what leaves nothing to say: 204.
type nothing struct{}

// Page is the part of a list that is wanted.
type Page struct {
	After string `query:"after" maxLength:"100" doc:"The next of the page before; empty for the first."`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// cut makes at most limit rows of what was found, and names the last one when
// there are more.
func cut[In, Out any](found []In, limit int, row func(In) Out, key func(Out) string) (rows []Out, next string) {
	more := len(found) > limit
	if more {
		found = found[:limit]
	}
	rows = make([]Out, len(found)) // never nil: JSON has [] for an empty list
	for i, f := range found {
		rows[i] = row(f)
	}
	if more {
		next = key(rows[limit-1])
	}
	return rows, next
}

func each[In, Out any](found []In, row func(In) Out) []Out {
	rows, _ := cut(found, len(found), row, nil)
	return rows
}

// instant is a time as the interface shows it: UTC, to the millisecond.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// someday is an instant that may not have come.
func someday(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = instant(t)
	return &t
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

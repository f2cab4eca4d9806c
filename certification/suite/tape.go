package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// tape is where a case sees the run: live, while it grows, or as it was stored.
// A case learns nothing in any other way, so that a verdict depends on the
// transcript alone.
type tape interface {
	// next returns the next record up to the time given, or nil when none came.
	next(until time.Duration) (*transcript.Record, error)
	// do lets the bench act and hands over every record up to the one of the
	// action, which is the last.
	do(name string, data json.RawMessage) ([]*transcript.Record, error)
}

// errDiverged says that a stored transcript does not hold what this release of a
// case asks for: the run has to be done again.
var errDiverged = errors.New("the transcript holds another course of this case")

// errEnded says that the records of the case end before what is waited for.
var errEnded = errors.New("the transcript ends within this case")

// actor does what a case tells it; the bench is one.
type actor interface {
	// Act performs the action of a "do" record. What comes of it is appended to
	// the transcript by the bench; an error is one of the bench itself.
	Act(ctx context.Context, name string, data json.RawMessage) error
}

// liveTape follows a transcript while it is written.
type liveTape struct {
	ctx    context.Context
	w      *transcript.Writer
	actor  actor
	cursor int
	name   string // of the case
}

func (l *liveTape) next(until time.Duration) (*transcript.Record, error) {
	for {
		r, grown := l.w.At(l.cursor)
		if r != nil && r.Kind == transcript.KindTimeout {
			// Of a wait that a record ended which came at the last moment. A stored
			// tape reads it in the same way.
			l.cursor++
			if r.Until == until {
				return nil, nil
			}
			continue
		}
		if r != nil {
			if r.At > until {
				return nil, nil
			}
			l.cursor++
			return r, nil
		}
		wait := until - l.w.Now()
		if wait <= 0 {
			return l.timeout(until)
		}
		t := time.NewTimer(wait)
		select {
		case <-grown:
			t.Stop()
		case <-t.C:
		case <-l.ctx.Done():
			t.Stop()
			return nil, context.Cause(l.ctx)
		}
	}
}

// timeout writes that nothing came. A record that was appended meanwhile stands
// before the timeout and is returned in its place if it is not too late.
func (l *liveTape) timeout(until time.Duration) (*transcript.Record, error) {
	l.w.Append(transcript.Record{Kind: transcript.KindTimeout, Case: l.name, Until: until})
	r, _ := l.w.At(l.cursor)
	if r.Kind == transcript.KindTimeout && r.Until == until {
		l.cursor++
		return nil, nil
	}
	if r.At > until {
		return nil, nil
	}
	l.cursor++
	return r, nil
}

func (l *liveTape) do(name string, data json.RawMessage) ([]*transcript.Record, error) {
	r := l.w.Append(transcript.Record{Kind: transcript.KindDo, Case: l.name, Name: name, Data: data})
	err := l.actor.Act(l.ctx, name, data)
	var passed []*transcript.Record
	for ; l.cursor <= r.Seq; l.cursor++ {
		p, _ := l.w.At(l.cursor)
		passed = append(passed, p)
	}
	if err != nil {
		return passed, fmt.Errorf("bench: %s: %w", name, err)
	}
	return passed, nil
}

// storedTape reads one case out of a stored transcript.
type storedTape struct {
	records []*transcript.Record // from after the begin record to the end of the transcript
	cursor  int
	name    string
}

// over says whether the case's own records are used up.
func (s *storedTape) over() bool {
	if s.cursor >= len(s.records) {
		return true
	}
	r := s.records[s.cursor]
	return r.Kind == transcript.KindEnd || r.Kind == transcript.KindBegin || r.Kind == transcript.KindFinish
}

func (s *storedTape) next(until time.Duration) (*transcript.Record, error) {
	for ; !s.over(); s.cursor++ {
		r := s.records[s.cursor]
		switch {
		case r.Kind == transcript.KindTimeout && r.Until == until:
			s.cursor++
			return nil, nil
		case r.Kind == transcript.KindTimeout:
			continue // of a wait that this release does not make
		case r.At > until:
			return nil, nil
		case r.Kind == transcript.KindDo:
			// The case acted here; this release waits on. Nothing after it answers.
			return nil, errDiverged
		}
		s.cursor++
		return r, nil
	}
	return nil, errEnded
}

func (s *storedTape) do(name string, data json.RawMessage) ([]*transcript.Record, error) {
	var passed []*transcript.Record
	for ; !s.over(); s.cursor++ {
		r := s.records[s.cursor]
		passed = append(passed, r)
		if r.Kind != transcript.KindDo {
			continue
		}
		s.cursor++
		if r.Name != name || !bytes.Equal(r.Data, data) {
			return passed, fmt.Errorf("%w: it did %s, the case now wants %s", errDiverged, r.Name, name)
		}
		return passed, nil
	}
	return passed, errEnded
}

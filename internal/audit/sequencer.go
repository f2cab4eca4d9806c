package audit

import (
	"context"
	"errors"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

// Store is where entries and their chain are kept.
type Store interface {
	// Head is how far the chain reaches.
	Head(ctx context.Context) (Head, error)
	// Unchained returns committed entries that are not in the chain yet, by id,
	// from this id on.
	Unchained(ctx context.Context, floor string, limit int) ([]Entry, error)
	// Append adds to the chain, all or nothing; ErrBehind if somebody else did
	// so since Head.
	Append(ctx context.Context, links []Chained) error
	// Chain returns entries of the chain in order, after the given number.
	Chain(ctx context.Context, after int64, limit int) ([]Chained, error)
}

// ErrBehind says that another process added to the chain first.
var ErrBehind = errors.New("the chain has grown meanwhile")

const (
	// lateness bounds how long after its making an entry may be committed and
	// still be found by the quick look. A transaction takes milliseconds; the
	// rest is for clocks that differ.
	lateness = time.Hour
	// thorough is how often all entries are looked through, whatever their age.
	thorough = 24 * time.Hour

	page = 500
)

// Sequencer chains committed entries. Any number of processes may run one: an
// entry gets one place, and a chain has one next place.
type Sequencer struct {
	store Store

	looked time.Time // when everything up to then was last looked through
	floor  time.Time // before this nothing is left, but for what was very late
}

// NewSequencer makes a sequencer.
func NewSequencer(s Store) *Sequencer { return &Sequencer{store: s} }

// Run chains what was committed and is not in the chain. It must not run twice
// at a time in one process; its job's lease sees to that.
func (s *Sequencer) Run(ctx context.Context, now time.Time) error {
	floor := ""
	all := now.Sub(s.looked) >= thorough
	if !all {
		floor = id.Floor("aud", s.floor.Add(-lateness))
	}
	for {
		head, err := s.store.Head(ctx)
		if err != nil {
			return err
		}
		entries, err := s.store.Unchained(ctx, floor, page)
		if err != nil {
			return err
		}
		links := make([]Chained, len(entries))
		for i, e := range entries {
			head = Link(head, e)
			links[i] = Chained{Entry: e, Head: head}
		}
		if err := s.store.Append(ctx, links); errors.Is(err, ErrBehind) {
			continue // what the other one took is no longer unchained
		} else if err != nil {
			return err
		}
		if len(entries) < page {
			break
		}
	}
	s.floor = now
	if all {
		s.looked = now
	}
	return nil
}

// Report is what Check found.
type Report struct {
	Head    Head // as far as the chain is good
	Waiting int  // committed entries that have no place yet; at most a page of them is counted
}

// Check reads the whole chain; ErrBroken says where it is not what it was. That
// its end was not cut off shows only by comparing with a head that was noted
// elsewhere.
func Check(ctx context.Context, s Store) (Report, error) {
	var r Report
	for {
		links, err := s.Chain(ctx, r.Head.Seq, page)
		if err != nil {
			return r, err
		}
		for _, l := range links {
			if r.Head, err = Verify(r.Head, l); err != nil {
				return r, err
			}
		}
		if len(links) < page {
			break
		}
	}
	waiting, err := s.Unchained(ctx, "", page)
	r.Waiting = len(waiting)
	return r, err
}

// Query says which entries are wanted; an empty member means any.
type Query struct {
	Subject, Actor, Org string
	After               string // the id of the last entry that was seen
	Limit               int
}

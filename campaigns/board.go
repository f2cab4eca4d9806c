package campaigns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
)

// BoardOptions say what a Board works with. Store and Encode are needed.
type BoardOptions struct {
	Store interface {
		Campaign(ctx context.Context, id string) (Campaign, error)
		Counter(ctx context.Context, campaign string) (Counter, error)
	}
	// Encode is a progress as it is sent, at that moment.
	Encode func(p Progress, at time.Time) []byte
	// Refunds is how far the refunds of a campaign are; not known when nil.
	Refunds func(ctx context.Context, campaign string) (Refunded, error)
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // discards when nil
}

// Board shows how far the public campaigns are, from memory. It hears of every
// commit of this process and, over the bus, of the others; where it did not, what
// it shows is read again after boardFresh.
type Board struct {
	o      BoardOptions
	places sync.Map // campaign → *place
	count  atomic.Int64
}

const (
	// boardFresh is how long a campaign is shown without a look at the store.
	boardFresh = 2 * time.Second
	// bodyFresh is how long the time in a body may be old.
	bodyFresh = time.Second
	// BoardPause is between two frames of a campaign.
	BoardPause = 500 * time.Millisecond
	// boardMost bounds the memory of a board.
	boardMost  = 10_000
	boardReads = 5 * time.Second
)

// place is one campaign on a board.
type place struct {
	campaign string
	body     atomic.Pointer[Body]
	frame    atomic.Pointer[Frame]
	serial   atomic.Int64 // counts what was learnt
	reading  atomic.Bool
	read     atomic.Int64 // when the store was last asked, in Unix nanoseconds

	mu       sync.Mutex
	loaded   bool
	progress Progress
	framed   time.Time // when the last frame was made
	timer    *time.Timer
}

// Body is a progress as it is sent. Its bytes are shared: they are not changed.
type Body struct {
	Progress Progress
	At       time.Time
	Bytes    []byte
	Tag      []string // one entity tag, weak, as a header has it: the same for all that say the same, whenever
	serial   int64
}

// Frame is one event for those who watch.
type Frame struct {
	Bytes []byte        // shared, as those of Body
	Next  chan struct{} // closed when there is a newer one: Frame gives the newest
}

// NewBoard makes one.
func NewBoard(o BoardOptions) *Board {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Board{o: o}
}

// Listen feeds the board from a bus.
func (b *Board) Listen(from bus.Bus) error {
	_, err := from.Subscribe("campaign.*.counted", func(m bus.Message) {
		var n Counted
		if err := json.Unmarshal(m.Data, &n); err == nil {
			b.counted(n)
		}
	})
	if err != nil {
		return err
	}
	_, err = from.Subscribe(notice.Topic("campaign.>"), func(m bus.Message) {
		var n notice.Notice
		if err := json.Unmarshal(m.Data, &n); err == nil {
			b.changed(n.Subject)
		}
	})
	return err
}

// counted takes over a counter after a commit.
func (b *Board) counted(n Counted) {
	v, ok := b.places.Load(n.Campaign)
	if !ok {
		return
	}
	p := v.(*place)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded && n.Changes > p.progress.Changes {
		p.progress.count(n)
		b.learnt(p)
	}
}

// changed reads a campaign again, because its state is another.
func (b *Board) changed(campaign string) {
	v, ok := b.places.Load(campaign)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), boardReads)
	defer cancel()
	if err := b.load(ctx, v.(*place)); err != nil {
		b.o.Log.Warn("progress not read", "campaign", campaign, "err", err)
	}
}

// learnt makes a frame of what is new, at once or as soon as the pause is over.
// The place is locked.
func (b *Board) learnt(p *place) {
	p.serial.Add(1)
	if p.timer != nil {
		return
	}
	if wait := BoardPause - b.o.Now().Sub(p.framed); wait > 0 && !p.framed.IsZero() {
		p.timer = time.AfterFunc(min(wait, BoardPause), func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.timer = nil
			b.show(p)
		})
		return
	}
	b.show(p)
}

// show makes the next frame, encoded once for all who watch.
func (b *Board) show(p *place) {
	p.framed = b.o.Now()
	next := &Frame{Bytes: b.o.Encode(p.progress, p.framed), Next: make(chan struct{})}
	if last := p.frame.Swap(next); last != nil {
		close(last.Next)
	}
}

// load reads a place from the store. A campaign that is not public has none.
func (b *Board) load(ctx context.Context, p *place) error {
	p.read.Store(b.o.Now().UnixNano())
	c, err := b.o.Store.Campaign(ctx, p.campaign)
	if err == nil && !c.Public() {
		err = fmt.Errorf("campaign %s: %w", p.campaign, registry.ErrNotFound)
	}
	if err != nil {
		return err
	}
	n, err := b.o.Store.Counter(ctx, p.campaign)
	if err != nil {
		return err
	}
	fresh := ProgressOf(&c, &n)
	if b.o.Refunds != nil && (c.State == CampaignFailed || c.State == CampaignCancelled) {
		r, err := b.o.Refunds(ctx, p.campaign)
		if err != nil {
			return err
		}
		fresh.Refunds = &r
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if newer := p.progress; p.loaded && fresh.Changes < newer.Changes { // an event told of a later commit
		fresh.Paid, fresh.Reserved, fresh.Left = newer.Paid, newer.Reserved, newer.Left
		fresh.Backers, fresh.Waiting, fresh.Changes = newer.Backers, newer.Waiting, newer.Changes
	}
	if !p.loaded || !same(&p.progress, &fresh) {
		p.progress, p.loaded = fresh, true
		b.learnt(p)
	}
	return nil
}

// same says whether two progresses say the same.
func same(a, b *Progress) bool {
	x, y := *a, *b
	x.Refunds, y.Refunds = nil, nil
	if x != y || (a.Refunds == nil) != (b.Refunds == nil) {
		return false
	}
	return a.Refunds == nil || *a.Refunds == *b.Refunds
}

// find gives the place of a campaign, which is read where it is not known yet.
func (b *Board) find(ctx context.Context, campaign string) (*place, error) {
	if v, ok := b.places.Load(campaign); ok {
		p := v.(*place)
		b.refresh(p)
		return p, nil
	}
	p := &place{campaign: campaign}
	if err := b.load(ctx, p); err != nil {
		return nil, err
	}
	if b.count.Add(1) > boardMost { // those who watch keep theirs; the rest is read again
		b.count.Store(1)
		b.places.Clear()
	}
	v, _ := b.places.LoadOrStore(campaign, p)
	// What was committed between the reading and the storing was not heard of.
	p = v.(*place)
	return p, b.load(ctx, p)
}

// refresh asks the store again where that is due; nobody waits for it.
func (b *Board) refresh(p *place) {
	if b.o.Now().UnixNano()-p.read.Load() < int64(boardFresh) || !p.reading.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer p.reading.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), boardReads)
		defer cancel()
		if err := b.load(ctx, p); err != nil {
			b.o.Log.Warn("progress not read", "campaign", p.campaign, "err", err)
		}
	}()
}

// Body gives the progress of a public campaign; registry.ErrNotFound if there is none.
func (b *Board) Body(ctx context.Context, campaign string) (*Body, error) {
	p, err := b.find(ctx, campaign)
	if err != nil {
		return nil, err
	}
	now := b.o.Now()
	if body := p.body.Load(); body != nil && body.serial == p.serial.Load() && now.Sub(body.At) < bodyFresh {
		return body, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	body := &Body{Progress: p.progress, At: now, Bytes: b.o.Encode(p.progress, now), serial: p.serial.Load()}
	if last := p.body.Load(); last != nil && last.serial == body.serial {
		body.Tag = last.Tag
	} else {
		said := sha256.Sum256(b.o.Encode(p.progress, time.Time{}))
		body.Tag = []string{`W/"` + hex.EncodeToString(said[:12]) + `"`}
	}
	p.body.Store(body)
	return body, nil
}

// Frame gives the newest frame of a public campaign.
func (b *Board) Frame(ctx context.Context, campaign string) (*Frame, error) {
	p, err := b.find(ctx, campaign)
	if err != nil {
		return nil, err
	}
	return p.frame.Load(), nil
}

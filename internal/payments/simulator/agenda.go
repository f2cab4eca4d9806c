package simulator

import (
	"container/heap"
	"context"
	"time"
)

// agenda is when to look at which order again; the earliest first. An entry that
// is no longer needed does no harm.
type agenda []appointment

type appointment struct {
	at    time.Time
	order *order
}

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = appointment{} // let go of the order
	*a = (*a)[:last]
	return x
}

// plan notes when the order's next step is due. p.mu is held.
func (p *PSP) plan(o *order) {
	at, _ := o.due()
	if at.IsZero() || at.Equal(o.planned) {
		return
	}
	o.planned = at
	heap.Push(&p.agenda, appointment{at, o})
	if p.agenda[0].at.Equal(at) {
		signal(p.planned)
	}
}

// catchUp does everything that is due by now. p.mu is held.
func (p *PSP) catchUp() {
	for now := p.now(); len(p.agenda) > 0 && !p.agenda[0].at.After(now); {
		o := heap.Pop(&p.agenda).(appointment).order
		o.planned = time.Time{}
		p.advance(o, now)
	}
}

// follow is the loop that keeps the agenda, until ctx ends.
func (p *PSP) follow(ctx context.Context) {
	for {
		p.mu.Lock()
		p.catchUp()
		wait := time.Hour
		if len(p.agenda) > 0 {
			wait = p.agenda[0].at.Sub(p.now())
		}
		p.mu.Unlock()
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-p.planned:
		case <-ctx.Done():
			t.Stop()
			return
		}
		t.Stop()
	}
}

package registry

import (
	"context"
	"maps"
	"slices"
)

// deliver sends what waits in the store for these devices, wishes first. One
// delivery runs at a time, so that queued commands keep their order; what comes
// due meanwhile is left to the one that runs.
func (l *Live) deliver(ctx context.Context, dids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.due == nil {
		l.due = make(map[string]bool)
	}
	for _, did := range dids {
		l.due[did] = true
	}
	if l.delivering {
		return
	}
	l.delivering = true
	for len(l.due) > 0 && !l.detached && ctx.Err() == nil {
		due := slices.Sorted(maps.Keys(l.due))
		l.due = nil
		l.mu.Unlock()
		l.deliverTo(ctx, due)
		l.mu.Lock()
	}
	l.due, l.delivering = nil, false
}

func (l *Live) deliverTo(ctx context.Context, dids []string) {
	k, err := l.current(ctx)
	if err != nil {
		l.reg.log.Warn("what was kept for the device waits for the next connect", "did", l.did, "err", err)
		return
	}
	for _, did := range dids {
		if did == l.did {
			l.grantWishes(ctx, k)
		} else if sub, ok := k.children[did]; ok {
			l.grantWishes(ctx, sub)
		}
	}
	l.sendQueued(ctx, dids)
}

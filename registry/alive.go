package registry

import (
	"context"
	"time"
)

// What everybody may know of the devices of a product in homes: how many somebody
// claimed who is none of the maker's people, and that were connected within AliveDays.
const (
	AliveDays  = 7
	AliveLeast = 10              // fewer are not told, and more in tens: nobody's coming or going is to be seen
	AliveKept  = 5 * time.Minute // how long a count is believed
	aliveMost  = 10_000          // products that are remembered
)

// Alive is that number at a moment. Devices is zero where there are fewer than
// AliveLeast, and otherwise a multiple of it: there are at least so many.
type Alive struct {
	Devices int64
	At      time.Time
}

// Alive counts the devices of a product that are alive in homes.
func (r *Registry) Alive(ctx context.Context, product string) (Alive, error) {
	now := r.now()
	r.aliveMu.Lock()
	known, ok := r.alive[product]
	r.aliveMu.Unlock()
	if age := now.Sub(known.At); ok && age >= 0 && age < AliveKept {
		return known, nil
	}
	n, err := r.store.CountAlive(ctx, product, now.AddDate(0, 0, -AliveDays))
	if err != nil {
		return Alive{}, err
	}
	a := Alive{n - n%AliveLeast, now}
	r.aliveMu.Lock()
	defer r.aliveMu.Unlock()
	if r.alive == nil || len(r.alive) >= aliveMost {
		r.alive = map[string]Alive{}
	}
	r.alive[product] = a
	return a, nil
}

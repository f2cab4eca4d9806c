package virtual

import (
	"math/rand/v2"
	"time"
)

const (
	backoffBase = 2 * time.Second
	backoffCap  = 120 * time.Second
	// stableAfter is how long a session must have been up to count as a success: a link that breaks every few seconds would
	// otherwise be retried at full speed for ever (SESS-06), one that broke after hours would come back slowly (SESS-07).
	stableAfter = 60 * time.Second
)

// FullJitter is the pause after so many failures in a row: anything between nothing and the doubled base, at most the cap. Of the
// ladders that were simulated for SESS-04 it is the one that spreads a fleet best and passes 99.99 % of the time.
func FullJitter(random *rand.Rand, failures int) time.Duration {
	ceiling := backoffCap
	if failures < 1 {
		failures = 1
	}
	if doubled := backoffBase << (failures - 1); failures < 16 && doubled < ceiling {
		ceiling = doubled
	}
	return time.Duration(random.Int64N(int64(ceiling) + 1))
}

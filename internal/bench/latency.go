package bench

import (
	"math/bits"
	"time"
)

// A Latency histogram has 32 steps per doubling, so that a percentile is right within about 3 %, up to 2^25 µs (33 s).
const (
	stepBits = 5
	steps    = 1 << stepBits
	doubling = 25 - stepBits + 1
)

// Latency counts durations. The zero value is empty; it is not safe for use by two goroutines.
type Latency struct {
	counts [doubling * steps]uint32
	total  int64
	max    time.Duration
}

// Add counts one duration.
func (l *Latency) Add(d time.Duration) {
	l.counts[slot(d)]++
	l.total++
	l.max = max(l.max, d)
}

// Merge adds all of another.
func (l *Latency) Merge(other *Latency) {
	for i, n := range other.counts {
		l.counts[i] += n
	}
	l.total += other.total
	l.max = max(l.max, other.max)
}

// Count is how many durations were added.
func (l *Latency) Count() int64 { return l.total }

// Max is the longest.
func (l *Latency) Max() time.Duration { return l.max }

// Percentile is the duration that p (0…1) of all did not exceed, rounded up to the histogram's step; 0 when empty.
func (l *Latency) Percentile(p float64) time.Duration {
	rank := max(1, int64(p*float64(l.total)+0.5))
	var seen int64
	for i, n := range l.counts {
		if seen += int64(n); seen >= rank && n > 0 {
			return min(upper(i), l.max)
		}
	}
	return l.max
}

// Milliseconds is a duration as a figure, to the microsecond.
func Milliseconds(d time.Duration) float64 { return Round(float64(d)/float64(time.Millisecond), 3) }

// slot: below 32 µs one slot a microsecond, above it 32 slots a doubling.
func slot(d time.Duration) int {
	us := uint64(max(0, d.Microseconds()))
	shift := max(0, bits.Len64(us)-stepBits-1)
	return min(shift*steps+int(us>>shift), doubling*steps-1)
}

func upper(slot int) time.Duration {
	shift := max(0, slot/steps-1)
	return time.Duration((uint64(slot-shift*steps)+1)<<shift) * time.Microsecond
}

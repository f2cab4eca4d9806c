// Package micros is how an instant is stored: Unix microseconds in a BIGINT,
// which both engines order, index and compare alike.
package micros

import "time"

// Time is an instant in microseconds since 1970-01-01 UTC. 0 stands for the zero
// time.Time ("not yet"), so that no instant column needs NULL; the microsecond
// 1970-01-01T00:00:00Z itself cannot be told from it, and nothing here is that old.
type Time int64

// Of is t rounded down to the microsecond.
func Of(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Time is the instant in UTC.
func (t Time) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}
